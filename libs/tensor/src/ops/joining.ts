// Taking apart and putting together along axes: concatenate, split, slice, pad.

import { InputError } from "@reverie/core";
import type { Dim } from "../graph/dims.ts";
import { addDims, divideDims, subtractDims } from "../graph/dims.ts";
import type { GradientCall, InferenceCall, OperatorDefinition } from "../graph/operator.ts";
import { defineOperator, intAttribute, stringAttribute } from "../graph/operator.ts";
import type { Tensor } from "../graph/tensor.ts";
import { never, resolveAxis, sameDtype } from "./broadcast.ts";
import { scatterElements } from "./indexing.ts";
import { expand, full, reshape, zerosLike } from "./shaping.ts";

/** The tensors one after another along `axis`; their other sizes are equal. */
export const concat = (parts: readonly Tensor[], axis: number): Tensor =>
  parts.length === 1 ? parts[0]! : parts[0]!.graph.one("Concat", parts, { axis });

/** Pieces of the given sizes along `axis`. */
export const split = (x: Tensor, sizes: readonly number[], axis: number): Tensor[] =>
  sizes.length === 1 ? [x] : x.graph.call("Split", [x, x.graph.integers(sizes)], { axis }, { outputs: sizes.length });

/** Largest end: "up to the last element". */
const TO_THE_END = Number.MAX_SAFE_INTEGER;

/**
 * Elements `start` up to and without `end` along one axis. Negative numbers count from the end. On an axis whose size is a
 * name, `end` is taken to lie inside it.
 */
export function slice(x: Tensor, axis: number, start: Dim, end: Dim = TO_THE_END): Tensor {
  const { graph } = x;
  return graph.one("Slice", [x, graph.dimTensor(start), graph.dimTensor(end), graph.integers([axis])]);
}

/**
 * With `before` and `after` more elements of `value` at the ends of each axis.
 * @param before - one number for each axis, 0 or more
 */
export function pad(x: Tensor, before: readonly number[], after: readonly number[], value = 0): Tensor {
  const { graph } = x;
  return graph.one("Pad", [x, graph.integers([...before, ...after]), graph.scalar(value, x.dtype)]);
}

interface SliceRange {
  readonly axis: number;
  readonly start: Dim;
  readonly size: Dim;
  readonly step: number;
}

function sliceRanges(inputs: readonly (Tensor | undefined)[], fail: (problem: string) => never): SliceRange[] {
  const x = inputs[0]!;
  const read = (operand: number): readonly Dim[] | undefined => {
    const tensor = inputs[operand];
    return tensor === undefined
      ? undefined
      : (tensor.values ?? fail("starts, ends, axes and steps must be known when the graph is built."));
  };
  const starts = read(1)!;
  const ends = read(2)!;
  const axes = read(3) ?? starts.map((_, i) => i);
  const steps = read(4) ?? starts.map(() => 1);
  return starts.map((start, i) => {
    const axis = resolveAxis(Number(axes[i]), x.rank, fail);
    const step = Number(steps[i]);
    if (!Number.isInteger(step) || step === 0) fail("a step must be a whole number other than 0.");
    return { axis, step, ...sliceRange(x.shape[axis]!, start, ends[i]!, step, fail) };
  });
}

function sliceRange(dim: Dim, start: Dim, end: Dim, step: number, fail: (problem: string) => never): { start: Dim; size: Dim } {
  if (typeof dim === "number" && typeof start === "number" && typeof end === "number") {
    const lowest = step > 0 ? 0 : -1;
    const clamp = (value: number): number =>
      Math.max(lowest, Math.min(step > 0 ? dim : dim - 1, value < 0 ? Math.max(value + dim, lowest) : value));
    const first = clamp(start);
    const last = clamp(end);
    return { start: first, size: Math.max(0, Math.ceil((last - first) / step)) };
  }
  if (step !== 1) return fail("a step other than 1 needs sizes that are numbers.");
  const from = typeof start === "number" && start < 0 ? addDims(dim, start) : start;
  const to = typeof end !== "number" ? end : end >= 2 ** 31 - 1 ? dim : end < 0 ? addDims(dim, end) : end;
  return { start: from, size: subtractDims(to, from) };
}

function sliceGradient({ inputs, outputGradients }: GradientCall): Tensor {
  const x = inputs[0]!;
  let gradient = outputGradients[0]!;
  for (const { axis, start, size, step } of sliceRanges(inputs, never)) {
    if (step === 1) {
      const after = subtractDims(subtractDims(x.shape[axis]!, start), size);
      gradient = padAxis(gradient, axis, start, after);
    } else {
      const whole = gradient.shape.map((dim, i) => (i === axis ? x.shape[axis]! : dim));
      const indices = x.graph.integers(Array.from({ length: Number(size) }, (_, i) => Number(start) + i * step));
      const column = reshape(
        indices,
        gradient.shape.map((_, i) => (i === axis ? size : 1)),
      );
      gradient = scatterElements(full(x, whole, 0), expand(column, gradient.shape), gradient, axis);
    }
  }
  return gradient;
}

/** Zeros at both ends of one axis, of sizes that may be named. */
function padAxis(x: Tensor, axis: number, before: Dim, after: Dim): Tensor {
  if (before === 0 && after === 0) return x;
  const sizes = (amount: Dim): Dim[] => x.shape.map((_, i) => (i === axis ? amount : 0));
  return x.graph.one("Pad", [x, x.graph.shapeTensor([...sizes(before), ...sizes(after)]), x.graph.scalar(0, x.dtype)]);
}

function concatShape(call: InferenceCall): { axis: number; shape: Dim[] } {
  const parts = call.inputs as readonly Tensor[];
  sameDtype(call, parts);
  const axis = resolveAxis(intAttribute(call.attributes, "axis", 0), parts[0]!.rank, call.fail);
  const shape = [...parts[0]!.shape];
  for (const part of parts.slice(1)) {
    if (part.rank !== shape.length || part.shape.some((dim, i) => i !== axis && dim !== shape[i]))
      call.fail(`the sizes differ on an axis other than ${axis}.`);
    shape[axis] = addDims(shape[axis]!, part.shape[axis]!);
  }
  return { axis, shape };
}

function splitSizes(call: InferenceCall, dim: Dim): readonly Dim[] {
  const given = call.inputs[1]?.values;
  if (call.inputs[1] !== undefined) {
    if (given === undefined || given.some((size) => typeof size !== "number"))
      return call.fail("the sizes must be known when the graph is built.");
    return given as readonly number[];
  }
  const count = intAttribute(call.attributes, "num_outputs", call.outputCount);
  if (typeof dim !== "number") {
    const part = divideDims(dim, count) ?? call.fail(`the size ${dim} does not divide by ${count} for every ${dim}.`);
    return Array.from({ length: count }, () => part);
  }
  const size = Math.ceil(dim / count);
  return Array.from({ length: count }, (_, i) => Math.min(size, dim - i * size));
}

export const joiningOperators: readonly OperatorDefinition[] = [
  defineOperator({
    type: "Concat",
    arity: [1, Infinity],
    attributes: { axis: "int" },
    infer(call) {
      const parts = call.inputs as readonly Tensor[];
      const values = parts.every((part) => part.values !== undefined && part.rank === 1)
        ? parts.flatMap((part) => part.values!)
        : undefined;
      return [{ dtype: parts[0]!.dtype, shape: concatShape(call).shape, values }];
    },
    gradient({ inputs, attributes, outputGradients, wanted }) {
      const parts = inputs as readonly Tensor[];
      const axis = resolveAxis(intAttribute(attributes, "axis", 0), parts[0]!.rank, never);
      const sizes = parts.map((part) => part.shape[axis]!);
      const g = outputGradients[0]!;
      if (sizes.every((size) => typeof size === "number") && wanted.every(Boolean)) return split(g, sizes, axis);
      let start: Dim = 0;
      return sizes.map((size, i) => {
        const from = start;
        start = addDims(start, size);
        return wanted[i] ? slice(g, axis, from, start) : undefined;
      });
    },
  }),
  defineOperator({
    type: "Split",
    arity: [1, 2],
    attributes: { axis: "int", num_outputs: "int" },
    infer(call) {
      const x = call.inputs[0]!;
      const axis = resolveAxis(intAttribute(call.attributes, "axis", 0), x.rank, call.fail);
      const sizes = splitSizes(call, x.shape[axis]!);
      const total = sizes.reduce(addDims, 0);
      if (total !== x.shape[axis]) call.fail(`the sizes add up to ${total}, the axis has ${x.shape[axis]}.`);
      if (sizes.length !== call.outputCount) call.fail(`${call.outputCount} outputs were asked for, ${sizes.length} sizes given.`);
      return sizes.map((size) => ({ dtype: x.dtype, shape: x.shape.map((dim, i) => (i === axis ? size : dim)) }));
    },
    gradient({ inputs, outputs, attributes, outputGradients }) {
      const axis = resolveAxis(intAttribute(attributes, "axis", 0), inputs[0]!.rank, never);
      return [
        concat(
          outputs.map((output, i) => outputGradients[i] ?? zerosLike(output)),
          axis,
        ),
        undefined,
      ];
    },
  }),
  defineOperator({
    type: "Slice",
    arity: [3, 5],
    infer(call) {
      const x = call.inputs[0]!;
      const ranges = sliceRanges(call.inputs, call.fail);
      const shape = x.shape.map((dim, i) => ranges.find(({ axis }) => axis === i)?.size ?? dim);
      if (shape.some((dim) => typeof dim === "number" && dim < 0)) call.fail("an end lies before its start.");
      const range = ranges[0];
      const values =
        x.values !== undefined && x.rank === 1 && range !== undefined && typeof range.start === "number" && typeof range.size === "number"
          ? Array.from({ length: range.size }, (_, i) => x.values![(range.start as number) + i * range.step]!)
          : undefined;
      return [{ dtype: x.dtype, shape, values }];
    },
    gradient: (call) => [sliceGradient(call)],
  }),
  defineOperator({
    type: "Pad",
    arity: [2, 4],
    attributes: { mode: "string" },
    infer(call) {
      const x = call.inputs[0]!;
      if (call.inputs[3] !== undefined) call.fail("the operand `axes` is not supported.");
      const pads = call.inputs[1]!.values ?? call.fail("the pads must be known when the graph is built.");
      if (pads.some((amount) => typeof amount === "number" && amount < 0)) call.fail("pads below 0 are not supported; use Slice.");
      if (pads.length !== 2 * x.rank) call.fail(`expected ${2 * x.rank} pads, got ${pads.length}.`);
      return [{ dtype: x.dtype, shape: x.shape.map((dim, i) => addDims(dim, addDims(pads[i]!, pads[i + x.rank]!))) }];
    },
    gradient({ inputs, attributes, outputGradients }) {
      const x = inputs[0]!;
      const mode = stringAttribute(attributes, "mode", "constant");
      if (mode !== "constant") throw new InputError("Pad", `of ${x.toString()}: only the mode constant has a gradient, not ${mode}.`);
      let gradient = outputGradients[0]!;
      x.shape.forEach((dim, axis) => {
        const before = inputs[1]!.values![axis]!;
        if (gradient.shape[axis] !== dim) gradient = slice(gradient, axis, before, addDims(before, dim));
      });
      return [gradient];
    },
  }),
];
