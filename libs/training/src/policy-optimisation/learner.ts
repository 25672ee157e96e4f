import { InputError, StateError } from "@reverie/core";
import type { HostTensor, Tensors } from "@reverie/tensor";
import type { Checkpoint, CompiledModel, StepResult } from "@reverie/tensor/node";
import { compile, Trainer } from "@reverie/tensor/node";
import type { Policy, PolicySample } from "./policy.ts";
import { policyLoss } from "./policy-loss.ts";
import { groupsOf } from "./reward-source.ts";
import type { PolicyTrainerOptions, ResolvedStage } from "./settings.ts";
import type { SampleProbabilities, TrainingRow } from "./training-batch.ts";
import { LOSS_INPUTS, trainingFeeds } from "./training-batch.ts";

/** Weights by name. */
export type Weights = ReadonlyMap<string, HostTensor>;

/** What an update found: token means, and the trainer's own figures. */
export interface UpdateResult {
  readonly tokens: number;
  readonly loss: number;
  readonly gradientNorm: number;
  readonly learningRate: number;
  readonly metrics: Readonly<Record<string, number>>;
}

const FORWARD_ROWS = 32;

/** The training graph of one stage, and forward passes for the probabilities that it compares with. */
export class Learner<Prompt> {
  readonly stage: ResolvedStage;
  readonly #options: PolicyTrainerOptions<Prompt>;
  readonly #trainer: Trainer;
  readonly #forward: CompiledModel;
  readonly #reference: CompiledModel | undefined;

  private constructor(
    stage: ResolvedStage,
    options: PolicyTrainerOptions<Prompt>,
    trainer: Trainer,
    forward: CompiledModel,
    reference: CompiledModel | undefined,
  ) {
    this.stage = stage;
    this.#options = options;
    this.#trainer = trainer;
    this.#forward = forward;
    this.#reference = reference;
  }

  /** @param reference - weights of the frozen reference, when the stage needs one */
  static async create<Prompt>(
    stage: ResolvedStage,
    options: PolicyTrainerOptions<Prompt>,
    reference: Weights | undefined,
  ): Promise<Learner<Prompt>> {
    const { policy, optimiser, clipNorm = 1, microBatches = 1, session = {} } = options;
    for (const name of Object.keys(LOSS_INPUTS)) {
      if (Object.hasOwn(policy.inputs, name)) throw new InputError(`policy.inputs.${name}`, "this name is the trainer's own.");
    }
    const trainer = await Trainer.create({
      parameters: policy.parameters,
      inputs: { ...policy.inputs, ...LOSS_INPUTS },
      loss: (inputs) => lossOf(policy, inputs, stage, reference !== undefined),
      optimiser,
      clipNorm,
      microBatches,
      session,
    });
    const outputs = (inputs: Tensors): Tensors => ({ logProbabilities: policy.forward(inputs).logProbabilities });
    const forward = await compile({ inputs: policy.inputs, outputs, weights: "live", session });
    const frozen =
      reference === undefined
        ? undefined
        : await withWeights(policy, reference, () => compile({ inputs: policy.inputs, outputs, session }));
    return new Learner(stage, options, trainer, forward, frozen);
  }

  get runs(): number {
    return this.#trainer.runs;
  }

  /**
   * Probabilities of samples' tokens under the present weights and under the reference.
   * @throws StateError when one is not finite
   */
  async probabilities(samples: readonly PolicySample<Prompt>[]): Promise<SampleProbabilities[]> {
    const { policy, forwardRows = FORWARD_ROWS } = this.#options;
    const found: SampleProbabilities[] = [];
    for (const part of groupsOf(samples, forwardRows)) {
      const { feeds, sequence, starts } = policy.feeds(part);
      const rows = async (model: CompiledModel, whose: string): Promise<Float32Array[]> => {
        const values = (await model.run(feeds))["logProbabilities"]!.data as Float32Array;
        return part.map(({ tokens }, i) => {
          const begin = i * sequence + starts[i]!;
          const own = values.slice(begin, begin + tokens.length);
          const wrong = own.findIndex((value) => !Number.isFinite(value));
          if (wrong >= 0) throw new StateError(`The ${whose} gives token ${wrong} of a sample the log probability ${own[wrong]}.`);
          return own;
        });
      };
      const old = await rows(this.#forward, "policy");
      const reference = this.#reference === undefined ? undefined : await rows(this.#reference, "reference policy");
      found.push(...old.map((own, i) => ({ old: own, reference: reference?.[i] })));
    }
    return found;
  }

  /** One update. @throws DivergenceError when the loss or its gradients are not finite; the weights stay as they were */
  async update(rows: readonly TrainingRow<Prompt>[]): Promise<UpdateResult> {
    const { feeds, tokens } = trainingFeeds(this.#options.policy, rows, this.#options.microBatches ?? 1);
    const { loss, gradientNorm, learningRate, metrics }: StepResult = await this.#trainer.step(feeds);
    return {
      tokens,
      loss,
      gradientNorm,
      learningRate,
      metrics: Object.fromEntries(Object.entries(metrics).map(([name, { data }]) => [name, Number(data[0])])),
    };
  }

  checkpoint(extra: Checkpoint["extra"] = null): Checkpoint {
    return this.#trainer.checkpoint(extra);
  }

  restore(checkpoint: Pick<Checkpoint, "step" | "tensors">): void {
    this.#trainer.restore(checkpoint);
  }

  /** Goes on from another learner of the same parameters. */
  follow(before: Learner<Prompt>): void {
    const from = this.stage.resetOptimiser ? this.checkpoint() : before.checkpoint();
    this.restore({ step: before.runs, tensors: from.tensors });
  }

  async release(): Promise<void> {
    await this.#trainer.release();
    await this.#forward.release();
    await this.#reference?.release();
  }
}

function lossOf<Prompt>(policy: Policy<Prompt>, inputs: Tensors, { loss }: ResolvedStage, withReference: boolean) {
  return policyLoss(
    {
      ...policy.forward(inputs),
      oldLogProbabilities: inputs["oldLogProbabilities"]!,
      ...(withReference ? { referenceLogProbabilities: inputs["referenceLogProbabilities"]! } : {}),
      advantages: inputs["advantages"]!,
      mask: inputs["mask"]!,
      counts: { responses: inputs["responseCount"]!, tokens: inputs["tokenCount"]! },
    },
    loss,
  );
}

/** Does something while the policy's parameters have other values. */
async function withWeights<T>({ parameters }: Policy<unknown>, weights: Weights, work: () => Promise<T>): Promise<T> {
  const present = [...parameters].map((parameter) => [parameter, parameter.values] as const);
  try {
    for (const [parameter] of present) parameter.values = weights.get(parameter.name)!.data as Float32Array;
    return await work();
  } finally {
    for (const [parameter, values] of present) parameter.values = values;
  }
}
