import { Rng } from "@reverie/core";
import { expect } from "vitest";
import { gradients } from "../graph/gradients.ts";
import { Graph } from "../graph/graph.ts";
import type { Tensor } from "../graph/tensor.ts";
import { Session } from "../node/session.ts";
import type { HostTensor } from "../onnx/model.ts";

export interface OperandSpec {
  readonly shape: readonly number[];
  /** Values lie in [low, high). Default [-1, 1). */
  readonly low?: number;
  readonly high?: number;
  /** Given instead of drawn values. */
  readonly values?: readonly number[];
}

export interface GradientCheck {
  readonly operands: Readonly<Record<string, OperandSpec>>;
  /** The operation under test; a weighted sum of its output becomes the loss. */
  readonly build: (operands: Readonly<Record<string, Tensor>>, graph: Graph) => Tensor;
  /**
   * The same operation in float64 on plain numbers, row-major, for operators that ONNX Runtime computes in float32 only. The
   * central differences are then taken of it, and the graph runs in float32.
   */
  readonly reference?: (operands: Readonly<Record<string, Float64Array>>) => ArrayLike<number>;
  readonly seed?: number;
  /** Largest allowed difference, relative to the largest gradient entry. Default 1e-6 in float64, 2e-4 in float32. */
  readonly tolerance?: number;
}

const STEP = 1e-5;

/**
 * Compares the gradient by every operand with central differences in float64. The loss is a sum of the output weighted by fixed
 * random numbers, so that no entry of the output goes unseen.
 */
export async function expectGradient(check: GradientCheck): Promise<void> {
  const rng = new Rng(check.seed ?? 1);
  const values = Object.fromEntries(
    Object.entries(check.operands).map(([name, { shape, low = -1, high = 1, values: given }]) => {
      const count = shape.reduce((a, b) => a * b, 1);
      return [name, given === undefined ? Float64Array.from({ length: count }, () => rng.uniform(low, high)) : Float64Array.from(given)];
    }),
  );
  const dtype = check.reference === undefined ? "float64" : "float32";
  const graph = new Graph();
  const inputs = Object.fromEntries(Object.entries(check.operands).map(([name, { shape }]) => [name, graph.input(name, dtype, shape)]));
  const output = check.build(inputs, graph);
  const size = output.shape.reduce<number>((a, b) => a * Number(b), 1);
  const weights = Float64Array.from({ length: size }, () => rng.uniform(0.5, 1.5) * (rng.bernoulli(0.5) ? 1 : -1));
  const weightTensor = graph.constant({
    dtype,
    shape: output.shape.map(Number),
    data: dtype === "float64" ? weights : Float32Array.from(weights),
  });
  const loss = graph.one("ReduceSum", [graph.one("Mul", [output, weightTensor])], { keepdims: 0 });
  const names = Object.keys(inputs);
  const found = gradients(loss, Object.values(inputs));
  const outputs = { loss, output, ...Object.fromEntries(names.map((name, i) => [`gradient_${name}`, found[i]!])) };
  const session = await Session.create(graph.toModel(outputs));
  const read = new Set(session.inputNames);
  const feeds = (at: Record<string, Float64Array>): Record<string, HostTensor> =>
    Object.fromEntries(
      names
        .filter((name) => read.has(name))
        .map((name) => [
          name,
          { dtype, shape: check.operands[name]!.shape, data: dtype === "float64" ? at[name]! : Float32Array.from(at[name]!) },
        ]),
    );
  const lossAt = async (at: Record<string, Float64Array>): Promise<number> => {
    if (check.reference === undefined) return Number((await session.run(feeds(at))).loss!.data[0]);
    const result = check.reference(at);
    let sum = 0;
    for (let i = 0; i < size; i++) sum += result[i]! * weights[i]!;
    return sum;
  };
  try {
    const result = await session.run(feeds(values));
    if (check.reference !== undefined) {
      const forward = check.reference(values);
      expect(forward.length).toBe(size);
      for (let i = 0; i < size; i++)
        expect(Math.abs(Number(result.output!.data[i]) - forward[i]!)).toBeLessThan(1e-4 * (1 + Math.abs(forward[i]!)));
    }
    for (const name of names)
      await compare(name, result[`gradient_${name}`]!, values, lossAt, check.tolerance ?? (dtype === "float64" ? 1e-6 : 2e-4));
  } finally {
    await session.release();
  }
}

async function compare(
  name: string,
  gradient: HostTensor,
  values: Record<string, Float64Array>,
  lossAt: (at: Record<string, Float64Array>) => Promise<number>,
  tolerance: number,
): Promise<void> {
  const at = values[name]!;
  const expected = new Float64Array(at.length);
  for (let i = 0; i < at.length; i++) {
    const shifted = (delta: number): Record<string, Float64Array> => ({ ...values, [name]: at.with(i, at[i]! + delta) });
    expected[i] = ((await lossAt(shifted(STEP))) - (await lossAt(shifted(-STEP)))) / (2 * STEP);
  }
  const scale = Math.max(1e-2, ...expected.map(Math.abs));
  for (let i = 0; i < at.length; i++) {
    const difference = Math.abs(Number(gradient.data[i]) - expected[i]!) / scale;
    expect(difference, `gradient by ${name}[${i}]: ${gradient.data[i]} against ${expected[i]}`).toBeLessThan(tolerance);
  }
}
