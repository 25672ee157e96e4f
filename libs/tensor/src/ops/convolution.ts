// Convolutions over any number of spatial axes, and their transposes.

import type { Dim, Shape } from "../graph/dims.ts";
import { addDims, divideDims, floorDivideDims, multiplyDims, sameShape, shapeText, subtractDims } from "../graph/dims.ts";
import type { Attributes, InferenceCall, OperatorDefinition } from "../graph/operator.ts";
import { defineOperator, intAttribute, intsAttribute, stringAttribute } from "../graph/operator.ts";
import type { Tensor } from "../graph/tensor.ts";
import { never, sameDtype } from "./broadcast.ts";
import { slice } from "./joining.ts";
import { reduceSum } from "./reduce.ts";
import { reshape, transpose } from "./shaping.ts";

/** One number for both axes, or [vertical, horizontal]. */
export type PerAxis = number | readonly [vertical: number, horizontal: number];

/** Options of {@link conv2d}. */
export interface Conv2dOptions {
  /** Elements from one window to the next, 1 or more. Default 1. */
  readonly stride?: PerAxis;
  /** Zeros around the input: one number, [vertical, horizontal], or [top, left, bottom, right]. Default 0. */
  readonly padding?: PerAxis | readonly [top: number, left: number, bottom: number, right: number];
  /** Elements from one weight of the window to the next, 1 or more. Default 1. */
  readonly dilation?: PerAxis;
  /** Channels are split into this many groups that do not see each other; as many as channels is a depthwise convolution. Default 1. */
  readonly groups?: number;
}

/** Options of {@link convTranspose2d}. */
export interface ConvTranspose2dOptions extends Conv2dOptions {
  /** More rows and columns at the bottom and right, less than the stride. Default 0. */
  readonly outputPadding?: PerAxis;
}

/** How a window moves along one spatial axis. */
export interface WindowAxis {
  readonly stride: number;
  readonly dilation: number;
  /** Padding before the first and after the last element. */
  readonly before: number;
  readonly after: number;
}

export const perAxis = (value: PerAxis): readonly number[] => (typeof value === "number" ? [value, value] : value);

/** ONNX's `pads`: top, left, bottom, right. */
export function windowPads(padding: NonNullable<Conv2dOptions["padding"]>): readonly number[] {
  if (typeof padding === "number") return [padding, padding, padding, padding];
  return padding.length === 2 ? [...padding, ...padding] : padding;
}

function convAttributes(options: Conv2dOptions): Attributes {
  return {
    strides: perAxis(options.stride ?? 1),
    pads: windowPads(options.padding ?? 0),
    dilations: perAxis(options.dilation ?? 1),
    group: options.groups ?? 1,
  };
}

/**
 * Cross-correlation of images with small windows (what neural networks call convolution).
 * @param x - [images, channels, height, width]
 * @param weight - [filters, channels / groups, window height, window width]
 * @param bias - [filters]
 * @returns [images, filters, floor((height + padding - dilation * (window - 1) - 1) / stride) + 1, ...]
 * @throws InputError naming operands and shapes when they do not fit
 */
export function conv2d(x: Tensor, weight: Tensor, bias?: Tensor, options: Conv2dOptions = {}): Tensor {
  return x.graph.one("Conv", bias === undefined ? [x, weight] : [x, weight, bias], convAttributes(options));
}

/**
 * Transpose of {@link conv2d}: what maps its output's shape back to its input's, used to enlarge images in decoders.
 * @param x - [images, channels, height, width]
 * @param weight - [channels, filters / groups, window height, window width]
 * @param bias - [filters]
 * @returns [images, filters, stride * (height - 1) + dilation * (window - 1) + 1 - padding + outputPadding, ...]
 * @throws InputError naming operands and shapes when they do not fit
 */
export function convTranspose2d(x: Tensor, weight: Tensor, bias?: Tensor, options: ConvTranspose2dOptions = {}): Tensor {
  return x.graph.one("ConvTranspose", bias === undefined ? [x, weight] : [x, weight, bias], {
    ...convAttributes(options),
    output_padding: perAxis(options.outputPadding ?? 0),
  });
}

const LARGEST = 2 ** 31 - 1;

function windowList(
  attributes: Attributes,
  name: string,
  count: number,
  fallback: number,
  fail: (problem: string) => never,
): readonly number[] {
  const list = intsAttribute(attributes, name) ?? Array.from({ length: count }, () => fallback);
  if (list.length !== count || list.some((value) => !Number.isInteger(value) || value < fallback || value > LARGEST)) {
    fail(`\`${name}\` must hold ${count} whole numbers of ${fallback} or more, got [${list.join(", ")}].`);
  }
  return list;
}

/** How the window moves, from ONNX's attributes `strides`, `dilations` and `pads`. */
export function windowAxes(attributes: Attributes, count: number, fail: (problem: string) => never): WindowAxis[] {
  const autoPad = stringAttribute(attributes, "auto_pad", "NOTSET");
  if (autoPad !== "NOTSET") fail(`auto_pad "${autoPad}" is not supported; give the pads.`);
  const strides = windowList(attributes, "strides", count, 1, fail);
  const dilations = windowList(attributes, "dilations", count, 1, fail);
  const pads = windowList(attributes, "pads", 2 * count, 0, fail);
  return strides.map((stride, i) => ({ stride, dilation: dilations[i]!, before: pads[i]!, after: pads[count + i]! }));
}

/** Number of windows along an axis. */
export function windowCount(dim: Dim, kernel: Dim, axis: WindowAxis, fail: (problem: string) => never): Dim {
  const span = addDims(multiplyDims(subtractDims(kernel, 1), axis.dilation), 1);
  const room = subtractDims(addDims(dim, axis.before + axis.after), span);
  if (typeof room === "number" && room < 0)
    fail(`a window that spans ${span} does not fit into ${dim} elements with ${axis.before + axis.after} of padding.`);
  return floorDivideDims(addDims(room, axis.stride), axis.stride);
}

function attributesOf(axes: readonly WindowAxis[], group: number): Attributes {
  return {
    strides: axes.map(({ stride }) => stride),
    dilations: axes.map(({ dilation }) => dilation),
    pads: [...axes.map(({ before }) => before), ...axes.map(({ after }) => after)],
    group,
  };
}

/** The first elements along the spatial axes, where there are more than wanted. */
function fit(x: Tensor, spatial: Shape): Tensor {
  return spatial.reduce<Tensor>((cut, dim, i) => (cut.shape[i + 2] === dim ? cut : slice(cut, i + 2, 0, dim)), x);
}

/**
 * Spreads y back over the windows it was computed from: the transposed convolution, in the spatial sizes that the convolution had
 * as its input.
 */
export function spread(y: Tensor, weight: Tensor, axes: readonly WindowAxis[], group: number, spatial: Shape): Tensor {
  const outputPadding = axes.map(({ stride, dilation, before, after }, i) => {
    const dim = spatial[i]!;
    const kernel = weight.shape[i + 2]!;
    // Elements that the last window did not reach. Where they cannot be counted yet, the most that there can be.
    if (typeof dim === "number" && typeof kernel === "number") return (dim + before + after - dilation * (kernel - 1) - 1) % stride;
    return stride - 1;
  });
  return fit(y.graph.one("ConvTranspose", [y, weight], { ...attributesOf(axes, group), output_padding: outputPadding }), spatial);
}

/**
 * Gradient of a convolution by its weights: the input convolved with the output's gradient, images and channels swapped, strides
 * and dilations swapped. Groups stay groups: each sees the images of its own channels.
 */
function weightGradient(x: Tensor, gradient: Tensor, weight: Tensor, axes: readonly WindowAxis[], group: number): Tensor {
  const [images, channels, ...spatial] = x.shape as [Dim, Dim, ...Dim[]];
  const rest = spatial.map((_, i) => i + 2);
  const swapChannels = [1, 0, ...rest];
  const grouped = (): Tensor => {
    const each = divideDims(channels, group)!;
    const split = reshape(x, [images, group, each, ...spatial]);
    return reshape(transpose(split, [2, 1, 0, ...rest.map((axis) => axis + 1)]), [each, multiplyDims(images, group), ...spatial]);
  };
  const swapped = group === 1 ? transpose(x, swapChannels) : grouped();
  const turned = axes.map((axis) => ({ ...axis, stride: axis.dilation, dilation: axis.stride }));
  const whole = x.graph.one("Conv", [swapped, transpose(gradient, swapChannels)], attributesOf(turned, group));
  return transpose(fit(whole, weight.shape.slice(2)), swapChannels);
}

const biasGradient = (gradient: Tensor): Tensor =>
  reduceSum(
    gradient,
    gradient.shape.flatMap((_, i) => (i === 1 ? [] : [i])),
  );

interface ConvolutionParts {
  readonly x: Tensor;
  readonly weight: Tensor;
  readonly axes: WindowAxis[];
  readonly group: number;
}

function partsOf(inputs: readonly (Tensor | undefined)[], attributes: Attributes, fail: (problem: string) => never): ConvolutionParts {
  const [x, weight] = inputs as [Tensor, Tensor];
  if (x.rank < 3 || weight.rank !== x.rank) fail("expected an input [images, channels, ...] and weights of as many axes, 3 or more.");
  const group = intAttribute(attributes, "group", 1);
  if (!Number.isInteger(group) || group < 1) fail(`\`group\` must be a whole number of 1 or more, got ${group}.`);
  return { x, weight, axes: windowAxes(attributes, x.rank - 2, fail), group };
}

/** The parts of a call of Conv or ConvTranspose whose operands fit together as far as both demand it. */
function checkedParts(call: InferenceCall): ConvolutionParts {
  sameDtype(call, call.inputs);
  const parts = partsOf(call.inputs, call.attributes, call.fail);
  const { weight, group } = parts;
  const kernel = intsAttribute(call.attributes, "kernel_shape");
  if (kernel !== undefined && !sameShape(kernel, weight.shape.slice(2)))
    call.fail(`\`kernel_shape\` ${shapeText(kernel)} is not that of the weights.`);
  if (divideDims(weight.shape[0]!, group) === undefined) call.fail(`axis 0 of the weights does not divide into ${group} groups.`);
  return parts;
}

function checkBias(call: InferenceCall, filters: Dim): void {
  const bias = call.inputs[2];
  if (bias !== undefined && !sameShape(bias.shape, [filters])) call.fail(`the bias must be [${filters}].`);
}

const WINDOW_ATTRIBUTES = {
  auto_pad: "string",
  dilations: "ints",
  group: "int",
  kernel_shape: "ints",
  pads: "ints",
  strides: "ints",
} as const;

/** ONNX allows more where the dilation is larger than the stride; ONNX Runtime does not. */
function outputPaddings(call: InferenceCall, axes: readonly WindowAxis[]): readonly number[] {
  const list = windowList(call.attributes, "output_padding", axes.length, 0, call.fail);
  axes.forEach(({ stride }, i) => {
    if (list[i]! >= stride) call.fail(`an \`output_padding\` of ${list[i]} is not less than the stride ${stride}.`);
  });
  return list;
}

export const convolutionOperators: readonly OperatorDefinition[] = [
  defineOperator({
    type: "Conv",
    arity: [2, 3],
    attributes: WINDOW_ATTRIBUTES,
    infer(call) {
      const { x, weight, axes, group } = checkedParts(call);
      const [images, channels, ...spatial] = x.shape as [Dim, Dim, ...Dim[]];
      const each = divideDims(channels, group) ?? call.fail(`${channels} channels do not divide into ${group} groups.`);
      if (weight.shape[1] !== each) call.fail(`axis 1 of the weights must be ${each}, which is ${channels} channels in ${group} groups.`);
      const filters = weight.shape[0]!;
      checkBias(call, filters);
      return [
        {
          dtype: x.dtype,
          shape: [images, filters, ...axes.map((axis, i) => windowCount(spatial[i]!, weight.shape[i + 2]!, axis, call.fail))],
        },
      ];
    },
    gradient({ inputs, attributes, outputGradients, wanted }) {
      const { x, weight, axes, group } = partsOf(inputs, attributes, never);
      const g = outputGradients[0]!;
      return [
        wanted[0] ? spread(g, weight, axes, group, x.shape.slice(2)) : undefined,
        wanted[1] ? weightGradient(x, g, weight, axes, group) : undefined,
        wanted[2] ? biasGradient(g) : undefined,
      ];
    },
  }),
  defineOperator({
    type: "ConvTranspose",
    arity: [2, 3],
    attributes: { ...WINDOW_ATTRIBUTES, output_padding: "ints", output_shape: "ints" },
    infer(call) {
      const { x, weight, axes, group } = checkedParts(call);
      if (call.attributes["output_shape"] !== undefined) call.fail("`output_shape` is not supported; give pads and `output_padding`.");
      const paddings = outputPaddings(call, axes);
      const [images, channels, ...spatial] = x.shape as [Dim, Dim, ...Dim[]];
      if (weight.shape[0] !== channels) call.fail(`axis 0 of the weights must be ${channels}, the number of channels.`);
      const filters = multiplyDims(weight.shape[1]!, group);
      checkBias(call, filters);
      const sizes = axes.map(({ stride, dilation, before, after }, i) => {
        const span = addDims(multiplyDims(subtractDims(weight.shape[i + 2]!, 1), dilation), 1 + paddings[i]! - before - after);
        const size = addDims(multiplyDims(subtractDims(spatial[i]!, 1), stride), span);
        return typeof size === "number" && size < 1 ? call.fail(`the padding leaves nothing of axis ${i + 2}.`) : size;
      });
      return [{ dtype: x.dtype, shape: [images, filters, ...sizes] }];
    },
    gradient({ inputs, attributes, outputGradients, wanted }) {
      const { x, weight, axes, group } = partsOf(inputs, attributes, never);
      const g = outputGradients[0]!;
      return [
        wanted[0] ? fit(g.graph.one("Conv", [g, weight], attributesOf(axes, group)), x.shape.slice(2)) : undefined,
        wanted[1] ? weightGradient(g, x, weight, axes, group) : undefined,
        wanted[2] ? biasGradient(g) : undefined,
      ];
    },
  }),
];
