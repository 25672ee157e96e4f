import { setImmediate } from "node:timers/promises";
import { DivergenceError, InputError, StateError } from "@reverie/core";
import type { Tokenizer } from "@reverie/planning";
import { decayMatricesOnly, optim, type ParameterSet } from "@reverie/tensor";
import { latestCheckpoint, saveCheckpointToFolder, Trainer, type SessionOptions, type StepResult } from "@reverie/tensor/node";
import { collate, fits, type Batch, type CollateOptions } from "../data/batches.ts";
import type { TrainingRow } from "../data/row.ts";
import { isHeldOut } from "../data/source.ts";
import type { ShuffledRows, ShufflePosition } from "../data/shuffled-rows.ts";
import type { VisionLanguageModel } from "../model/vision-language-model.ts";
import { readSftState, sftState } from "./sft-state.ts";

export interface SftOptions {
  readonly model: VisionLanguageModel;
  readonly parameters: ParameterSet;
  readonly tokenizer: Tokenizer;
  /** Opens the rows, at a place that an earlier run came to. */
  readonly openRows: (position: ShufflePosition | undefined) => Promise<ShuffledRows>;
  readonly steps: number;
  /** Rows of one step. */
  readonly batch: number;
  /** Parts that a batch is computed in; divides it. @defaultValue 1 */
  readonly microBatches?: number;
  readonly learningRate: { readonly peak: number; readonly warmupSteps: number; readonly final?: number };
  /** Of matrices. @defaultValue 0.05 */
  readonly weightDecay?: number;
  /** @defaultValue 1 */
  readonly clipNorm?: number;
  readonly patchWeightOf: CollateOptions["patchWeightOf"];
  readonly session?: SessionOptions;
  /** Folder of checkpoints. */
  readonly folder: string;
  /** Seconds between checkpoints. @defaultValue 180 */
  readonly checkpointSeconds?: number;
  /** Steps between progress reports. @defaultValue 10 */
  readonly reportEvery?: number;
  /** Steps between evaluations. @defaultValue never */
  readonly evaluateEvery?: number;
  /** Evaluates the model as it is; what it gives becomes part of the metrics. */
  readonly evaluate?: (signal: AbortSignal) => Promise<Readonly<Record<string, number>>>;
  /** Gets every report, in order. */
  readonly report?: (report: SftReport) => void;
}

export interface SftStepReport {
  readonly type: "step";
  readonly step: number;
  readonly steps: number;
  /** Means over the steps since the last report. */
  readonly loss: number;
  readonly tokenLoss: number;
  readonly patchLoss: number;
  readonly tokenAccuracy: number;
  readonly patchAccuracy: number;
  readonly placeAccuracy: number;
  readonly gradientNorm: number;
  readonly learningRate: number;
  readonly rowsPerSecond: number;
  /** Text tokens, without padding and pictures. */
  readonly tokensPerSecond: number;
  /** Share of the time spent waiting for rows. */
  readonly waitShare: number;
  readonly secondsLeft: number;
  /** Rows left out so far because their text was too long. */
  readonly tooLong: number;
}

export type SftReport =
  | SftStepReport
  | { readonly type: "evaluation"; readonly step: number; readonly scores: Readonly<Record<string, number>> }
  | { readonly type: "checkpoint"; readonly step: number; readonly path: string }
  | { readonly type: "skipped"; readonly step: number; readonly problem: string };

export interface SftResult {
  readonly step: number;
  /** Whether all steps were made. */
  readonly finished: boolean;
  readonly checkpoint: string;
}

/** Checkpoints that are kept. */
const KEPT = 2;
/** Batches without finite numbers, one after another, before training gives up. */
const MOST_DIVERGED = 3;

const METRICS = ["tokenLoss", "patchLoss", "tokenAccuracy", "patchAccuracy", "placeAccuracy"] as const;

/**
 * Supervised training of a vision-language planner on rows that are made while it learns. Everything that the next steps depend on is in
 * a checkpoint: on one thread, a run that was cut off goes on bit for bit.
 */
export class SftTrainer {
  readonly #options: SftOptions;
  readonly #trainer: Trainer;
  readonly #rows: ShuffledRows;
  #position: ShufflePosition | undefined;
  #tooLong: number;
  #since = { steps: 0, started: 0, waitedMs: 0, rows: 0, tokens: 0, sums: new Map<string, number>() };

  private constructor(options: SftOptions, trainer: Trainer, rows: ShuffledRows, position: ShufflePosition | undefined, tooLong: number) {
    this.#options = options;
    this.#trainer = trainer;
    this.#rows = rows;
    this.#position = position;
    this.#tooLong = tooLong;
  }

  /**
   * @param resume - whether the newest checkpoint of the folder is gone on from; without one, training starts anew
   * @throws InputError when an option is out of range, or the checkpoint is of another training
   */
  static async create(options: SftOptions, resume = false): Promise<SftTrainer> {
    const { batch, microBatches = 1, steps, learningRate, weightDecay = 0.05, clipNorm = 1, model } = options;
    for (const [name, value] of Object.entries({ batch, steps })) {
      if (!Number.isSafeInteger(value) || value < 1) throw new InputError(name, `expected a whole number of 1 or more, got ${value}.`);
    }
    if (batch % microBatches !== 0)
      throw new InputError("microBatches", `expected a divisor of the batch of ${batch}, got ${microBatches}.`);
    const rate = optim.warmupCosine({ ...learningRate, totalSteps: steps });
    const trainer = await Trainer.create({
      parameters: options.parameters,
      inputs: model.inputs,
      loss: (inputs) => model.loss(inputs),
      optimiser: decayMatricesOnly((decay) => optim.adamW({ learningRate: rate, weightDecay: decay }), weightDecay),
      clipNorm,
      microBatches,
      ...(options.session === undefined ? {} : { session: options.session }),
    });
    const { found } = resume ? await latestCheckpoint(options.folder) : { found: undefined };
    try {
      let state: ReturnType<typeof readSftState> | undefined;
      if (found !== undefined) {
        state = readSftState(found.checkpoint.extra);
        trainer.restore(found.checkpoint);
      }
      const rows = await options.openRows(state?.position);
      return new SftTrainer(options, trainer, rows, state?.position, state?.tooLong ?? 0);
    } catch (error) {
      await trainer.release();
      throw error;
    }
  }

  /** Steps made so far, those of earlier runs included. */
  get step(): number {
    return this.#trainer.steps;
  }

  /** Floating-point operations of the matrix products of a step, for texts of a length. */
  flops(sequence: number): number {
    return this.#trainer.flops({ batch: this.#options.batch, sequence });
  }

  /**
   * Trains to the last step, or until the signal aborts: the step at hand is then finished and a checkpoint written.
   * @throws DivergenceError after several batches without finite numbers; the checkpoint before them stays
   */
  async run(signal: AbortSignal = new AbortController().signal): Promise<SftResult> {
    const { steps, evaluateEvery, checkpointSeconds = 180, reportEvery = 10 } = this.#options;
    let saved = performance.now();
    let path: string | undefined;
    this.#begin();
    let diverged = 0;
    while (this.step < steps && !signal.aborted) {
      const batch = await this.#batch();
      try {
        this.#count(await this.#trainer.step(batch.feeds), batch);
        diverged = 0;
      } catch (error) {
        if (!(error instanceof DivergenceError) || ++diverged >= MOST_DIVERGED) throw error;
        this.#options.report?.({ type: "skipped", step: this.step, problem: error.message });
        continue;
      }
      if (this.step % reportEvery === 0 || this.step === steps) this.#report();
      if (evaluateEvery !== undefined && (this.step % evaluateEvery === 0 || this.step === steps)) await this.#evaluate(signal);
      if (performance.now() - saved > checkpointSeconds * 1000 && this.step < steps) {
        path = await this.save();
        saved = performance.now();
      }
      // Threads hand over rows, and Ctrl-C is heard, between steps.
      await setImmediate();
    }
    path = await this.save();
    return { step: this.step, finished: this.step >= steps, checkpoint: path };
  }

  /** Writes a checkpoint now. Resolves with its path. */
  async save(): Promise<string> {
    const extra = sftState({ position: this.#position, tooLong: this.#tooLong });
    const path = await saveCheckpointToFolder(this.#options.folder, this.#trainer.checkpoint(extra), { keep: KEPT });
    this.#options.report?.({ type: "checkpoint", step: this.step, path });
    return path;
  }

  async close(): Promise<void> {
    await this.#rows.close();
    await this.#trainer.release();
  }

  async #batch(): Promise<Batch> {
    const { model, tokenizer, batch, patchWeightOf } = this.#options;
    const longestText = model.options.maxLength - model.imageTokens;
    const rows: TrainingRow[] = [];
    let misses = 0;
    while (rows.length < batch) {
      const row = await this.#rows.next();
      if (isHeldOut(row.split)) throw new StateError(`A row of the split "${row.split}" came to training; it is held out.`);
      if (fits(row, { tokenizer, longestText })) rows.push(row);
      else {
        this.#tooLong++;
        if (++misses > 1_000) throw new StateError(`A thousand rows in a row have more than the ${longestText} tokens of text that fit.`);
      }
    }
    this.#position = this.#rows.position;
    return collate(rows, { tokenizer, longestText, patchWeightOf });
  }

  #begin(): void {
    this.#since = { steps: 0, started: performance.now(), waitedMs: this.#rows.waitedMs, rows: 0, tokens: 0, sums: new Map() };
  }

  #count({ loss, gradientNorm, learningRate, metrics }: StepResult, { textTokens }: Batch): void {
    const since = this.#since;
    since.steps++;
    since.rows += this.#options.batch;
    since.tokens += textTokens;
    const values = {
      loss,
      gradientNorm,
      learningRate,
      ...Object.fromEntries(METRICS.map((name) => [name, Number(metrics[name]!.data[0])])),
    };
    for (const [name, value] of Object.entries(values)) since.sums.set(name, (since.sums.get(name) ?? 0) + value);
  }

  #report(): void {
    const { steps, started, waitedMs, rows, tokens, sums } = this.#since;
    const ms = performance.now() - started;
    const meanOf = (name: string): number => (sums.get(name) ?? Number.NaN) / steps;
    this.#options.report?.({
      type: "step",
      step: this.step,
      steps: this.#options.steps,
      loss: meanOf("loss"),
      tokenLoss: meanOf("tokenLoss"),
      patchLoss: meanOf("patchLoss"),
      tokenAccuracy: meanOf("tokenAccuracy"),
      patchAccuracy: meanOf("patchAccuracy"),
      placeAccuracy: meanOf("placeAccuracy"),
      gradientNorm: meanOf("gradientNorm"),
      learningRate: meanOf("learningRate"),
      rowsPerSecond: (1000 * rows) / ms,
      tokensPerSecond: (1000 * tokens) / ms,
      waitShare: (this.#rows.waitedMs - waitedMs) / ms,
      secondsLeft: ((this.#options.steps - this.step) * ms) / steps / 1000,
      tooLong: this.#tooLong,
    });
    this.#begin();
  }

  async #evaluate(signal: AbortSignal): Promise<void> {
    const scores = await this.#options.evaluate?.(signal).catch((error: unknown) => {
      // Whoever stops during an evaluation loses that alone.
      if (signal.aborted) return undefined;
      throw error;
    });
    if (scores !== undefined) this.#options.report?.({ type: "evaluation", step: this.step, scores });
    this.#begin();
  }
}
