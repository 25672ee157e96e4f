import { describe, expect, it } from "vitest";
import { Graph } from "../graph/graph.ts";
import { hostTensor } from "../onnx/host-tensor.ts";
import { add, mul } from "../ops/arithmetic.ts";
import { matMul } from "../ops/matmul.ts";
import { executionProviders } from "./providers.ts";
import { Session } from "./session.ts";

function doubling() {
  const graph = new Graph();
  return graph.toModel({ y: mul(graph.input("x", "float32", ["n"]), 2) });
}

describe("a session", () => {
  it("computes on the processor and gives outputs in their shapes", async () => {
    const session = await Session.create(doubling());
    const { y } = await session.run({ x: hostTensor(Float32Array.of(1, 2, 3)) });
    expect(y).toEqual(hostTensor(Float32Array.of(2, 4, 6)));
    await session.release();
  });

  it("puts outputs into arrays it is given", async () => {
    const session = await Session.create(doubling());
    const into = { y: hostTensor(new Float32Array(2)) };
    const { y } = await session.run({ x: hostTensor(Float32Array.of(1, 2)) }, into);
    expect(y!.data).toBe(into.y.data);
    expect(into.y.data).toEqual(Float32Array.of(2, 4));
    await session.release();
  });

  it("refuses feeds that are missing, unknown or of another dtype, by name", async () => {
    const session = await Session.create(doubling());
    await expect(session.run({})).rejects.toThrow("x: no value is fed for this input; inputs: x.");
    await expect(session.run({ x: hostTensor(Float32Array.of(1)), z: hostTensor(Float32Array.of(1)) })).rejects.toThrow(
      "z: there is no such input; inputs: x.",
    );
    await expect(session.run({ x: hostTensor(Float64Array.of(1)) })).rejects.toThrow("run: ONNX Runtime stopped");
    await expect(session.run({ x: { dtype: "float32", shape: [3], data: Float32Array.of(1) } })).rejects.toThrow(
      "x: Float32Array of 1 is no float32 [3].",
    );
    await session.release();
    await session.release();
    await expect(session.run({ x: hostTensor(Float32Array.of(1)) })).rejects.toThrow("The session was released; make another one.");
  });

  it("gives the same bits on one thread and on two", async () => {
    const graph = new Graph();
    const a = graph.input("a", "float32", [257, 130]);
    const b = graph.input("b", "float32", [130, 119]);
    const model = graph.toModel({ y: add(matMul(a, b), 1) });
    const feeds = {
      a: hostTensor(
        Float32Array.from({ length: 257 * 130 }, (_, i) => Math.sin(i)),
        [257, 130],
      ),
      b: hostTensor(
        Float32Array.from({ length: 130 * 119 }, (_, i) => Math.cos(i)),
        [130, 119],
      ),
    };
    const results = [];
    for (const threads of [1, 2]) {
      const session = await Session.create(model, { threads });
      results.push((await session.run(feeds)).y!.data);
      await session.release();
    }
    expect(results[0]).toEqual(results[1]);
  });

  it("refuses bytes that are no model, thread counts out of range, and unknown providers", async () => {
    await expect(Session.create(Uint8Array.of(1, 2, 3))).rejects.toThrow('model: ONNX Runtime refuses it on "cpu"');
    await expect(Session.create(doubling(), { threads: 0 })).rejects.toThrow("threads: expected a whole number from 1 to 256, got 0.");
    await expect(Session.create(doubling(), { executionProvider: "npu" as "cpu" })).rejects.toThrow(
      'executionProvider: expected one of cpu, cuda, tensorrt, dml, webgpu, coreml, got "npu".',
    );
  });
});

describe("execution providers", () => {
  it("are listed with what each needs, and the processor is always there", () => {
    const providers = executionProviders();
    expect(providers.map(({ name }) => name)).toEqual(["cpu", "cuda", "tensorrt", "dml", "webgpu", "coreml"]);
    expect(providers[0]!.available).toBe(true);
    expect(providers.every(({ needs }) => needs.startsWith("it "))).toBe(true);
  });

  const missing = executionProviders().find(({ available }) => !available);
  it.skipIf(missing === undefined)("that are missing here are refused with what they need", async () => {
    await expect(Session.create(doubling(), { executionProvider: missing!.name })).rejects.toThrow(
      `this machine's onnxruntime-node has no "${missing!.name}": ${missing!.needs}. Available here: cpu`,
    );
  });
});
