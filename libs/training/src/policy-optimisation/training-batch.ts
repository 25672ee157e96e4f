import type { HostTensor, Inputs } from "@reverie/tensor";
import { hostTensor } from "@reverie/tensor";
import type { Policy, PolicySample } from "./policy.ts";

/** Logarithms of the probabilities of one sample's tokens. */
export interface SampleProbabilities {
  /** Under the policy that drew them, by the training graph. */
  readonly old: Float32Array;
  /** Under the reference. */
  readonly reference?: Float32Array | undefined;
}

/** A sample with all that the loss reads of it. */
export interface TrainingRow<Prompt> extends SampleProbabilities {
  readonly sample: PolicySample<Prompt>;
  /** Of the response, or of each token. */
  readonly advantage: number | readonly number[];
}

/** What the loss reads beside the policy's own inputs. */
export const LOSS_INPUTS = {
  oldLogProbabilities: { dtype: "float32", shape: ["batch", "sequence"] },
  referenceLogProbabilities: { dtype: "float32", shape: ["batch", "sequence"] },
  advantages: { dtype: "float32", shape: ["batch", "sequence"] },
  mask: { dtype: "float32", shape: ["batch", "sequence"] },
  responseCount: { dtype: "float32", shape: [] },
  tokenCount: { dtype: "float32", shape: [] },
} as const satisfies Inputs;

/**
 * Feeds for one update. Rows are added up to a multiple of `microBatches`; those count for nothing.
 * @param rows - one or more
 */
export function trainingFeeds<Prompt>(
  policy: Policy<Prompt>,
  rows: readonly TrainingRow<Prompt>[],
  microBatches: number,
): { readonly feeds: Readonly<Record<string, HostTensor>>; readonly tokens: number } {
  const samples = rows.map(({ sample }) => sample);
  while (samples.length % microBatches !== 0) samples.push(samples[0]!);
  const { feeds, sequence, starts } = policy.feeds(samples);
  const shape = [samples.length, sequence];
  const places = (fill: (row: TrainingRow<Prompt>, into: Float32Array) => void): HostTensor => {
    const data = new Float32Array(samples.length * sequence);
    rows.forEach((row, i) => {
      const begin = i * sequence + starts[i]!;
      fill(row, data.subarray(begin, begin + row.sample.tokens.length));
    });
    return hostTensor(data, shape);
  };
  const tokens = rows.reduce((sum, { sample }) => sum + sample.tokens.length, 0);
  // Each part of the batch is divided by its share, because the parts' losses are averaged.
  const scalar = (value: number): HostTensor => hostTensor(Float32Array.of(value / microBatches), []);
  return {
    tokens,
    feeds: {
      ...feeds,
      oldLogProbabilities: places(({ old }, into) => into.set(old)),
      referenceLogProbabilities: places(({ reference }, into) => reference !== undefined && into.set(reference)),
      advantages: places(({ advantage }, into) => (typeof advantage === "number" ? into.fill(advantage) : into.set(advantage))),
      mask: places((_, into) => into.fill(1)),
      responseCount: scalar(rows.length),
      tokenCount: scalar(tokens),
    },
  };
}

/** Nearly equal parts, in order; fewer than `count` when there are fewer items. */
export function partsOf<T>(items: readonly T[], count: number): T[][] {
  const parts = Math.min(count, items.length);
  return Array.from({ length: parts }, (_, i) =>
    items.slice(Math.floor((i * items.length) / parts), Math.floor(((i + 1) * items.length) / parts)),
  );
}
