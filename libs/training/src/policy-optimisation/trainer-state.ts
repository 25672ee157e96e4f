import { InputError } from "@reverie/core";
import type { HostTensor } from "@reverie/tensor";
import { hostTensor } from "@reverie/tensor";
import type { Checkpoint } from "@reverie/tensor/node";
import type { Weights } from "./learner.ts";
import type { PolicySample, ResponseFinish } from "./policy.ts";
import type { Rollout } from "./rollouts.ts";
import type { SampleProbabilities } from "./training-batch.ts";

// How what a policy trainer knows beside its weights goes into a checkpoint and comes out again.

const FINISHES: readonly ResponseFinish[] = ["end", "length", "grammar", "aborted"];
const KIND = "policy-optimisation";
const AHEAD = "ahead/";
const REFERENCE = "reference/";

export interface TrainerState<Prompt> {
  /** Iterations done. */
  readonly iteration: number;
  readonly seed: number;
  readonly reference: Weights | undefined;
  /** Samples of the next iteration, drawn already. */
  readonly ahead: Pick<Rollout<Prompt>, "samples" | "probabilities"> | undefined;
}

/** A learner's checkpoint with the trainer's state added. */
export function withTrainerState<Prompt>(checkpoint: Checkpoint, state: TrainerState<Prompt>): Checkpoint {
  const tensors = new Map(checkpoint.tensors);
  for (const [name, { shape, data }] of state.reference ?? []) {
    tensors.set(REFERENCE + name, { dtype: "float32", shape, data: (data as Float32Array).slice() });
  }
  if (state.ahead !== undefined) {
    const { samples, probabilities } = state.ahead;
    const add = (name: string, tensor: HostTensor): Map<string, HostTensor> => tensors.set(AHEAD + name, tensor);
    add("lengths", hostTensor(Int32Array.from(samples, ({ tokens }) => tokens.length)));
    add("finishes", hostTensor(Uint8Array.from(samples, ({ finish }) => FINISHES.indexOf(finish))));
    add("tokens", hostTensor(Int32Array.from(samples.flatMap(({ tokens }) => [...tokens]))));
    const floats = (name: string, lists: readonly (Float32Array | undefined)[]): void => {
      if (lists.every((list) => list !== undefined)) add(name, hostTensor(Float32Array.from(lists.flatMap((list) => [...list]))));
    };
    floats(
      "sampler",
      samples.map((sample) => sample.samplerLogProbabilities),
    );
    if (probabilities !== undefined) {
      floats(
        "old",
        probabilities.map(({ old }) => old),
      );
      floats(
        "reference",
        probabilities.map(({ reference }) => reference),
      );
    }
  }
  return { ...checkpoint, tensors, extra: { kind: KIND, version: 1, iteration: state.iteration, seed: state.seed } };
}

/** The iteration that a checkpoint was made after, and the seed. @throws InputError when it is not of a policy trainer */
export function trainerStateOf({ extra }: Pick<Checkpoint, "extra">): { readonly iteration: number; readonly seed: number } {
  const fields = (typeof extra === "object" && extra !== null ? extra : {}) as Readonly<Record<string, unknown>>;
  const { kind, version, iteration, seed } = fields;
  if (kind !== KIND || version !== 1) throw new InputError("extra.kind", "the checkpoint is not one of policy optimisation, version 1.");
  if (typeof iteration !== "number" || !Number.isSafeInteger(iteration) || iteration < 0)
    throw new InputError("extra.iteration", "expected a whole number of 0 or more.");
  if (typeof seed !== "number") throw new InputError("extra.seed", "expected a number.");
  return { iteration, seed };
}

/** Weights of the reference in a checkpoint. @throws InputError when one is missing or of another shape */
export function referenceOf({ tensors }: Pick<Checkpoint, "tensors">, present: Weights): Weights {
  return new Map(
    [...present].map(([name, { shape }]) => {
      const found = tensors.get(REFERENCE + name);
      if (!(found?.data instanceof Float32Array) || found.shape.join() !== shape.join())
        throw new InputError(REFERENCE + name, `expected float32 [${shape.join(", ")}] in the checkpoint.`);
      return [name, found];
    }),
  );
}

/** Number of samples drawn ahead in a checkpoint, 0 without any. */
export const samplesAhead = ({ tensors }: Pick<Checkpoint, "tensors">): number => tensors.get(`${AHEAD}lengths`)?.data.length ?? 0;

/**
 * Samples drawn ahead.
 * @param prompts - their prompts, one for each `samplesPerPrompt` samples
 * @throws InputError when the lists do not fit together
 */
export function aheadOf<Prompt>(
  { tensors }: Pick<Checkpoint, "tensors">,
  prompts: readonly Prompt[],
  samplesPerPrompt: number,
): Pick<Rollout<Prompt>, "samples" | "probabilities"> {
  const lengths = [...((tensors.get(`${AHEAD}lengths`)?.data ?? []) as Int32Array)];
  if (lengths.length !== prompts.length * samplesPerPrompt)
    throw new InputError(`${AHEAD}lengths`, `expected ${prompts.length * samplesPerPrompt} samples, got ${lengths.length}.`);
  const total = lengths.reduce((sum, length) => sum + length, 0);
  const list = <T extends Int32Array | Uint8Array | Float32Array>(name: string, like: new () => T, count = total): T => {
    const data = tensors.get(AHEAD + name)?.data;
    if (!(data instanceof like) || data.length !== count)
      throw new InputError(AHEAD + name, `expected ${count} numbers in the checkpoint.`);
    return data;
  };
  const floats = (name: string): Float32Array | undefined => (tensors.has(AHEAD + name) ? list(name, Float32Array) : undefined);
  const [tokens, finishes] = [list("tokens", Int32Array), list("finishes", Uint8Array, lengths.length)];
  const [sampler, old, reference] = [floats("sampler"), floats("old"), floats("reference")];
  let begin = 0;
  const samples: PolicySample<Prompt>[] = [];
  const probabilities: SampleProbabilities[] = [];
  lengths.forEach((length, i) => {
    const end = begin + length;
    const finish = FINISHES[finishes[i]!];
    if (finish === undefined) throw new InputError(`${AHEAD}finishes`, `expected numbers below ${FINISHES.length}.`);
    samples.push({
      prompt: prompts[Math.floor(i / samplesPerPrompt)]!,
      tokens: tokens.slice(begin, end),
      finish,
      ...(sampler === undefined ? {} : { samplerLogProbabilities: sampler.slice(begin, end) }),
    });
    if (old !== undefined) probabilities.push({ old: old.slice(begin, end), reference: reference?.slice(begin, end) });
    begin = end;
  });
  return { samples, probabilities: old === undefined ? undefined : probabilities };
}
