// Dropout with masks that can be drawn again.

import { InputError } from "@reverie/core";
import type { Dim, Shape } from "../graph/dims.ts";
import { elementsOf } from "../graph/dims.ts";
import type { OperatorDefinition } from "../graph/operator.ts";
import { defineOperator } from "../graph/operator.ts";
import type { Tensor } from "../graph/tensor.ts";
import { add, mul } from "./arithmetic.ts";
import { bitwiseOr, bitwiseXor, shiftRight } from "./bitwise.ts";
import { cast } from "./cast.ts";
import { split } from "./joining.ts";
import { less } from "./logic.ts";
import { range, reshape } from "./shaping.ts";

/** Where a dropout mask comes from: the same values give the same mask in every process. */
export interface DropoutOptions {
  /** int64 or uint32 of one element that changes at every step; its lowest 32 bits count. */
  readonly counter: Tensor;
  /** Seed of the whole run, a whole number from 0 to 2^53 - 1. */
  readonly seed: number;
  /** Which dropout of the model this is, a whole number from 0 to 2^32 - 1; two with one number drop alike. */
  readonly site: number;
}

const TWO_TO_32 = 2 ** 32;
/** 2^32 over the golden ratio, odd: neighbouring numbers get far apart. */
const GOLDEN = 0x9e3779b9;
/** Multipliers of MurmurHash3's finalizer (Appleby 2011). */
const MIX_1 = 0x85ebca6b;
const MIX_2 = 0xc2b2ae35;

/** MurmurHash3's finalizer: a bijection of 32-bit numbers in which each bit of the input moves half of the bits. */
function mixNumber(value: number): number {
  let x = value >>> 0;
  x = Math.imul(x ^ (x >>> 16), MIX_1);
  x = Math.imul(x ^ (x >>> 13), MIX_2);
  return (x ^ (x >>> 16)) >>> 0;
}

/** The same in the graph, of uint32. */
function mix(value: Tensor): Tensor {
  let x = mul(bitwiseXor(value, shiftRight(value, 16)), MIX_1);
  x = mul(bitwiseXor(x, shiftRight(x, 13)), MIX_2);
  return bitwiseXor(x, shiftRight(x, 16));
}

/** One 32-bit number from several. */
const combine = (...parts: readonly number[]): number => parts.reduce((state, part) => mixNumber(Math.imul(state, GOLDEN) + part + 1), 0);

/** Random uint32 [streams, count] that follow from the key and the streams' bases only; most of the work is done once when count is a number. */
function randomWords(key: Tensor, bases: readonly number[], count: Dim): Tensor {
  const { graph } = key;
  const column = (numbers: readonly number[], width: number): Tensor =>
    graph.constant({ dtype: "uint32", shape: [bases.length, width], data: Uint32Array.from(numbers) });
  let words: Tensor;
  if (typeof count === "number") {
    const indices = Array.from({ length: count }, (_, i) => Math.imul(i, GOLDEN));
    words = column(
      bases.flatMap((base) => indices.map((index) => mixNumber(index ^ base))),
      count,
    );
  } else {
    words = mix(bitwiseXor(mul(cast(range(key, count), "uint32"), GOLDEN), column(bases, 1)));
  }
  return mix(bitwiseXor(words, key));
}

/**
 * Whether each element is kept: uint32 random numbers below a threshold. Row r (all axes but the last) gets a random multiplier
 * and a random offset, column c a random word, and the element is their (multiplier * word + offset) mod 2^32: the
 * multiply-add hash of Dietzfelbinger 1996 ("Universal hashing and k-wise independent random variables via integer arithmetic
 * without primes"). It costs two passes over the elements where hashing every index alone costs six or more.
 */
function keptElements(shape: Shape, keep: number, { counter, seed, site }: DropoutOptions): Tensor {
  const { graph } = counter;
  const run = combine(seed % TWO_TO_32, Math.floor(seed / TWO_TO_32));
  const step = reshape(cast(counter, "uint32"), []);
  const key = mix(add(mul(step, GOLDEN), run));
  const leading = shape.slice(0, -1);
  const rows = randomWords(key, [combine(run, site, 0), combine(run, site, 1)], elementsOf(leading));
  const columns = reshape(randomWords(key, [combine(run, site, 2)], shape.at(-1) ?? 1), shape.slice(-1));
  const [multipliers, offsets] = split(rows, [1, 1], 0).map((part) => reshape(part, shape.length === 0 ? [] : [...leading, 1])) as [
    Tensor,
    Tensor,
  ];
  const words = add(mul(bitwiseOr(multipliers, 1), columns), offsets);
  return less(words, graph.scalar(Math.min(Math.round(keep * TWO_TO_32), TWO_TO_32 - 1), "uint32"));
}

function checkOptions(x: Tensor, rate: number, { counter, seed, site }: DropoutOptions): void {
  const fail = (problem: string): never => {
    throw new InputError("dropout", `of ${x.toString()}: ${problem}`);
  };
  if (!(rate >= 0 && rate < 1)) fail(`the rate must be from 0 up to and without 1, got ${rate}.`);
  if (!Number.isSafeInteger(seed) || seed < 0) fail(`the seed must be a whole number from 0 to 2^53 - 1, got ${seed}.`);
  if (!Number.isInteger(site) || site < 0 || site >= TWO_TO_32) fail(`the site must be a whole number from 0 to 2^32 - 1, got ${site}.`);
  if ((counter.dtype !== "int64" && counter.dtype !== "uint32") || elementsOf(counter.shape) !== 1) {
    fail(`the counter must be int64 or uint32 of one element, got ${counter.toString()}.`);
  }
}

/**
 * Sets each element to 0 with probability `rate` and divides the others by 1 - rate (Srivastava et al. 2014,
 * https://jmlr.org/papers/v15/srivastava14a.html, in the form that leaves inference alone). Nothing happens unless the graph is
 * for training, or when the rate is 0. The mask depends only on seed, site, counter and the element's place, so a run that is
 * resumed, or computed on more threads, drops the same elements.
 * @param x - float of any shape
 * @param rate - from 0 up to and without 1
 * @throws InputError when rate, seed, site or counter is out of its range
 */
export function dropout(x: Tensor, rate: number, options: DropoutOptions): Tensor {
  checkOptions(x, rate, options);
  if (!x.graph.training || rate === 0) return x;
  const keep = 1 - rate;
  const kept = keptElements(x.shape, keep, options);
  const { graph } = x;
  return mul(x, graph.one("Where", [kept, graph.scalar(1 / keep, x.dtype), graph.scalar(0, x.dtype)]));
}

export const dropoutOperators: readonly OperatorDefinition[] = [
  defineOperator({
    // For imported inference graphs; `dropout` does not use it, because its masks cannot be drawn again.
    type: "Dropout",
    arity: [1, 3],
    attributes: { seed: "int" },
    infer(call) {
      const [x, , mode] = call.inputs as [Tensor, Tensor | undefined, Tensor | undefined];
      if (mode !== undefined && mode.values?.[0] !== 0) call.fail("training_mode must be a constant false; use ops.dropout to train.");
      if (call.outputCount !== 1) call.fail("the mask output is not supported.");
      return [{ dtype: x.dtype, shape: x.shape }];
    },
    gradient: ({ outputGradients }) => [outputGradients[0]],
  }),
];
