import { Rng } from "@reverie/core";
import { expect, test } from "vitest";
import { ParameterSet } from "../graph/parameters.ts";
import { Linear } from "../nn/linear.ts";
import { compile } from "../node/compile.ts";
import { Session } from "../node/session.ts";
import { encodeModel } from "./encode.ts";
import { withHalfWeights } from "./half-weights.ts";
import { hostTensor } from "./host-tensor.ts";

const WIDTH = 64;

async function linearModel(change: (weights: Float32Array) => void = () => undefined): Promise<Awaited<ReturnType<typeof compile>>> {
  const layer = new Linear(new ParameterSet({ seed: 1 }), WIDTH, WIDTH);
  change(layer.weight.values);
  return compile({ inputs: { x: { dtype: "float32", shape: ["batch", WIDTH] } }, outputs: ({ x }) => ({ y: layer.apply(x!) }) });
}

test("A model with float16 weights takes half the bytes and gives the same numbers but for the rounding.", async () => {
  const whole = await linearModel();
  const half = withHalfWeights(whole.model);
  expect(encodeModel(half).length).toBeLessThan(0.6 * encodeModel(whole.model).length);
  const session = await Session.create(half);
  const rng = new Rng(2);
  const x = hostTensor(
    Float32Array.from({ length: 3 * WIDTH }, () => rng.normal(0, 1)),
    [3, WIDTH],
  );
  const expected = (await whole.run({ x }))["y"]!.data as Float32Array;
  const actual = (await session.run({ x }))["y"]!.data as Float32Array;
  const differences = expected.map((value, i) => Math.abs(value - actual[i]!));
  // Rounding changes each of 64 weights of about 1/8 by up to 2^-11 of itself.
  expect(Math.max(...differences)).toBeLessThan(3e-3);
  expect(Math.max(...differences)).toBeGreaterThan(0);
  await session.release();
  await whole.release();
});

test("Weights that float16 cannot hold, and small arrays, stay float32.", async () => {
  const large = await linearModel((weights) => (weights[5] = 70_000));
  expect(withHalfWeights(large.model).initializers.every(({ dtype }) => dtype !== "float16")).toBe(true);
  const usual = await linearModel();
  const types = withHalfWeights(usual.model).initializers.map(({ name, dtype }) => `${name} ${dtype}`);
  expect(types.filter((line) => line.includes("bias"))).toEqual(["parameters/bias float32"]);
  expect(types.filter((line) => line.includes("weight"))).toEqual(["parameters/weight/half float16"]);
  await large.release();
  await usual.release();
});
