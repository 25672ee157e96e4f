import { describe, expect, it } from "vitest";
import { hostTensor } from "../onnx/host-tensor.ts";
import { add, exp, mul, sumOf } from "../ops/arithmetic.ts";
import { argMax, reduceSum } from "../ops/reduce.ts";
import { matMul } from "../ops/matmul.ts";
import { reshape, transpose } from "../ops/shaping.ts";
import { runGraph } from "../testing/run-graph.ts";
import { gradients } from "./gradients.ts";
import { Graph } from "./graph.ts";
import { ParameterSet } from "./parameters.ts";
import { stopGradient } from "./stop-gradient.ts";

const numbers = (...values: number[]) => hostTensor(Float32Array.from(values));

const feeds = (batch: number, length: number) => ({ x: hostTensor(new Float32Array(batch * length), [batch, length]) });

describe("a graph", () => {
  it("names the operator, the call and the operands' shapes when they do not fit", () => {
    const graph = new Graph();
    const a = graph.input("a", "float32", ["batch", 4]);
    const b = graph.input("b", "float32", [5, 3]);
    expect(() => graph.scope("head", () => matMul(a, b))).toThrow(
      "head/MatMul_0: MatMul(float32 [batch, 4], float32 [5, 3]): the inner sizes 4 and 5 differ.",
    );
    expect(() => add(a, b)).toThrow("Add(float32 [batch, 4], float32 [5, 3]): the shapes do not broadcast");
    expect(() => add(a, graph.input("c", "float64", [4]))).toThrow("one dtype");
    expect(() => graph.call("Add", [a])).toThrow("expected 2 operands, got 1");
    expect(() => graph.call("Transpose", [a], { order: [1, 0] })).toThrow('no attribute "order"; known: perm');
    expect(() => graph.call("Fancy", [a])).toThrow('the operator "Fancy" is not supported');
    expect(() => add(a, new Graph().input("d", "float32", [4]))).toThrow('the operand "d" belongs to another graph');
    expect(() => reshape(a, [-1, 3])).toThrow("4*batch elements do not divide by 3");
  });

  it("holds only the calls and inputs that its outputs need", () => {
    const graph = new Graph();
    const a = graph.input("a", "float32", [2]);
    const unused = graph.input("unused", "float32", [2]);
    exp(unused);
    const model = graph.toModel({ y: add(a, 1) });
    expect(model.inputs.map(({ name }) => name)).toEqual(["a"]);
    expect(model.nodes.map(({ operator }) => operator)).toEqual(["Add"]);
    expect(model.nodes[0]!.outputs).toEqual(["y"]);
  });

  it("can give one tensor out under two names, and inputs and constants too", async () => {
    const graph = new Graph();
    const a = graph.input("a", "float32", [2]);
    const doubled = mul(a, 2);
    const result = await runGraph(graph, { x: doubled, y: doubled, same: a, one: graph.scalar(1, "float32") }, { a: numbers(1, 2) });
    expect(result.x!.data).toEqual(Float32Array.of(2, 4));
    expect(result.y!.data).toEqual(Float32Array.of(2, 4));
    expect(result.same!.data).toEqual(Float32Array.of(1, 2));
    expect(result.one!.data).toEqual(Float32Array.of(1));
    expect(() => graph.toModel({ a: doubled })).toThrow("a: an input or a constant has this name");
  });

  it("shares small constants and keeps 0 and -0 apart", () => {
    const graph = new Graph();
    expect(graph.scalar(2, "float32")).toBe(graph.scalar(2, "float32"));
    expect(graph.scalar(2, "float32")).not.toBe(graph.scalar(2, "float64"));
    expect(graph.scalar(0, "float32")).not.toBe(graph.scalar(-0, "float32"));
  });

  it("computes named sizes when it runs", async () => {
    const graph = new Graph();
    const x = graph.input("x", "float32", ["batch", "length"]);
    const sizes = graph.shapeTensor(["batch*length+3", 7, "floor((length)/2)"]);
    expect((await runGraph(graph, { sizes, sum: add(x, 0) }, feeds(2, 5))).sizes!.data).toEqual(BigInt64Array.of(13n, 7n, 2n));
    expect((await runGraph(graph, { sizes, sum: add(x, 0) }, feeds(3, 4))).sizes!.data).toEqual(BigInt64Array.of(15n, 7n, 2n));
    expect(() => graph.dimTensor("height")).toThrow("height: no input of the graph has this size; known: batch, length.");
  });
});

describe("gradients", () => {
  it("add up over every use of a tensor", async () => {
    const graph = new Graph();
    const x = graph.input("x", "float32", [2]);
    const loss = reduceSum(sumOf([mul(x, x), x, mul(x, 3)]));
    const [gradient] = gradients(loss, [x]);
    expect((await runGraph(graph, { gradient: gradient! }, { x: numbers(1, 2) })).gradient!.data).toEqual(Float32Array.of(6, 8));
  });

  it("are zeros for what the loss does not depend on", async () => {
    const graph = new Graph();
    const x = graph.input("x", "float32", [2]);
    const other = graph.input("other", "float32", ["batch", 2]);
    const [, gradient] = gradients(reduceSum(x), [x, other]);
    const result = await runGraph(graph, { gradient: gradient! }, { other: hostTensor(new Float32Array(6), [3, 2]) });
    expect(result.gradient).toEqual(hostTensor(new Float32Array(6), [3, 2]));
  });

  it("do not pass stopGradient, which changes no value", async () => {
    const graph = new Graph();
    const x = graph.input("x", "float32", [2]);
    const y = mul(x, stopGradient(mul(x, 2)));
    const [gradient] = gradients(reduceSum(y), [x]);
    const result = await runGraph(graph, { y, gradient: gradient! }, { x: numbers(1, 3) });
    expect(result.y!.data).toEqual(Float32Array.of(2, 18));
    expect(result.gradient!.data).toEqual(Float32Array.of(2, 6));
  });

  it("of intermediate tensors can be asked for", async () => {
    const graph = new Graph();
    const x = graph.input("x", "float32", [2]);
    const middle = mul(x, 2);
    const [byMiddle, byX] = gradients(reduceSum(mul(middle, middle)), [middle, x]);
    const result = await runGraph(graph, { byMiddle: byMiddle!, byX: byX! }, { x: numbers(1, 2) });
    expect(result.byMiddle!.data).toEqual(Float32Array.of(4, 8));
    expect(result.byX!.data).toEqual(Float32Array.of(8, 16));
  });

  it("refuse a loss that is no float scalar, and what has no gradient, by name", () => {
    const graph = new Graph();
    const x = graph.input("x", "float32", [2]);
    expect(() => gradients(x, [x])).toThrow("loss: expected a float tensor of one element, got float32 [2].");
    const product = graph.call("ReduceProd", [x], { keepdims: 0 })[0]!;
    expect(() => gradients(product, [x])).toThrow("ReduceProd_0: the operator ReduceProd has no gradient here");
    expect(() => gradients(reduceSum(x), [argMax(x)])).toThrow("expected a float tensor to differentiate by, got int64 []");
  });

  it("do not flow through comparisons and indices", async () => {
    const graph = new Graph();
    const x = graph.input("x", "float32", [2]);
    const picked = graph.one("Cast", [argMax(x)], { to: 1 });
    const [gradient] = gradients(mul(picked, reduceSum(x)), [x]);
    expect((await runGraph(graph, { gradient: gradient! }, { x: numbers(1, 3) })).gradient!.data).toEqual(Float32Array.of(1, 1));
  });
});

const fill = (names: readonly string[]) => {
  const set = new ParameterSet({ seed: 3 });
  for (const name of names) set.parameter(name, [4], (values, _shape, rng) => values.forEach((_, i) => (values[i] = rng.normal())));
  return set;
};

describe("parameters", () => {
  it("are drawn from the seed and their own names alone", () => {
    expect(fill(["a", "b"]).get("b").values).toEqual(fill(["c", "b"]).get("b").values);
    expect(fill(["a"]).get("a").values).not.toEqual(fill(["b"]).get("b").values);
  });

  it("have unique plain names and sizes above 0", () => {
    const set = new ParameterSet();
    set.scope("head").parameter("weight", [2, 3], () => {});
    expect(() => set.parameter("head.weight", [2], () => {})).toThrow("head.weight: a parameter of this name exists already.");
    expect(() => set.parameter("a b", [2], () => {})).toThrow("expected a name");
    expect(() => set.parameter("c", [0], () => {})).toThrow("expected whole sizes above 0");
    expect(() => set.get("nothing")).toThrow('there is none named "nothing"');
    expect(set.count).toBe(6);
  });

  it("become constants of a graph unless it binds them otherwise", async () => {
    const set = new ParameterSet();
    const weight = set.parameter("weight", [2, 2], (values) => values.set([1, 2, 3, 4]));
    const graph = new Graph();
    const result = await runGraph(graph, { y: transpose(graph.parameter(weight)) });
    expect(result.y!.data).toEqual(Float32Array.of(1, 3, 2, 4));
  });
});
