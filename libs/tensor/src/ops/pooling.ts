// Pooling: the largest or the mean value of each window.

import { never } from "./broadcast.ts";
import { elementsOf } from "../graph/dims.ts";
import type { Dim, Shape } from "../graph/dims.ts";
import type { Attributes, GradientCall, InferenceCall, OperatorDefinition } from "../graph/operator.ts";
import { defineOperator, intAttribute, intsAttribute } from "../graph/operator.ts";
import type { Tensor } from "../graph/tensor.ts";
import { div } from "./arithmetic.ts";
import { cast } from "./cast.ts";
import type { Conv2dOptions, PerAxis, WindowAxis } from "./convolution.ts";
import { perAxis, spread, windowAxes, windowCount, windowPads } from "./convolution.ts";
import { scatterElements } from "./indexing.ts";
import { expand, full, reshape } from "./shaping.ts";

/** Options of {@link maxPool2d}. */
export interface Pool2dOptions {
  /** Elements from one window to the next, 1 or more. Default: the window, so that windows do not overlap. */
  readonly stride?: PerAxis;
  /** Padding around the input, less than the window: one number, [vertical, horizontal], or [top, left, bottom, right]. Default 0. */
  readonly padding?: NonNullable<Conv2dOptions["padding"]>;
  /** Elements from one member of the window to the next, 1 or more. Default 1. */
  readonly dilation?: PerAxis;
}

/** Options of {@link averagePool2d}. */
export interface AveragePool2dOptions extends Pool2dOptions {
  /** Whether the zeros of the padding count as members of the window. Default false. */
  readonly countPadding?: boolean;
}

const poolAttributes = (window: PerAxis, options: Pool2dOptions): Attributes => ({
  kernel_shape: perAxis(window),
  strides: perAxis(options.stride ?? window),
  pads: windowPads(options.padding ?? 0),
  dilations: perAxis(options.dilation ?? 1),
});

/**
 * Largest value of each window; of equal ones the first gets the gradient.
 * @param x - [images, channels, height, width]
 * @param window - height and width of the window
 * @throws InputError when the window does not fit
 */
export function maxPool2d(x: Tensor, window: PerAxis, options: Pool2dOptions = {}): Tensor {
  // Only training asks for the places: ONNX Runtime's pooling is much faster without them.
  return x.graph.call("MaxPool", [x], poolAttributes(window, options), { outputs: x.graph.training ? 2 : 1 })[0]!;
}

/**
 * Mean of each window.
 * @param x - [images, channels, height, width]
 * @param window - height and width of the window
 * @throws InputError when the window does not fit
 */
export function averagePool2d(x: Tensor, window: PerAxis, options: AveragePool2dOptions = {}): Tensor {
  return x.graph.one("AveragePool", [x], { ...poolAttributes(window, options), count_include_pad: options.countPadding === true ? 1 : 0 });
}

/**
 * Mean of each channel over the whole image.
 * @param x - [images, channels, height, width]
 * @returns [images, channels]
 */
export function globalAveragePool2d(x: Tensor): Tensor {
  return reshape(x.graph.one("GlobalAveragePool", [x]), x.shape.slice(0, 2));
}

interface Pooling {
  readonly kernel: readonly number[];
  readonly axes: readonly WindowAxis[];
}

function poolingOf(x: Tensor, attributes: Attributes, fail: (problem: string) => never): Pooling {
  const count = x.rank - 2;
  if (count < 1) fail("expected an input [images, channels, ...] of 3 or more axes.");
  const kernel = intsAttribute(attributes, "kernel_shape") ?? fail("`kernel_shape` is missing.");
  if (kernel.length !== count || kernel.some((size) => !Number.isInteger(size) || size < 1)) {
    fail(`\`kernel_shape\` must hold ${count} whole numbers of 1 or more, got [${kernel.join(", ")}].`);
  }
  if (intAttribute(attributes, "ceil_mode", 0) !== 0) fail("ceil_mode = 1 is not supported.");
  if (intAttribute(attributes, "storage_order", 0) !== 0) fail("storage_order = 1 is not supported.");
  const axes = windowAxes(attributes, count, fail);
  axes.forEach(({ before, after }, i) => {
    if (before >= kernel[i]! || after >= kernel[i]!) fail(`padding of ${before} and ${after} must be less than the window's ${kernel[i]}.`);
  });
  return { kernel, axes };
}

function inferPool(call: InferenceCall): Shape {
  const x = call.inputs[0]!;
  const { kernel, axes } = poolingOf(x, call.attributes, call.fail);
  return [...x.shape.slice(0, 2), ...axes.map((axis, i) => windowCount(x.shape[i + 2]!, kernel[i]!, axis, call.fail))];
}

const flat = (x: Tensor): Tensor => reshape(x, [elementsOf(x.shape)]);

function maxPoolGradient({ inputs, outputs, attributes, outputGradients }: GradientCall): Tensor {
  const x = inputs[0]!;
  // Places are counted through the whole tensor, so one axis holds everything.
  const places = outputs[1] ?? x.graph.call("MaxPool", [x], attributes, { outputs: 2 })[1]!;
  const zeros = full(x, [elementsOf(x.shape)], 0);
  return reshape(scatterElements(zeros, flat(places), flat(outputGradients[0]!), 0, "add"), x.shape);
}

function averagePoolGradient({ inputs, attributes, outputGradients }: GradientCall): Tensor {
  const x = inputs[0]!;
  const [images, channels, ...spatial] = x.shape as [Dim, Dim, ...Dim[]];
  const { kernel, axes } = poolingOf(x, attributes, never);
  const gradient = outputGradients[0]!;
  const members = kernel.reduce((a, b) => a * b, 1);
  const allCount = intAttribute(attributes, "count_include_pad", 0) !== 0 || axes.every(({ before, after }) => before === 0 && after === 0);
  const window = full(x, [1, 1, ...kernel], allCount ? 1 / members : 1);
  const shares = allCount ? gradient : div(gradient, windowMembers(x, kernel, attributes));
  const planes = reshape(shares, [elementsOf([images, channels]), 1, ...gradient.shape.slice(2)]);
  return reshape(spread(planes, window, axes, 1, spatial), x.shape);
}

/** How many elements of the input each window holds, [1, 1, ...]. */
function windowMembers(x: Tensor, kernel: readonly number[], attributes: Attributes): Tensor {
  const { strides, pads, dilations } = attributes;
  const given = Object.entries({ strides, pads, dilations }).filter(([, value]) => value !== undefined);
  const ones = full(x, [1, 1, ...x.shape.slice(2)], 1);
  return x.graph.one("Conv", [ones, full(x, [1, 1, ...kernel], 1)], Object.fromEntries(given) as Attributes);
}

function meanOfAll({ inputs, outputGradients }: GradientCall): Tensor {
  const x = inputs[0]!;
  const count = elementsOf(x.shape.slice(2));
  const divisor = typeof count === "number" ? count : reshape(cast(x.graph.dimTensor(count), x.dtype), []);
  return expand(div(outputGradients[0]!, divisor), x.shape);
}

const POOL_ATTRIBUTES = {
  auto_pad: "string",
  ceil_mode: "int",
  dilations: "ints",
  kernel_shape: "ints",
  pads: "ints",
  strides: "ints",
} as const;

export const poolingOperators: readonly OperatorDefinition[] = [
  defineOperator({
    type: "MaxPool",
    arity: [1, 1],
    attributes: { ...POOL_ATTRIBUTES, storage_order: "int" },
    infer(call) {
      const { dtype } = call.inputs[0]!;
      const shape = inferPool(call);
      return call.outputCount === 1
        ? [{ dtype, shape }]
        : [
            { dtype, shape },
            { dtype: "int64", shape },
          ];
    },
    gradient: (call) => [maxPoolGradient(call)],
  }),
  defineOperator({
    type: "AveragePool",
    arity: [1, 1],
    attributes: { ...POOL_ATTRIBUTES, count_include_pad: "int" },
    infer: (call) => [{ dtype: call.inputs[0]!.dtype, shape: inferPool(call) }],
    gradient: (call) => [averagePoolGradient(call)],
  }),
  defineOperator({
    type: "GlobalAveragePool",
    arity: [1, 1],
    infer(call) {
      const x = call.inputs[0]!;
      if (x.rank < 3) call.fail("expected an input [images, channels, ...] of 3 or more axes.");
      return [{ dtype: x.dtype, shape: [...x.shape.slice(0, 2), ...x.shape.slice(2).map(() => 1)] }];
    },
    gradient: (call) => [meanOfAll(call)],
  }),
];
