import { describe, it } from "vitest";
import { expectGradient } from "../testing/check-gradient.ts";
import {
  abs,
  add,
  ceil,
  cos,
  div,
  exp,
  floor,
  log,
  max,
  min,
  mul,
  neg,
  pow,
  reciprocal,
  round,
  sign,
  sin,
  sqrt,
  sub,
} from "./arithmetic.ts";

describe("gradients of arithmetic agree with central differences", () => {
  const pair = { a: { shape: [2, 3] }, b: { shape: [2, 3] } };
  const rows = { a: { shape: [2, 1, 3] }, b: { shape: [4, 1] } };
  it.each([
    ["add", add],
    ["sub", sub],
    ["mul", mul],
    ["min", min],
    ["max", max],
  ] as const)("%s, of one shape and broadcast", async (_name, operation) => {
    await expectGradient({ operands: pair, build: ({ a, b }) => operation(a!, b!) });
    await expectGradient({ operands: rows, build: ({ a, b }) => operation(a!, b!) });
    await expectGradient({ operands: { a: { shape: [3] } }, build: ({ a }) => operation(2, operation(a!, 0.5)) });
  });

  it("div and pow, where they are smooth", async () => {
    const operands = { a: { shape: [2, 1, 3], low: 0.5, high: 2 }, b: { shape: [4, 1], low: 0.5, high: 2 } };
    await expectGradient({ operands, build: ({ a, b }) => div(a!, b!) });
    await expectGradient({ operands, build: ({ a, b }) => pow(a!, b!) });
    await expectGradient({ operands: { a: { shape: [3] } }, build: ({ a }) => pow(a!, 3) });
  });

  it.each([
    ["neg", neg, -1, 1],
    ["abs", abs, -1, 1],
    ["exp", exp, -1, 1],
    ["log", log, 0.2, 2],
    ["sqrt", sqrt, 0.2, 2],
    ["reciprocal", reciprocal, 0.5, 2],
    ["sin", sin, -3, 3],
    ["cos", cos, -3, 3],
    ["sign", sign, 0.1, 2],
    ["floor", floor, 0.1, 0.9],
    ["ceil", ceil, 0.1, 0.9],
    ["round", round, 0.1, 0.4],
  ] as const)("%s", async (_name, operation, low, high) => {
    await expectGradient({ operands: { x: { shape: [2, 3], low, high } }, build: ({ x }) => operation(x!) });
  });
});
