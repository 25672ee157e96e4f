import { InputError } from "@reverie/core";
import type { Shape } from "../graph/dims.ts";
import { Graph, parameterConstant } from "../graph/graph.ts";
import type { Parameter } from "../graph/parameters.ts";
import type { Tensor } from "../graph/tensor.ts";
import type { DType, OnnxModel } from "../onnx/model.ts";
import { add, div, max, mul, sqrt, sumOf } from "../ops/arithmetic.ts";
import { cast } from "../ops/cast.ts";
import { concat, split } from "../ops/joining.ts";
import { equal, where } from "../ops/logic.ts";
import { reduceSumSquare } from "../ops/reduce.ts";
import { reshape } from "../ops/shaping.ts";
import { matrixFlops } from "./flops.ts";
import type { Optimiser } from "../optim/optimiser.ts";
import type { GroupLayout } from "./layout.ts";
import { writePasses } from "./passes.ts";

/** What is fed at each run. */
export interface InputSpec {
  readonly dtype: DType;
  /** Named sizes may differ from run to run. */
  readonly shape: Shape;
}

export type Inputs = Readonly<Record<string, InputSpec>>;
export type Tensors = Readonly<Record<string, Tensor>>;

/** The loss of one batch, alone or with other values worth watching. */
export type LossResult = Tensor | { readonly loss: Tensor; readonly metrics: Tensors };

export interface TrainGraphOptions {
  readonly inputs: Inputs;
  readonly loss: (inputs: Tensors) => LossResult;
  readonly groups: readonly GroupLayout[];
  /** Largest norm of all gradients together; longer ones are scaled down to it. */
  readonly clipNorm?: number | undefined;
  /** Runs whose gradients are averaged into one update. */
  readonly accumulate: number;
  /** Equal parts of the batch that one run goes through one after another. */
  readonly microBatches: number;
  /** Memory of a moving average of the parameters, in [0, 1). */
  readonly averageDecay?: number | undefined;
}

/** A tensor that one run hands to the next. */
export interface StateEntry {
  readonly name: string;
  /** Group it belongs to; undefined for the run counter. */
  readonly group: number | undefined;
  /** What it holds: "parameters", "average", "accumulated" or an optimiser's slot. */
  readonly role: string;
  readonly dtype: "float32" | "int64";
  readonly length: number;
}

export interface TrainGraph {
  readonly model: OnnxModel;
  /** Each is fed as `state/<name>` and comes out as `next/<name>`. */
  readonly state: readonly StateEntry[];
  readonly metricNames: readonly string[];
  /** Floating-point operations of the matrix products in one run, for given named sizes. */
  readonly flops: (sizes: ReadonlyMap<string, number>) => number;
}

/** Name of the state entry that counts runs. */
export const RUN_COUNTER = "runs";

/**
 * One training step as one graph: forward, backward, clipping, schedule, optimiser, average. State goes in and comes out, so that a
 * run's outputs are the next run's inputs.
 * @throws InputError when an input's name is taken, the loss is no scalar, or an operator has no gradient
 */
export function buildTrainGraph(options: TrainGraphOptions): TrainGraph {
  const { groups, accumulate } = options;
  const state: StateEntry[] = [{ name: RUN_COUNTER, group: undefined, role: RUN_COUNTER, dtype: "int64", length: 1 }];
  const pieces = new Map<Parameter, Tensor>();
  const graph = new Graph({
    name: "train",
    training: true,
    bindParameter: (owner, parameter) => pieces.get(parameter) ?? parameterConstant(owner, parameter),
  });
  const next: Record<string, Tensor> = {};
  const stateInput = (entry: StateEntry): Tensor => {
    state.push(entry);
    return graph.input(`state/${entry.name}`, entry.dtype, [entry.length]);
  };
  const counter = graph.input(`state/${RUN_COUNTER}`, "int64", [1]);
  const runs = reshape(counter, []);
  const flat = groups.map((group, i) => {
    const whole = stateInput({ name: `${i}/parameters`, group: i, role: "parameters", dtype: "float32", length: group.length });
    split(
      whole,
      group.parameters.map(({ values }) => values.length),
      0,
    ).forEach((piece, k) => {
      const parameter = group.parameters[k]!;
      pieces.set(parameter, reshape(piece, parameter.shape));
    });
    return whole;
  });

  for (const name of Object.keys(options.inputs)) checkInputName(name);
  const trainable = groups.flatMap((group) => group.parameters);
  const passes = writePasses(
    graph,
    options.inputs,
    options.loss,
    trainable.map((parameter) => pieces.get(parameter)!),
    runs,
    options.microBatches,
  );
  const byParameter = passes.gradients;
  const norm = sqrt(sumOf(byParameter.map((gradient) => reduceSumSquare(gradient))));
  const clipped = options.clipNorm === undefined ? undefined : div(options.clipNorm, max(norm, options.clipNorm));
  const runsDone = add(runs, 1);
  const stepsDone = accumulate === 1 ? runs : div(runs, accumulate);
  const updates = accumulate === 1 ? undefined : equal(mul(div(runsDone, accumulate), accumulate), runsDone);
  const step = cast(add(stepsDone, 1), "float64");
  next[`next/${RUN_COUNTER}`] = reshape(runsDone, [1]);

  let first = 0;
  const learningRates = new Map<Optimiser, Tensor>();
  groups.forEach((group, i) => {
    graph.scope(`optimiser/${i}`, () => {
      const own = byParameter.slice(first, first + group.parameters.length);
      first += own.length;
      const raw = concat(
        own.map((gradient) => reshape(gradient, [-1])),
        0,
      );
      const learningRate = learningRates.get(group.optimiser) ?? cast(group.optimiser.learningRate(cast(stepsDone, "float64")), "float32");
      learningRates.set(group.optimiser, learningRate);
      const entry = (role: string): Tensor => stateInput({ name: `${i}/${role}`, group: i, role, dtype: "float32", length: group.length });
      const scaled = clipped === undefined ? raw : mul(raw, clipped);
      const accumulated = updates === undefined ? undefined : add(entry("accumulated"), scaled);
      const slots = Object.fromEntries(group.optimiser.slots.map((slot) => [slot, entry(slot)]));
      const updated = group.optimiser.update({
        parameters: flat[i]!,
        gradients: accumulated === undefined ? scaled : div(accumulated, accumulate),
        slots,
        learningRate,
        step,
      });
      const chosen = (changed: Tensor, before: Tensor): Tensor => (updates === undefined ? changed : where(updates, changed, before));
      const parameters = chosen(updated.parameters, flat[i]!);
      next[`next/${i}/parameters`] = parameters;
      for (const slot of group.optimiser.slots) next[`next/${i}/${slot}`] = chosen(updated.slots[slot]!, slots[slot]!);
      if (accumulated !== undefined) next[`next/${i}/accumulated`] = where(updates!, 0, accumulated);
      if (options.averageDecay !== undefined) {
        const average = entry("average");
        const moved = add(mul(average, options.averageDecay), mul(parameters, 1 - options.averageDecay));
        next[`next/${i}/average`] = chosen(moved, average);
      }
    });
  });

  const outputs = {
    loss: passes.loss,
    gradientNorm: norm,
    learningRate: learningRates.get(groups[0]!.optimiser)!,
    ...Object.fromEntries(Object.entries(passes.metrics).map(([name, tensor]) => [`metric/${name}`, tensor])),
    ...next,
  };
  return {
    model: graph.toModel(outputs),
    state,
    metricNames: Object.keys(passes.metrics),
    flops: (sizes) => matrixFlops(graph.nodesFor(Object.values(outputs)), sizes),
  };
}

function checkInputName(name: string): void {
  if (/^(state|next|metric)\/|^(loss|gradientNorm|learningRate)$/.test(name)) {
    throw new InputError(name, "this name is the training graph's own; give the input another one.");
  }
}
