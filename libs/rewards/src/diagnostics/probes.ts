import { exact, InputError, Rng } from "@reverie/core";
import { mean, standardDeviation } from "../core/numbers.ts";

export interface ProbeOptions {
  readonly seed?: number;
  /** Share of the rows that the probe learns from; 0.7. */
  readonly trainShare?: number;
  /** Steps of gradient descent over all training rows; 200. */
  readonly steps?: number;
  /** 0.5; the features are standardised. */
  readonly learningRate?: number;
  /** Weight of the squared sizes of the probe; 1e-3. */
  readonly decay?: number;
}

export interface ProbeResult {
  /** Share of held-out rows that the probe gets right, in [0, 1]. */
  readonly accuracy: number;
  /** Share that always naming the most frequent training label gets right. */
  readonly baseline: number;
  /** Held-out rows. */
  readonly tested: number;
}

/**
 * How much of each dimension a set of features knows: one linear classifier per dimension (logistic regression with softmax), scored
 * on held-out rows. Features may be a reward model's hidden state or hand-made.
 *
 * Probing preference representations (MRMBench, 2025), https://arxiv.org/abs/2511.12464. Full-batch descent, standardising and the
 * seeded split are our choice.
 *
 * @param features - `[rows, features]`, finite
 * @param labels - per dimension one class per row: integers from 0 to 99
 * @throws InputError when rows differ in length, there are fewer than 4, or a label is no class
 */
export function probeDimensions(
  features: readonly (readonly number[])[],
  labels: Readonly<Record<string, readonly number[]>>,
  { seed = 0, trainShare = 0.7, steps = 200, learningRate = 0.5, decay = 1e-3 }: ProbeOptions = {},
): Record<string, ProbeResult> {
  const width = features[0]?.length ?? 0;
  if (features.length < 4) throw new InputError("features", `expected at least 4 rows, got ${features.length}.`);
  features.forEach((row, i) => {
    if (row.length !== width || !row.every((value) => Math.abs(value) <= 1e100)) {
      throw new InputError(`features[${i}]`, `expected ${width} numbers of at most 1e100 in size.`);
    }
  });
  if (!(trainShare > 0 && trainShare < 1)) throw new InputError("trainShare", `expected a number between 0 and 1, got ${trainShare}.`);
  const order = new Rng(seed).shuffle(features.map((_, i) => i));
  const cut = Math.min(features.length - 1, Math.max(1, Math.round(trainShare * features.length)));
  const [train, test] = [order.slice(0, cut), order.slice(cut)];
  const columns = Array.from({ length: width }, (_, j) => {
    const column = train.map((i) => features[i]![j]!);
    return { centre: mean(column), spread: standardDeviation(column) || 1 };
  });
  const rows = features.map((row) => row.map((value, j) => (value - columns[j]!.centre) / columns[j]!.spread));
  const probe = ([name, classes]: readonly [string, readonly number[]]): readonly [string, ProbeResult] => {
    if (classes.length !== features.length || !classes.every((c) => Number.isInteger(c) && c >= 0 && c <= 99)) {
      throw new InputError(`labels.${name}`, `expected ${features.length} integers from 0 to 99.`);
    }
    const weights = fit(
      train.map((i) => rows[i]!),
      train.map((i) => classes[i]!),
      { steps, learningRate, decay },
    );
    const counts = weights.map((_, c) => train.filter((i) => classes[i] === c).length);
    const common = counts.indexOf(Math.max(...counts));
    const result = {
      accuracy: mean(test.map((i) => (largestOf(logits(weights, rows[i]!)) === classes[i] ? 1 : 0))),
      baseline: mean(test.map((i) => (classes[i] === common ? 1 : 0))),
      tested: test.length,
    };
    return [name, result];
  };
  return Object.fromEntries(Object.entries(labels).map(probe));
}

const largestOf = (values: readonly number[]): number => values.indexOf(Math.max(...values));

/** Per class the weights times the row, with the bias last. */
const logits = (weights: readonly (readonly number[])[], row: readonly number[]): number[] =>
  weights.map((w) => row.reduce((sum, value, j) => sum + value * w[j]!, w[row.length]!));

/** Softmax regression from zero by gradient descent: `[classes, features + 1]`. */
function fit(
  rows: readonly (readonly number[])[],
  classes: readonly number[],
  { steps, learningRate, decay }: { readonly steps: number; readonly learningRate: number; readonly decay: number },
): number[][] {
  const width = rows[0]!.length;
  const weights = Array.from({ length: classes.reduce((most, c) => Math.max(most, c), 0) + 1 }, () =>
    Array.from({ length: width + 1 }, () => 0),
  );
  for (let step = 0; step < steps; step++) {
    const gradients = weights.map((w) => w.map((value, j) => (j < width ? decay * value : 0)));
    rows.forEach((row, i) => {
      const scores = logits(weights, row);
      const highest = Math.max(...scores);
      const powers = scores.map((score) => exact.exp(Math.max(score - highest, -700)));
      const total = powers.reduce((sum, power) => sum + power, 0);
      powers.forEach((power, c) => {
        const error = (power / total - (classes[i] === c ? 1 : 0)) / rows.length;
        const gradient = gradients[c]!;
        for (let j = 0; j < width; j++) gradient[j]! += error * row[j]!;
        gradient[width]! += error;
      });
    });
    weights.forEach((w, c) => {
      for (let j = 0; j <= width; j++) w[j]! -= learningRate * gradients[c]![j]!;
    });
  }
  return weights;
}
