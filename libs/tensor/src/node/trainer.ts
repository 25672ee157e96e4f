import type { JsonValue } from "../checkpoint/json.ts";
import { DivergenceError, InputError, StateError } from "@reverie/core";
import type { ParameterSet } from "../graph/parameters.ts";
import { hostArray } from "../onnx/dtype.ts";
import type { HostTensor, OnnxModel } from "../onnx/model.ts";
import type { Optimiser } from "../optim/optimiser.ts";
import { checkFeeds } from "../training/feeds.ts";
import type { GroupLayout, OptimiserGroup } from "../training/layout.ts";
import { layOutGroups } from "../training/layout.ts";
import { BATCH } from "../training/passes.ts";
import type { Inputs, LossResult, StateEntry, Tensors, TrainGraph } from "../training/train-graph.ts";
import { buildTrainGraph, RUN_COUNTER } from "../training/train-graph.ts";
import type { Checkpoint } from "./checkpoint-file.ts";
import type { SessionOptions } from "./session.ts";
import { Session } from "./session.ts";

export interface TrainerOptions {
  /** All parameters of the model. Trainable ones are changed; the others are constants of the graph. */
  readonly parameters: ParameterSet;
  /** What `step` is fed. */
  readonly inputs: Inputs;
  /** Writes the loss of a batch, a float32 scalar; `metrics` may be any tensors. */
  readonly loss: (inputs: Tensors) => LossResult;
  /** One optimiser for all, or groups. */
  readonly optimiser: Optimiser | readonly OptimiserGroup[];
  /** Largest global norm of the gradients (Pascanu et al. 2013, https://arxiv.org/abs/1211.5063); longer ones are scaled down to it. */
  readonly clipNorm?: number;
  /** Runs whose gradients are averaged into one update. Each is clipped by itself. Default 1. */
  readonly accumulate?: number;
  /**
   * Equal parts of the size named "batch" that one run goes through one after another, with their gradients averaged. The result is
   * that of the whole batch where the loss is a mean over equally many elements in each part. Takes less memory, and for large batches
   * less time, because a part's numbers stay in the processor's caches. Default 1.
   */
  readonly microBatches?: number;
  /** Keeps a moving average of the parameters with this memory, in [0, 1). */
  readonly averageDecay?: number;
  readonly session?: SessionOptions;
}

export interface StepResult {
  /** Runs made so far, this one included. */
  readonly run: number;
  /** Updates made so far; with accumulation, every `accumulate` runs. */
  readonly step: number;
  readonly loss: number;
  /** Of this run's gradients, before clipping. */
  readonly gradientNorm: number;
  /** Of the first group. */
  readonly learningRate: number;
  readonly metrics: Readonly<Record<string, HostTensor>>;
}

/**
 * Trains parameters: each `step` is one run of one ONNX graph that holds forward, backward and update. The state lives in two sets of
 * arrays that take turns, so a run that goes wrong leaves the last good state.
 */
export class Trainer {
  readonly #session: Session;
  readonly #graph: TrainGraph;
  readonly #groups: readonly GroupLayout[];
  readonly #parameters: ParameterSet;
  readonly #accumulate: number;
  readonly #inputs: Inputs;
  readonly #microBatches: number;
  #current: ReadonlyMap<string, HostTensor>;
  #spare: ReadonlyMap<string, HostTensor>;
  #busy = false;

  private constructor(session: Session, graph: TrainGraph, groups: readonly GroupLayout[], options: TrainerOptions) {
    this.#session = session;
    this.#graph = graph;
    this.#groups = groups;
    this.#parameters = options.parameters;
    this.#accumulate = options.accumulate ?? 1;
    this.#inputs = options.inputs;
    this.#microBatches = options.microBatches ?? 1;
    this.#current = stateArrays(graph.state);
    this.#spare = stateArrays(graph.state);
    for (const entry of graph.state) {
      if (entry.role === "parameters" || entry.role === "average") this.#pack(entry, (parameter) => parameter.values);
    }
    this.#pointParameters();
  }

  /** @throws InputError when an option is out of range, the graph does not fit together, or the session cannot be made */
  static async create(options: TrainerOptions): Promise<Trainer> {
    const { accumulate = 1, averageDecay, clipNorm, microBatches = 1 } = options;
    if (!Number.isInteger(microBatches) || microBatches < 1)
      throw new InputError("microBatches", `expected a whole number of 1 or more, got ${microBatches}.`);
    if (!Number.isInteger(accumulate) || accumulate < 1)
      throw new InputError("accumulate", `expected a whole number of 1 or more, got ${accumulate}.`);
    if (averageDecay !== undefined && !(averageDecay >= 0 && averageDecay < 1))
      throw new InputError("averageDecay", `expected a number in [0, 1), got ${averageDecay}.`);
    if (clipNorm !== undefined && !(clipNorm > 0)) throw new InputError("clipNorm", `expected a number above 0, got ${clipNorm}.`);
    const groups = layOutGroups(options.parameters, "update" in options.optimiser ? [{ optimiser: options.optimiser }] : options.optimiser);
    const graph = buildTrainGraph({ inputs: options.inputs, loss: options.loss, groups, clipNorm, accumulate, microBatches, averageDecay });
    return new Trainer(await Session.create(graph.model, options.session), graph, groups, options);
  }

  /** The training graph, for saving or looking at. */
  get model(): OnnxModel {
    return this.#graph.model;
  }

  /** Runs made so far. */
  get runs(): number {
    return Number(this.#current.get(RUN_COUNTER)!.data[0]);
  }

  /** Updates made so far. */
  get steps(): number {
    return Math.floor(this.runs / this.#accumulate);
  }

  /** Floating-point operations of the matrix products in one run, for given named sizes. */
  flops(sizes: Readonly<Record<string, number>> = {}): number {
    const perPart = Object.entries(sizes).map(([name, size]): [string, number] => [
      name,
      name === BATCH ? size / this.#microBatches : size,
    ]);
    return this.#graph.flops(new Map(perPart));
  }

  /**
   * One run on one batch. The calling thread computes until it is done.
   * @throws InputError when a feed does not fit
   * @throws DivergenceError when the loss or the gradients are not finite; the parameters are then what they were before
   * @throws StateError when another step is still running
   */
  async step(feeds: Readonly<Record<string, HostTensor>>): Promise<StepResult> {
    if (this.#busy) throw new StateError("A step is still running; await it before the next one.");
    checkFeeds(this.#inputs, feeds, this.#microBatches);
    this.#busy = true;
    try {
      const state = Object.fromEntries([...this.#current].map(([name, tensor]) => [`state/${name}`, tensor]));
      // An input that the loss does not depend on is not part of the graph.
      const read = Object.fromEntries(Object.entries(feeds).filter(([name]) => this.#session.inputNames.includes(name)));
      const into = Object.fromEntries([...this.#spare].map(([name, tensor]) => [`next/${name}`, tensor]));
      const outputs = await this.#session.run({ ...read, ...state }, into);
      const loss = Number(outputs["loss"]!.data[0]);
      const gradientNorm = Number(outputs["gradientNorm"]!.data[0]);
      if (!Number.isFinite(loss) || !Number.isFinite(gradientNorm)) {
        throw new DivergenceError(
          `Run ${this.runs + 1} gave a loss of ${loss} and a gradient norm of ${gradientNorm}; the parameters are those of the run before.`,
        );
      }
      [this.#current, this.#spare] = [this.#spare, this.#current];
      this.#pointParameters();
      return {
        run: this.runs,
        step: this.steps,
        loss,
        gradientNorm,
        learningRate: Number(outputs["learningRate"]!.data[0]),
        metrics: Object.fromEntries(this.#graph.metricNames.map((name) => [name, outputs[`metric/${name}`]!])),
      };
    } finally {
      this.#busy = false;
    }
  }

  /**
   * A copy of everything that the next steps depend on: parameters (frozen ones too) under their names, optimiser slots, averages and
   * accumulated gradients under `<role>/<parameter>`, and the number of runs, which is what dropout draws its masks by.
   * @param extra - whatever else must be found again, such as the state of the data's order
   */
  checkpoint(extra: JsonValue = null): Checkpoint {
    const tensors = this.#parameters.tensors();
    this.#forEachPiece((key, view, shape, role) => {
      if (role !== "parameters") tensors.set(key, { dtype: "float32", shape, data: view.slice() });
    });
    return { step: this.runs, seed: this.#parameters.seed, tensors, extra };
  }

  /**
   * Goes back to a checkpoint: the next steps are then, on one thread, bit for bit those that followed it.
   * @throws InputError when a tensor is missing or has another shape, or a frozen parameter has other values; nothing is changed then
   */
  restore(checkpoint: Pick<Checkpoint, "step" | "tensors">): void {
    const find = (key: string, shape: readonly number[]): Float32Array => {
      const tensor = checkpoint.tensors.get(key);
      if (tensor === undefined || !(tensor.data instanceof Float32Array) || tensor.shape.join() !== shape.join()) {
        throw new InputError(
          key,
          `the checkpoint holds ${tensor === undefined ? "no such tensor" : `${tensor.dtype} [${tensor.shape.join(", ")}]`}, needed is float32 [${shape.join(", ")}].`,
        );
      }
      return tensor.data;
    };
    if (!Number.isSafeInteger(checkpoint.step) || checkpoint.step < 0)
      throw new InputError("step", `expected a whole number of 0 or more, got ${checkpoint.step}.`);
    const frozen = [...this.#parameters].filter(({ trainable }) => !trainable);
    for (const parameter of frozen) {
      // They are constants of the graph that is already made.
      if (find(parameter.name, parameter.shape).some((value, i) => !Object.is(value, parameter.values[i]))) {
        throw new InputError(
          parameter.name,
          "the checkpoint has other values for this frozen parameter; load them before the trainer is made.",
        );
      }
    }
    const copies: (() => void)[] = [];
    this.#forEachPiece((key, view, shape) => {
      const source = find(key, shape);
      copies.push(() => view.set(source));
    });
    for (const copy of copies) copy();
    (this.#current.get(RUN_COUNTER)!.data as BigInt64Array)[0] = BigInt(checkpoint.step);
  }

  /**
   * The moving average of each trainable parameter, by name.
   * @throws StateError when the trainer keeps none
   */
  averages(): Map<string, HostTensor> {
    const averages = new Map<string, HostTensor>();
    this.#forEachPiece((key, view, shape, role) => {
      if (role === "average") averages.set(key.slice("average/".length), { dtype: "float32", shape, data: view.slice() });
    });
    if (averages.size === 0) throw new StateError("No average is kept; create the trainer with averageDecay.");
    return averages;
  }

  /** Gives the session's memory back. The parameters keep their values. */
  async release(): Promise<void> {
    await this.#session.release();
  }

  #forEachPiece(visit: (key: string, view: Float32Array, shape: readonly number[], role: string) => void): void {
    for (const { name, group, role } of this.#graph.state) {
      if (group === undefined) continue;
      const whole = this.#current.get(name)!.data as Float32Array;
      const { parameters, offsets } = this.#groups[group]!;
      parameters.forEach((parameter, i) => {
        const view = whole.subarray(offsets[i], offsets[i]! + parameter.values.length);
        visit(role === "parameters" ? parameter.name : `${role}/${parameter.name}`, view, parameter.shape, role);
      });
    }
  }

  #pack(entry: StateEntry, valuesOf: (parameter: GroupLayout["parameters"][number]) => Float32Array): void {
    const whole = this.#current.get(entry.name)!.data as Float32Array;
    const { parameters, offsets } = this.#groups[entry.group!]!;
    parameters.forEach((parameter, i) => whole.set(valuesOf(parameter), offsets[i]!));
  }

  #pointParameters(): void {
    for (const [i, { parameters, offsets }] of this.#groups.entries()) {
      const whole = this.#current.get(`${i}/parameters`)!.data as Float32Array;
      parameters.forEach((parameter, k) => (parameter.values = whole.subarray(offsets[k], offsets[k]! + parameter.values.length)));
    }
  }
}

function stateArrays(entries: readonly StateEntry[]): Map<string, HostTensor> {
  return new Map(entries.map(({ name, dtype, length }) => [name, { dtype, shape: [length], data: hostArray(dtype, length) }]));
}
