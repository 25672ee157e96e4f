import { expect, it } from "vitest";
import { gradients } from "../graph/gradients.ts";
import { Graph } from "../graph/graph.ts";
import { expectGradient } from "../testing/check-gradient.ts";
import { runGraph } from "../testing/run-graph.ts";
import { mul } from "./arithmetic.ts";
import { cast } from "./cast.ts";
import { greater } from "./logic.ts";
import { reduceSum } from "./reduce.ts";

it("a gradient flows through casts between float dtypes and comes back in the input's dtype", async () => {
  await expectGradient({
    operands: { x: { shape: [2, 3] } },
    tolerance: 1e-3,
    build: ({ x }) => cast(mul(cast(x!, "float64"), 3), "float32"),
    reference: ({ x }) => x!.map((value) => 3 * value),
  });
  const graph = new Graph();
  const x = graph.input("x", "float64", [2]);
  const [gradient] = gradients(reduceSum(mul(cast(x, "float32"), 2)), [x]);
  expect(gradient!.dtype).toBe("float64");
});

it("nothing flows back through whole numbers and booleans", async () => {
  const graph = new Graph();
  const x = graph.input("x", "float32", [3]);
  const y = mul(x, cast(cast(mul(x, 2.5), "int64"), "float32"));
  const z = mul(x, cast(greater(x, 0), "float32"));
  const outputs = { y, byY: gradients(reduceSum(y), [x])[0]!, byZ: gradients(reduceSum(z), [x])[0]! };
  const result = await runGraph(graph, outputs, { x: { dtype: "float32", shape: [3], data: Float32Array.from([1.5, -1.5, 0.2]) } });
  // 2.5 x without its fraction: 3, -3, 0.
  expect([...result.byY!.data]).toEqual([3, -3, 0]);
  expect([...result.y!.data]).toEqual([4.5, 4.5, 0]);
  expect([...result.byZ!.data]).toEqual([1, 0, 1]);
});

it("a cast to the dtype that is there adds no call, and an unknown dtype is refused", () => {
  const graph = new Graph();
  const x = graph.input("x", "float32", [3]);
  expect(cast(x, "float32")).toBe(x);
  expect(graph.nodes).toHaveLength(0);
  expect(() => graph.one("Cast", [x], { to: 99 })).toThrow("Cast(float32 [3]): the attribute `to` names no dtype that is supported.");
});
