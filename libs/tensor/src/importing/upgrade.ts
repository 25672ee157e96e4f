// Calls in the forms of opsets 11 to 20, rewritten as calls of opset 21, which graphs are written in.

import type { Tensor } from "../graph/tensor.ts";
import { onnxDataType } from "../onnx/dtype.ts";
import type { DType } from "../onnx/model.ts";
import { hostNumbers } from "../graph/graph.ts";
import { elementsOf } from "../graph/dims.ts";
import { isFloat } from "../graph/operator.ts";
import { resolveAxis } from "../ops/broadcast.ts";
import { cast } from "../ops/cast.ts";
import { scatterND } from "../ops/indexing.ts";
import { expand, reshape } from "../ops/shaping.ts";
import type { ImportCall } from "./call.ts";
import { callOperator, importedDataType, readFloat, readFloats, readInt, readInts, readString, readTensor } from "./call.ts";
import { pad, withPads } from "./padding.ts";
import { asFloat32 } from "./weights.ts";

type Upgrade = (call: ImportCall) => readonly Tensor[];

/** An attribute that became the second operand in opset `since`. */
const listToOperand =
  (name: string, since: number): Upgrade =>
  (call) => {
    const list = call.opset < since ? readInts(call, name) : undefined;
    if (list === undefined) return callOperator(call);
    if (call.inputs.length > 1) call.fail(`the attribute "${name}" and a second operand exclude each other.`);
    return callOperator(call, { inputs: [call.inputs[0], call.graph.integers(list)], without: [name] });
  };

/** Reductions that leave a number as it is when no axis is reduced. */
const KEEPS_SINGLE_NUMBERS: ReadonlySet<string> = new Set(["ReduceSum", "ReduceMean", "ReduceMax", "ReduceMin", "ReduceProd"]);

/**
 * Whether a reduction reduces nothing. Without axes it reduces all of them, unless it says otherwise.
 * @throws InputError naming the node where doing nothing is not leaving the numbers as they are
 */
export function reducesNothing(call: ImportCall): boolean {
  if (readInt(call, "noop_with_empty_axes", 0) === 0) return false;
  const axes = call.inputs[1];
  if (axes !== undefined && axes.values === undefined) call.fail("the axes must be known when the graph is built.");
  if ((axes?.values?.length ?? 0) > 0 || readInts(call, "axes") !== undefined) return false;
  if (!KEEPS_SINGLE_NUMBERS.has(call.node.operator)) call.fail("noop_with_empty_axes = 1 without axes is not supported here.");
  return true;
}

const reduction =
  (since: number): Upgrade =>
  (call) => {
    if (reducesNothing(call)) return [call.inputs[0]!];
    const axes = call.opset < since ? readInts(call, "axes") : undefined;
    const inputs = axes === undefined ? call.inputs : [call.inputs[0], call.graph.integers(axes)];
    const without = axes === undefined ? ["noop_with_empty_axes"] : ["axes", "noop_with_empty_axes"];
    return callOperator(call, { inputs, without });
  };

/** Before opset 13 all axes from `axis` on were one: the softmax ran over their product. */
function softmax(call: ImportCall): readonly Tensor[] {
  const x = call.inputs[0] ?? call.fail("operand 0 is missing.");
  if (call.opset >= 13 || x.rank === 0) return callOperator(call);
  const axis = resolveAxis(readInt(call, "axis", 1), x.rank, call.fail);
  if (axis === x.rank - 1) return callOperator(call, { attributes: { axis } });
  const rows = reshape(x, [elementsOf(x.shape.slice(0, axis)), elementsOf(x.shape.slice(axis))]);
  return [reshape(callOperator(call, { inputs: [rows], attributes: { axis: 1 } })[0]!, x.shape)];
}

/** In inference everything is kept, and the mask says so. */
function dropout(call: ImportCall): readonly Tensor[] {
  const x = call.inputs[0] ?? call.fail("operand 0 is missing.");
  const training = call.inputs[2];
  const constant = call.constantOf(training);
  if (training !== undefined && (constant === undefined || Number(constant.data[0]) !== 0)) {
    call.fail("training_mode must be absent or a constant false: imported models are inference graphs.");
  }
  const kept = (): Tensor => {
    return expand(call.constant({ dtype: "bool", shape: [], data: Uint8Array.of(1) }), x.shape);
  };
  return call.outputCount > 1 ? [x, kept()] : [x];
}

/** Before opset 21 scale and bias were one for each group, not for each channel. */
function groupNormalization(call: ImportCall): readonly Tensor[] {
  const [x, scale, bias] = call.inputs;
  if (call.opset >= 21 || x === undefined || scale === undefined || bias === undefined) return callOperator(call);
  const groups = readInt(call, "num_groups", 0);
  const channels = x.shape[1];
  if (groups < 1 || typeof channels !== "number" || channels % groups !== 0)
    return call.fail(`${channels} channels do not divide into ${groups} groups.`);
  const perChannel = (perGroup: Tensor): Tensor => reshape(expand(reshape(perGroup, [groups, 1]), [groups, channels / groups]), [channels]);
  return callOperator(call, { inputs: [x, perChannel(scale), perChannel(bias)] });
}

function constant(call: ImportCall): readonly Tensor[] {
  const numbers = (dtype: DType, values: readonly number[], shape: readonly number[]): readonly Tensor[] => [
    call.constant({ dtype, shape, data: hostNumbers(dtype, values) }),
  ];
  const [name, ...others] = call.node.attributes.keys();
  if (name === undefined || others.length > 0) call.fail("expected exactly one attribute with the value.");
  const value = name === "value" ? readTensor(call, name) : undefined;
  if (value !== undefined) return [call.constant(asFloat32(value))];
  if (name === "value_int") return numbers("int64", [readInt(call, name, 0)], []);
  if (name === "value_float") return numbers("float32", [readFloat(call, name, 0)], []);
  const integers = name === "value_ints" ? readInts(call, name) : undefined;
  if (integers !== undefined) return numbers("int64", integers, [integers.length]);
  const floats = name === "value_floats" ? readFloats(call, name) : undefined;
  if (floats !== undefined) return numbers("float32", floats, [floats.length]);
  return call.fail(`the attribute "${name}" is not supported; known: value, value_int, value_ints, value_float, value_floats.`);
}

/** From opset 18 on a split into equal parts says how many. */
function split(call: ImportCall): readonly Tensor[] {
  if (call.opset >= 18 || call.inputs[1] !== undefined || call.node.attributes.has("split")) return listToOperand("split", 13)(call);
  return callOperator(call, { attributes: { num_outputs: call.outputCount } });
}

/** Since opset 12 the exponent may have a dtype of its own. */
function pow(call: ImportCall): readonly Tensor[] {
  const [x, exponent] = call.inputs;
  if (x === undefined || exponent === undefined || x.dtype === exponent.dtype) return callOperator(call);
  if (!x.dtype.startsWith("float")) call.fail(`an exponent of ${exponent.dtype} for a base of ${x.dtype} is not supported.`);
  return callOperator(call, { inputs: [x, cast(exponent, x.dtype)] });
}

/** Any number of operands, two at a time. */
function pairwise(call: ImportCall): readonly Tensor[] {
  const [first, ...rest] = call.inputs.map((input) => input ?? call.fail("an operand is missing."));
  if (first === undefined) return call.fail("expected at least one operand.");
  return [rest.reduce((left, right) => callOperator(call, { inputs: [left, right] })[0]!, first)];
}

/** allowzero = 1 makes a size 0 mean no elements instead of "as before": without a 0 it means nothing. */
function reshapeCall(call: ImportCall): readonly Tensor[] {
  if (readInt(call, "allowzero", 0) !== 0 && (call.inputs[1]?.values ?? [0]).includes(0)) {
    call.fail("allowzero = 1 is supported only with a shape that is known when the graph is built and has no 0.");
  }
  return callOperator(call, { without: ["allowzero"] });
}

function scatter(call: ImportCall): readonly Tensor[] {
  const reduction = readString(call, "reduction", "none");
  const [data, indices, updates] = call.inputs;
  if (reduction !== "add" || data === undefined || indices === undefined || updates === undefined) {
    return callOperator(call, reduction === "none" ? { without: ["reduction"] } : {});
  }
  return [scatterND(data, indices, updates, "add")];
}

/** A number or size as an integer, where it is one: a whole constant, or a size that was cast. */
function asInteger(call: ImportCall, tensor: Tensor | undefined): Tensor {
  const source = tensor?.node?.operator.type === "Cast" ? tensor.node.inputs[0] : undefined;
  if (source?.values !== undefined) return cast(source, "int64");
  const value = Number(call.constantOf(tensor)?.data[0]);
  return Number.isSafeInteger(value)
    ? call.graph.scalar(value, "int64")
    : call.fail("a range of floats needs whole numbers that are known when the graph is built.");
}

/** A range of floats is counted in integers: its length must be known. */
function range(call: ImportCall): readonly Tensor[] {
  const dtype = call.inputs[0]?.dtype;
  if (dtype === undefined || !isFloat(dtype)) return callOperator(call);
  const [counted] = callOperator(call, { inputs: call.inputs.map((input) => asInteger(call, input)) });
  return [cast(counted!, dtype)];
}

/** Operators whose calls need a change, or a check, on the way; all others are passed on as they are. */
export const UPGRADES: ReadonlyMap<string, Upgrade> = new Map<string, Upgrade>([
  ["AveragePool", withPads],
  ["Cast", (call) => callOperator(call, { attributes: { to: importedDataType(readInt(call, "to", 0)) } })],
  ["CastLike", (call) => callOperator(call, { type: "Cast", inputs: call.inputs.slice(0, 1), attributes: { to: likeDataType(call) } })],
  ["Constant", constant],
  ["Conv", withPads],
  ["Dropout", dropout],
  ["GroupNormalization", groupNormalization],
  ["LogSoftmax", softmax],
  ["Max", pairwise],
  ["MaxPool", withPads],
  ["Min", pairwise],
  ["Pad", pad],
  ["Pow", pow],
  ["Range", range],
  ["ReduceLogSumExp", reduction(18)],
  ["ReduceMax", reduction(18)],
  ["ReduceMean", reduction(18)],
  ["ReduceMin", reduction(18)],
  ["ReduceProd", reduction(18)],
  ["ReduceSum", reduction(13)],
  ["ReduceSumSquare", reduction(18)],
  ["Reshape", reshapeCall],
  ["ScatterND", scatter],
  ["Softmax", softmax],
  ["Split", split],
  ["Squeeze", listToOperand("axes", 13)],
  ["Unsqueeze", listToOperand("axes", 13)],
]);

const likeDataType = (call: ImportCall): number => onnxDataType(call.inputs[1]?.dtype ?? call.fail("operand 1 is missing."));
