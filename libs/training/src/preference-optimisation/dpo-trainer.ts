import { DivergenceError, InputError, StateError } from "@reverie/core";
import type { HostTensor, optim, OptimiserGroup, Tensors } from "@reverie/tensor";
import { hostTensor, ops } from "@reverie/tensor";
import type { Checkpoint, CompiledModel, SessionOptions } from "@reverie/tensor/node";
import { compile, Trainer } from "@reverie/tensor/node";
import type { Policy, PolicySample } from "../policy-optimisation/policy.ts";
import type { DpoLossOptions } from "./dpo-loss.ts";
import { dpoLoss, sequenceLogProbabilities } from "./dpo-loss.ts";

/** Two answers to one prompt, of which the first is better. */
export interface PreferredPair<Prompt> {
  readonly prompt: Prompt;
  /** Tokens of the answer, its end token included. */
  readonly chosen: Int32Array;
  readonly rejected: Int32Array;
}

export interface DpoTrainerOptions<Prompt> extends DpoLossOptions {
  /** Its weights at creation are the reference. */
  readonly policy: Pick<Policy<Prompt>, "parameters" | "inputs" | "feeds" | "forward">;
  readonly optimiser: optim.Optimiser | readonly OptimiserGroup[];
  /** Largest norm of the gradients. @defaultValue 1 */
  readonly clipNorm?: number;
  readonly session?: SessionOptions;
}

export interface DpoResult {
  readonly loss: number;
  readonly gradientNorm: number;
  /** Share of the pairs that the policy prefers the right way round, more than the reference does. */
  readonly accuracy: number;
  /** Mean of beta times the margin. */
  readonly margin: number;
}

const OWN_INPUTS = {
  mask: { dtype: "float32", shape: ["batch", "sequence"] },
  reference: { dtype: "float32", shape: ["batch"] },
  chosenRows: { dtype: "int32", shape: ["pairs"] },
  rejectedRows: { dtype: "int32", shape: ["pairs"] },
} as const;

/** Direct preference optimisation of a policy on pairs of answers. */
export class DpoTrainer<Prompt> {
  readonly #policy: DpoTrainerOptions<Prompt>["policy"];
  readonly #trainer: Trainer;
  readonly #reference: CompiledModel;

  private constructor(policy: DpoTrainerOptions<Prompt>["policy"], trainer: Trainer, reference: CompiledModel) {
    this.#policy = policy;
    this.#trainer = trainer;
    this.#reference = reference;
  }

  /** @throws InputError when an option is out of range or the training graph cannot be made */
  static async create<Prompt>(options: DpoTrainerOptions<Prompt>): Promise<DpoTrainer<Prompt>> {
    const { policy, optimiser, clipNorm = 1, session = {} } = options;
    for (const name of Object.keys(OWN_INPUTS)) {
      if (Object.hasOwn(policy.inputs, name)) throw new InputError(`policy.inputs.${name}`, "this name is the trainer's own.");
    }
    const sums = (inputs: Tensors) => sequenceLogProbabilities(policy.forward(inputs).logProbabilities, inputs["mask"]!);
    const trainer = await Trainer.create({
      parameters: policy.parameters,
      inputs: { ...policy.inputs, ...OWN_INPUTS },
      loss: (inputs) => {
        const gains = ops.sub(sums(inputs), inputs["reference"]!);
        const [chosen, rejected] = [inputs["chosenRows"]!, inputs["rejectedRows"]!].map((rows) => ops.gather(gains, rows));
        const none = ops.zerosLike(chosen!);
        return dpoLoss({ chosen: chosen!, rejected: rejected!, referenceChosen: none, referenceRejected: none }, options);
      },
      optimiser,
      clipNorm,
      session,
    });
    const inputs = { ...policy.inputs, mask: OWN_INPUTS.mask };
    const reference = await compile({ inputs, outputs: (given) => ({ reference: sums(given) }), session });
    return new DpoTrainer(policy, trainer, reference);
  }

  /**
   * One update.
   * @throws InputError without pairs or for an answer without tokens; StateError when the loss or its gradients are not finite, with the
   *   weights as they were before
   */
  async step(pairs: readonly PreferredPair<Prompt>[]): Promise<DpoResult> {
    const feeds = this.#feeds(pairs);
    const { reference } = await this.#reference.run(feeds);
    try {
      const rows = (first: number): HostTensor => hostTensor(Int32Array.from(pairs, (_, i) => 2 * i + first));
      const { loss, gradientNorm, metrics } = await this.#trainer.step({
        ...feeds,
        reference: reference!,
        chosenRows: rows(0),
        rejectedRows: rows(1),
      });
      return { loss, gradientNorm, accuracy: Number(metrics["accuracy"]!.data[0]), margin: Number(metrics["margin"]!.data[0]) };
    } catch (error) {
      if (!(error instanceof DivergenceError)) throw error;
      throw new StateError("A preference update left the numbers; the weights are those before it.", { cause: error });
    }
  }

  #feeds(pairs: readonly PreferredPair<Prompt>[]): Record<string, HostTensor> {
    if (pairs.length === 0) throw new InputError("pairs", "expected one pair or more, got none.");
    const samples = pairs.flatMap(({ prompt, chosen, rejected }, i) =>
      Object.entries({ chosen, rejected }).map(([name, tokens]): PolicySample<Prompt> => {
        if (tokens.length === 0) throw new InputError(`pairs[${i}].${name}`, "expected one token or more, got none.");
        return { prompt, tokens, finish: "end" };
      }),
    );
    const { feeds, sequence, starts } = this.#policy.feeds(samples);
    const mask = new Float32Array(samples.length * sequence);
    samples.forEach(({ tokens }, row) => {
      const begin = row * sequence + starts[row]!;
      mask.fill(1, begin, begin + tokens.length);
    });
    return { ...feeds, mask: hostTensor(mask, [samples.length, sequence]) };
  }

  /**
   * Weights and optimiser state, not the reference: to go on later, load the reference's weights into the policy, create the trainer, then
   * restore.
   */
  checkpoint(extra: Checkpoint["extra"] = null): Checkpoint {
    return this.#trainer.checkpoint(extra);
  }

  /** @throws InputError when a tensor is missing or has another shape */
  restore(checkpoint: Pick<Checkpoint, "step" | "tensors">): void {
    this.#trainer.restore(checkpoint);
  }

  async release(): Promise<void> {
    await this.#trainer.release();
    await this.#reference.release();
  }
}
