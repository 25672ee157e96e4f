// Reading and writing elements by index.

import type { Dim, Shape } from "../graph/dims.ts";
import { elementsOf, shapeText } from "../graph/dims.ts";
import type { InferenceCall, OperatorDefinition } from "../graph/operator.ts";
import { defineOperator, intAttribute, stringAttribute } from "../graph/operator.ts";
import type { Tensor } from "../graph/tensor.ts";
import { InputError } from "@reverie/core";
import { add, mul } from "./arithmetic.ts";
import { resolveAxis, sameDtype } from "./broadcast.ts";
import { cast } from "./cast.ts";
import { reduceSum } from "./reduce.ts";
import { expand, full, reshape, zerosLike } from "./shaping.ts";

/** What an element that is already there becomes when another is written to its place. */
export type ScatterReduction = "none" | "add";

/** Slices of `data` along `axis`, picked by int32 or int64 indices of any shape; negative ones count from the end. Rows of an embedding, for axis 0. */
export const gather = (data: Tensor, indices: Tensor, axis = 0): Tensor => data.graph.one("Gather", [data, indices], { axis });

/** result[i][j] = data[indices[i][j]][j] for axis 0, and so on: one element for each index. */
export const gatherElements = (data: Tensor, indices: Tensor, axis = 0): Tensor =>
  data.graph.one("GatherElements", [data, indices], { axis });

/** `data` with `updates` written at `indices` along `axis`; with "none" no place may be named twice. */
export const scatterElements = (data: Tensor, indices: Tensor, updates: Tensor, axis = 0, reduction: ScatterReduction = "none"): Tensor =>
  data.graph.one("ScatterElements", [data, indices, updates], { axis, reduction });

/** Slices of `data` at places given by the last axis of int64 `indices`. */
export const gatherND = (data: Tensor, indices: Tensor): Tensor => data.graph.one("GatherND", [data, indices]);

/**
 * `data` with slices `updates` written at places given by the last axis of int64 `indices`; with "none" no place may be named twice.
 * Adding goes through ScatterElements: ONNX Runtime's ScatterND adds in parallel without a lock and loses updates to one place
 * (https://github.com/microsoft/onnxruntime/issues/18048).
 */
export function scatterND(data: Tensor, indices: Tensor, updates: Tensor, reduction: ScatterReduction = "none"): Tensor {
  if (reduction === "none") return data.graph.one("ScatterND", [data, indices, updates]);
  const places = flatPlaces(data, indices);
  const width = places.width;
  const rows = reshape(updates, [places.count, width]);
  const written = scatterElements(
    reshape(data, [places.rows, width]),
    expand(reshape(places.indices, [places.count, 1]), [places.count, width]),
    rows,
    0,
    "add",
  );
  return reshape(written, data.shape);
}

/** 1 at the index along a new last axis of size `depth`, 0 elsewhere, in `like`'s dtype. Indices outside [-depth, depth) give zeros. */
export function oneHot(indices: Tensor, depth: number, like: Tensor): Tensor {
  const { graph } = indices;
  const ends = graph.one("Concat", [full(like, [1], 0), full(like, [1], 1)], { axis: 0 });
  return graph.one("OneHot", [indices, graph.scalar(depth, "int64"), ends]);
}

/** Indices of GatherND and ScatterND as row numbers of `data` seen as a matrix. */
function flatPlaces(data: Tensor, indices: Tensor): { indices: Tensor; rows: Dim; count: Dim; width: Dim } {
  const depth = indices.shape.at(-1);
  const leading = typeof depth === "number" ? data.shape.slice(0, depth) : [];
  if (typeof depth !== "number" || !leading.every((dim) => typeof dim === "number")) {
    throw new InputError("indices", `the indexed axes of ${data.toString()} must have sizes that are numbers.`);
  }
  const { graph } = data;
  const strides = leading.map((_, i) => leading.slice(i + 1).reduce<number>((a, b) => a * (b as number), 1));
  const whole = cast(indices, "int64");
  const sizes = graph.integers(leading as readonly number[]);
  const wrapped = graph.one("Where", [graph.one("Less", [whole, graph.scalar(0, "int64")]), add(whole, sizes), whole]);
  const flat = reduceSum(mul(wrapped, graph.integers(strides)), [-1]);
  const count = elementsOf(flat.shape);
  return { indices: reshape(flat, [count]), rows: elementsOf(leading), count, width: elementsOf(data.shape.slice(depth)) };
}

function checkIndices(call: InferenceCall, indices: Tensor): void {
  if (indices.dtype !== "int64" && indices.dtype !== "int32") call.fail("indices must be int32 or int64.");
}

function gatheredValues(data: Tensor, indices: Tensor): readonly Dim[] | undefined {
  if (data.values === undefined || indices.values === undefined || data.rank !== 1 || indices.rank > 1) return undefined;
  const gathered = indices.values.map((index) => data.values!.at(Number(index)));
  // An index outside is ONNX Runtime's to refuse.
  return gathered.every((value) => value !== undefined) ? gathered : undefined;
}

/** Writes gradients of gathered slices back to where they came from, adding those of one place. */
function gatherGradient(data: Tensor, indices: Tensor, gradient: Tensor, axis: number): Tensor {
  const count = elementsOf(indices.shape);
  const rows: Shape = [...data.shape.slice(0, axis), count, ...data.shape.slice(axis + 1)];
  const column = reshape(
    indices,
    rows.map((_, i) => (i === axis ? count : 1)),
  );
  return scatterElements(zerosLike(data), expand(column, rows), reshape(gradient, rows), axis, "add");
}

const axisOf = (attributes: Readonly<Record<string, unknown>>, rank: number): number => {
  const axis = typeof attributes["axis"] === "number" ? attributes["axis"] : 0;
  return axis < 0 ? axis + rank : axis;
};

function checkReduction(call: InferenceCall): void {
  const reduction = stringAttribute(call.attributes, "reduction", "none");
  if (reduction !== "none" && reduction !== "add") call.fail(`reduction "${reduction}" is not supported; known: none, add.`);
}

export const indexingOperators: readonly OperatorDefinition[] = [
  defineOperator({
    type: "Gather",
    arity: [2, 2],
    attributes: { axis: "int" },
    infer(call) {
      const [data, indices] = call.inputs as [Tensor, Tensor];
      checkIndices(call, indices);
      const axis = resolveAxis(intAttribute(call.attributes, "axis", 0), data.rank, call.fail);
      const shape = [...data.shape.slice(0, axis), ...indices.shape, ...data.shape.slice(axis + 1)];
      return [{ dtype: data.dtype, shape, values: gatheredValues(data, indices) }];
    },
    gradient({ inputs, attributes, outputGradients }) {
      const [data, indices] = inputs as [Tensor, Tensor];
      return [gatherGradient(data, indices, outputGradients[0]!, axisOf(attributes, data.rank)), undefined];
    },
  }),
  defineOperator({
    type: "GatherElements",
    arity: [2, 2],
    attributes: { axis: "int" },
    infer(call) {
      const [data, indices] = call.inputs as [Tensor, Tensor];
      checkIndices(call, indices);
      const axis = resolveAxis(intAttribute(call.attributes, "axis", 0), data.rank, call.fail);
      if (indices.rank !== data.rank) call.fail("data and indices must have as many axes.");
      if (
        indices.shape.some((dim, i) => i !== axis && typeof dim === "number" && typeof data.shape[i] === "number" && dim > data.shape[i])
      ) {
        call.fail("the indices reach beyond the data on another axis.");
      }
      return [{ dtype: data.dtype, shape: indices.shape }];
    },
    gradient({ inputs, attributes, outputGradients }) {
      const [data, indices] = inputs as [Tensor, Tensor];
      return [scatterElements(zerosLike(data), indices, outputGradients[0]!, axisOf(attributes, data.rank), "add"), undefined];
    },
  }),
  defineOperator({
    type: "ScatterElements",
    arity: [3, 3],
    attributes: { axis: "int", reduction: "string" },
    infer(call) {
      const [data, indices, updates] = call.inputs as [Tensor, Tensor, Tensor];
      checkIndices(call, indices);
      checkReduction(call);
      sameDtype(call, [data, updates]);
      resolveAxis(intAttribute(call.attributes, "axis", 0), data.rank, call.fail);
      if (indices.rank !== data.rank) call.fail("data and indices must have as many axes.");
      if (indices.shape.join() !== updates.shape.join())
        call.fail(`the indices are ${shapeText(indices.shape)}, the updates ${shapeText(updates.shape)}.`);
      return [{ dtype: data.dtype, shape: data.shape }];
    },
    gradient({ inputs, attributes, outputGradients, wanted }) {
      const [data, indices, updates] = inputs as [Tensor, Tensor, Tensor];
      const g = outputGradients[0]!;
      const axis = axisOf(attributes, data.rank);
      const adds = stringAttribute(attributes, "reduction", "none") === "add";
      return [
        wanted[0] ? (adds ? g : scatterElements(g, indices, zerosLike(updates), axis)) : undefined,
        undefined,
        wanted[2] ? gatherElements(g, indices, axis) : undefined,
      ];
    },
  }),
  defineOperator({
    type: "GatherND",
    arity: [2, 2],
    attributes: { batch_dims: "int" },
    infer(call) {
      const [data, indices] = call.inputs as [Tensor, Tensor];
      if (indices.dtype !== "int64") call.fail("indices must be int64.");
      if (intAttribute(call.attributes, "batch_dims", 0) !== 0) call.fail("batch_dims other than 0 are not supported.");
      const depth = indices.shape.at(-1);
      if (typeof depth !== "number" || depth > data.rank) call.fail("the last axis of the indices must be a number of axes of the data.");
      return [{ dtype: data.dtype, shape: [...indices.shape.slice(0, -1), ...data.shape.slice(depth as number)] }];
    },
    gradient: ({ inputs, outputGradients }) => [scatterND(zerosLike(inputs[0]!), inputs[1]!, outputGradients[0]!, "add"), undefined],
  }),
  defineOperator({
    type: "ScatterND",
    arity: [3, 3],
    attributes: { reduction: "string" },
    infer(call) {
      const [data, indices, updates] = call.inputs as [Tensor, Tensor, Tensor];
      if (indices.dtype !== "int64") call.fail("indices must be int64.");
      if (stringAttribute(call.attributes, "reduction", "none") !== "none")
        call.fail("a reduction races in ONNX Runtime; use ops.scatterND, which adds safely.");
      sameDtype(call, [data, updates]);
      const depth = indices.shape.at(-1);
      const expected = [...indices.shape.slice(0, -1), ...data.shape.slice(typeof depth === "number" ? depth : 0)];
      if (typeof depth !== "number" || expected.join() !== updates.shape.join()) call.fail(`the updates must be ${shapeText(expected)}.`);
      return [{ dtype: data.dtype, shape: data.shape }];
    },
    gradient({ inputs, outputGradients, wanted }) {
      const [, indices, updates] = inputs as [Tensor, Tensor, Tensor];
      const g = outputGradients[0]!;
      return [wanted[0] ? scatterND(g, indices, zerosLike(updates)) : undefined, undefined, wanted[2] ? gatherND(g, indices) : undefined];
    },
  }),
  defineOperator({
    type: "OneHot",
    arity: [3, 3],
    attributes: { axis: "int" },
    infer(call) {
      const [indices, depth, ends] = call.inputs as [Tensor, Tensor, Tensor];
      const size = depth.values?.[0] ?? call.fail("the depth must be known when the graph is built.");
      const axis = resolveAxis(intAttribute(call.attributes, "axis", -1), indices.rank + 1, call.fail);
      return [{ dtype: ends.dtype, shape: [...indices.shape.slice(0, axis), size, ...indices.shape.slice(axis)] }];
    },
    gradient: "zero",
  }),
];
