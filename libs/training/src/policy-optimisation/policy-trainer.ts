import { DivergenceError, InputError, Rng, StateError } from "@reverie/core";
import type { Checkpoint } from "@reverie/tensor/node";
import { saveCheckpointToFolder } from "@reverie/tensor/node";
import type { IterationReport } from "./iteration-report.ts";
import { iterationReport } from "./iteration-report.ts";
import type { UpdateResult, Weights } from "./learner.ts";
import { Learner } from "./learner.ts";
import type { Rollout, ScoredGroup, Stopwatch } from "./rollouts.ts";
import { askRewards, drawRollout, promptsOf, settleRewards, trainingRows } from "./rollouts.ts";
import type { PolicyTrainerOptions, ResolvedStage } from "./settings.ts";
import { resolveStages, stageAt } from "./settings.ts";
import { aheadOf, referenceOf, samplesAhead, trainerStateOf, withTrainerState } from "./trainer-state.ts";
import type { TrainingRow } from "./training-batch.ts";
import { partsOf } from "./training-batch.ts";

export interface PolicyRunOptions {
  /** Ends the run: samples and rewards under way are dropped, updates under way are finished. */
  readonly signal?: AbortSignal;
  /** A promise is waited for before the next iteration; what it throws ends the run. */
  readonly onIteration?: (report: IterationReport) => unknown;
  readonly checkpoints?: {
    readonly folder: string;
    /** Least time between two; another is written at the end, however it comes. @defaultValue 120 */
    readonly everySeconds?: number;
    /** Files kept. @defaultValue 3 */
    readonly keep?: number;
    readonly onSaved?: (path: string) => void;
  };
}

/**
 * Trains a policy by the rewards of its own answers: groups of samples, advantages within a group, the clipped loss of the GRPO family.
 * Its state is always that after a whole iteration: what ends or fails one in the middle leaves the weights as they were before it.
 * On one thread the same seed gives the same bits, and a restored trainer goes on as the one that was saved would have.
 */
export class PolicyTrainer<Prompt> {
  readonly stages: readonly ResolvedStage[];
  readonly #options: PolicyTrainerOptions<Prompt>;
  #learner: Learner<Prompt>;
  #reference: Weights | undefined;
  #iteration = 0;
  /** Samples of the iteration at hand and of the one after it. */
  #ahead: Rollout<Prompt> | undefined;
  #beyond: Rollout<Prompt> | undefined;
  #busy = false;

  private constructor(
    options: PolicyTrainerOptions<Prompt>,
    stages: readonly ResolvedStage[],
    learner: Learner<Prompt>,
    reference: Weights | undefined,
  ) {
    this.#options = options;
    this.stages = stages;
    this.#learner = learner;
    this.#reference = reference;
  }

  /** @throws InputError when an option is out of range or the training graph cannot be made */
  static async create<Prompt>(options: PolicyTrainerOptions<Prompt>): Promise<PolicyTrainer<Prompt>> {
    const stages = resolveStages(options);
    checkSeed(options.seed ?? 0);
    const { forwardRows = 1 } = options;
    if (!Number.isSafeInteger(forwardRows) || forwardRows < 1)
      throw new InputError("forwardRows", `expected a whole number of 1 or more, got ${forwardRows}.`);
    const reference = stages.some((stage) => needsReference(stage, options)) ? options.policy.parameters.tensors() : undefined;
    const first = stages[0]!;
    const learner = await Learner.create(first, options, needsReference(first, options) ? reference : undefined);
    return new PolicyTrainer(options, stages, learner, reference);
  }

  /** Iterations done. */
  get iteration(): number {
    return this.#iteration;
  }

  /** Iterations of all stages. */
  get iterations(): number {
    const last = this.stages.at(-1)!;
    return last.start + last.iterations;
  }

  /**
   * Trains to the end of the last stage, or until the signal.
   * @returns whether the end was reached
   * @throws StateError when numbers are no longer finite, and whatever prompts, policy and reward throw; the weights are those of the last
   *   whole iteration, which is then in the folder too
   */
  async run(options: PolicyRunOptions = {}): Promise<{ readonly finished: boolean }> {
    const { signal = new AbortController().signal, onIteration, checkpoints } = options;
    let saved = this.#iteration;
    let savedAt = performance.now();
    const save = async (): Promise<void> => {
      if (checkpoints === undefined || saved === this.#iteration) return;
      const path = await saveCheckpointToFolder(checkpoints.folder, this.checkpoint(), { keep: checkpoints.keep ?? 3 });
      checkpoints.onSaved?.(path);
      saved = this.#iteration;
      savedAt = performance.now();
    };
    try {
      while (this.#iteration < this.iterations && !signal.aborted) {
        const report = await this.iterate(signal);
        await onIteration?.(report);
        if (performance.now() - savedAt >= 1000 * (checkpoints?.everySeconds ?? 120)) await save();
        // A turn of the event loop, so that a signal gets through between two iterations that never wait.
        await new Promise((resolve) => setImmediate(resolve));
      }
    } catch (error) {
      try {
        await save();
      } catch (saving) {
        throw new AggregateError([error, saving], "The training failed, and so did saving its last whole iteration.", {
          cause: saving,
        });
      }
      if (!signal.aborted || error !== signal.reason) throw error;
    }
    await save();
    return { finished: this.#iteration >= this.iterations };
  }

  /**
   * One iteration: sample, score, learn.
   * @throws as `run`, and the signal's reason when it ends the iteration; nothing is changed then
   */
  async iterate(signal: AbortSignal = new AbortController().signal): Promise<IterationReport> {
    if (this.#busy) throw new StateError("An iteration is under way; await it before the next one.");
    this.#busy = true;
    try {
      return await this.#iterate(signal);
    } catch (error) {
      // Rewards that were asked for under a signal that fired, or of a server that is down, are asked for anew.
      if (this.#ahead !== undefined) this.#ahead.reward = undefined;
      if (this.#beyond !== undefined) this.#beyond.reward = undefined;
      throw error;
    } finally {
      this.#busy = false;
    }
  }

  async #iterate(signal: AbortSignal): Promise<IterationReport> {
    const started = performance.now();
    const watch: Stopwatch = { samplingMs: 0, rewardMs: 0, sampledTokens: 0 };
    const iteration = this.#iteration;
    const stage = stageAt(this.stages, iteration);
    if (stage !== this.#learner.stage) await this.#enter(stage);
    this.#ahead ??= await drawRollout(this.#options, stage, { iteration, round: 0 }, watch, signal);
    void askRewards(this.#ahead, this.#options, watch, signal);
    if (this.#options.overlapRewards === true) await this.#drawBeyond(watch, signal);

    const groups = await settleRewards(this.#ahead, this.#options, watch, signal);
    const teaching = (): ScoredGroup<Prompt>[] => groups.filter(({ teaches }) => teaches).slice(0, stage.promptsPerIteration);
    let rounds = 1;
    while (rounds < stage.samplingRounds && teaching().length < stage.promptsPerIteration) {
      const more = await drawRollout(this.#options, stage, { iteration, round: rounds++ }, watch, signal);
      groups.push(...(await settleRewards(more, this.#options, watch, signal)));
    }
    const kept = teaching();
    const rows = await this.#rows(kept, stage);
    signal.throwIfAborted();
    const updates = rows.length === 0 ? [] : await this.#learn(rows, stage);
    this.#iteration++;
    this.#ahead = this.#beyond;
    this.#beyond = undefined;
    return iterationReport({
      iteration: this.#iteration,
      stage,
      groups,
      kept: kept.length,
      rounds,
      rows,
      updates,
      watch,
      milliseconds: performance.now() - started,
    });
  }

  /** Samples for the next iteration, by the weights of now. */
  async #drawBeyond(watch: Stopwatch, signal: AbortSignal): Promise<void> {
    const iteration = this.#iteration + 1;
    const { stage } = this.#learner;
    // A new stage may ask for other samples, and begins with the weights that this one ends with.
    if (iteration >= stage.start + stage.iterations) return;
    if (this.#beyond !== undefined) return;
    const beyond = await drawRollout(this.#options, stage, { iteration, round: 0 }, watch, signal);
    beyond.probabilities = await this.#learner.probabilities(beyond.samples);
    this.#beyond = beyond;
    void askRewards(beyond, this.#options, watch, signal);
  }

  async #rows(groups: readonly ScoredGroup<Prompt>[], stage: ResolvedStage): Promise<TrainingRow<Prompt>[]> {
    const unknown = groups.filter(({ probabilities }) => probabilities === undefined).flatMap(({ samples }) => samples);
    const found = (await this.#learner.probabilities(unknown)).values();
    const probabilities = groups.flatMap((group) => group.probabilities ?? group.samples.map(() => found.next().value!));
    return trainingRows(groups, probabilities, stage);
  }

  /** All updates of an iteration, or none. */
  async #learn(rows: readonly TrainingRow<Prompt>[], stage: ResolvedStage): Promise<UpdateResult[]> {
    const rng = new Rng(this.#options.seed ?? 0).split(`order/${this.#iteration}`);
    const before = this.#learner.checkpoint();
    const updates: UpdateResult[] = [];
    try {
      for (let epoch = 0; epoch < stage.epochs; epoch++) {
        for (const part of partsOf(rng.shuffle(rows), stage.minibatches)) updates.push(await this.#learner.update(part));
      }
      await this.#options.policy.refresh();
    } catch (error) {
      this.#learner.restore(before);
      if (!(error instanceof DivergenceError)) throw error;
      throw new StateError(
        `Update ${updates.length + 1} of iteration ${this.#iteration + 1} left the numbers; the weights are those of iteration ${this.#iteration}.`,
        { cause: error },
      );
    }
    return updates;
  }

  async #enter(stage: ResolvedStage): Promise<void> {
    const { policy } = this.#options;
    const reference = stage.renewReference && this.#reference !== undefined ? policy.parameters.tensors() : this.#reference;
    const learner = await Learner.create(stage, this.#options, needsReference(stage, this.#options) ? reference : undefined);
    learner.follow(this.#learner);
    await this.#learner.release();
    this.#learner = learner;
    this.#reference = reference;
  }

  /** Everything that the next iterations depend on. @throws StateError while an iteration is under way */
  checkpoint(): Checkpoint {
    if (this.#busy) throw new StateError("An iteration is under way; await it before the state is saved.");
    return withTrainerState(this.#learner.checkpoint(), {
      iteration: this.#iteration,
      seed: this.#options.seed ?? 0,
      reference: this.#reference,
      ahead: this.#ahead,
    });
  }

  /**
   * Goes back to a checkpoint of a trainer with the same options.
   * @throws InputError when it is of something else or its parts do not fit; StateError while an iteration is under way
   */
  async restore(checkpoint: Checkpoint): Promise<void> {
    if (this.#busy) throw new StateError("An iteration is under way; await it before another state is restored.");
    const { iteration, seed } = trainerStateOf(checkpoint);
    if (seed !== (this.#options.seed ?? 0))
      throw new InputError("extra.seed", `the checkpoint's seed is ${seed}, the trainer's ${this.#options.seed ?? 0}.`);
    // The learner of the last iteration, as the saved trainer had: the next iteration may enter a stage.
    const stage = stageAt(this.stages, Math.max(0, iteration - 1));
    const reference = this.#reference === undefined ? undefined : referenceOf(checkpoint, this.#reference);
    const next = stageAt(this.stages, iteration);
    const ahead =
      samplesAhead(checkpoint) === 0
        ? undefined
        : aheadOf(checkpoint, await promptsOf(this.#options, next, { iteration, round: 0 }), next.samplesPerPrompt);
    const learner = await Learner.create(stage, this.#options, needsReference(stage, this.#options) ? reference : undefined);
    try {
      learner.restore(checkpoint);
    } catch (error) {
      await learner.release();
      throw error;
    }
    await this.#learner.release();
    this.#learner = learner;
    this.#reference = reference;
    this.#iteration = iteration;
    this.#ahead = ahead === undefined ? undefined : { iteration, round: 0, stage: next, ...ahead };
    this.#beyond = undefined;
    await this.#options.policy.refresh();
  }

  /** Gives the training graph's memory back. The policy keeps its weights. */
  async release(): Promise<void> {
    await this.#learner.release();
  }
}

const needsReference = <Prompt>({ loss }: ResolvedStage, { reportKl = false }: PolicyTrainerOptions<Prompt>): boolean =>
  loss.klWeight > 0 || reportKl;

function checkSeed(seed: number): void {
  if (!Number.isInteger(seed) || seed < 0 || seed > 0xffffffff)
    throw new InputError("seed", `expected an integer from 0 to 4294967295, got ${seed}.`);
}
