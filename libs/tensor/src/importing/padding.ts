// Paddings that files leave to be worked out, or give for some axes only.

import type { Tensor } from "../graph/tensor.ts";
import { resolveAxis } from "../ops/broadcast.ts";
import type { ImportCall } from "./call.ts";
import { callOperator, readInts, readString } from "./call.ts";

/** Since opset 18 the pads may stand for some axes only. */
export function pad(call: ImportCall): readonly Tensor[] {
  const [x, pads, value, axes] = call.inputs;
  if (axes === undefined || x === undefined) return callOperator(call);
  const named = axes.values?.map((axis) => resolveAxis(Number(axis), x.rank, call.fail));
  const given = pads?.values;
  if (named === undefined || given === undefined || given.length !== 2 * named.length || new Set(named).size !== named.length) {
    return call.fail("the pads and axes must be known when the graph is built, with two pads for each axis, each named once.");
  }
  const end = (offset: number): (number | string)[] =>
    x.shape.map((_, axis) => (named.includes(axis) ? given[offset + named.indexOf(axis)]! : 0));
  const whole = [...end(0), ...end(named.length)];
  if (!whole.every((size) => typeof size === "number")) return call.fail("the pads must be numbers where axes are named.");
  return callOperator(call, { inputs: [x, call.graph.integers(whole), value] });
}

/**
 * Convolutions and pools with auto_pad SAME_UPPER or SAME_LOWER: as many pads as make the result ceil(size / stride) long, the odd one
 * at the end or at the beginning. VALID is none. Other calls pass as they are.
 */
export function withPads(call: ImportCall): readonly Tensor[] {
  const mode = readString(call, "auto_pad", "NOTSET");
  if (mode === "VALID") return callOperator(call, { without: ["auto_pad", "pads"] });
  if (mode !== "SAME_UPPER" && mode !== "SAME_LOWER") return callOperator(call);
  const sizes = call.inputs[0]?.shape.slice(2) ?? [];
  const kernel = readInts(call, "kernel_shape") ?? call.inputs[1]?.shape.slice(2) ?? [];
  const strides = readInts(call, "strides") ?? sizes.map(() => 1);
  const dilations = readInts(call, "dilations") ?? sizes.map(() => 1);
  const before: number[] = [];
  const after: number[] = [];
  sizes.forEach((size, i) => {
    const [width, stride, dilation] = [kernel[i], strides[i], dilations[i]];
    if (typeof size !== "number" || typeof width !== "number" || stride === undefined || stride < 1 || dilation === undefined) {
      return call.fail(`auto_pad "${mode}" needs sizes, a kernel, strides and dilations that are numbers, one for each axis.`);
    }
    const total = Math.max(0, (Math.ceil(size / stride) - 1) * stride + (width - 1) * dilation + 1 - size);
    const less = Math.floor(total / 2);
    before.push(mode === "SAME_UPPER" ? less : total - less);
    after.push(mode === "SAME_UPPER" ? total - less : less);
  });
  return callOperator(call, { without: ["auto_pad"], attributes: { pads: [...before, ...after] } });
}
