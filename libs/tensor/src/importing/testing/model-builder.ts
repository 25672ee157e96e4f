import type { DType, HostArray, HostTensor, OnnxAttribute, OnnxInitializer, OnnxModel, OnnxNode, OnnxValue } from "../../onnx/model.ts";
import { Rng } from "@reverie/core";

type AttributeSpec = number | string | readonly number[] | HostTensor | { readonly float: number } | { readonly floats: readonly number[] };

/** Writes ONNX models by hand, node by node, in any opset: what exporters of other tools would have written. */
export class ModelBuilder {
  readonly inputs: OnnxValue[] = [];
  readonly initializers: OnnxInitializer[] = [];
  readonly nodes: OnnxNode[] = [];
  readonly #rng = new Rng(7);
  #count = 0;

  input(name: string, dtype: DType, shape: OnnxValue["shape"]): string {
    this.inputs.push({ name, dtype, shape });
    return name;
  }

  initializer(name: string, dtype: DType, shape: readonly number[], data: HostArray): string {
    this.initializers.push({ name, dtype, shape, data });
    return name;
  }

  integers(name: string, values: readonly number[], shape: readonly number[] = [values.length]): string {
    return this.initializer(name, "int64", shape, BigInt64Array.from(values, BigInt));
  }

  floats(name: string, shape: readonly number[], values?: readonly number[]): string {
    const count = shape.reduce((a, b) => a * b, 1);
    return this.initializer(name, "float32", shape, values === undefined ? this.random(count) : Float32Array.from(values));
  }

  random(count: number, low = -1, high = 1): Float32Array {
    return Float32Array.from({ length: count }, () => this.#rng.uniform(low, high));
  }

  /** A call with one output, whose name is given back. Whole numbers are int attributes; floats are `{ float }`. */
  node(operator: string, inputs: readonly string[], attributes: Readonly<Record<string, AttributeSpec>> = {}, name?: string): string {
    return this.nodeOf(operator, inputs, 1, attributes, name === undefined ? {} : { name })[0]!;
  }

  nodeOf(
    operator: string,
    inputs: readonly string[],
    outputCount: number,
    attributes: Readonly<Record<string, AttributeSpec>> = {},
    options: { readonly name?: string; readonly domain?: string } = {},
  ): string[] {
    const name = options.name ?? `/${operator}_${this.#count++}`;
    const outputs = Array.from({ length: outputCount }, (_, i) => `${name}_output_${i}`);
    this.nodes.push({
      name,
      operator,
      domain: options.domain ?? "",
      inputs,
      outputs,
      attributes: new Map(Object.entries(attributes).map(([key, value]) => [key, attribute(value)])),
    });
    return outputs;
  }

  /** @param outputs - names of values, with the dtype where it is not float32 */
  model(opsetVersion: number, outputs: Readonly<Record<string, DType>> | readonly string[], contrib = false): OnnxModel {
    const typed: [string, DType][] = isList(outputs) ? outputs.map((name) => [name, "float32"]) : Object.entries(outputs);
    return {
      irVersion: 7,
      opsetVersion,
      otherOpsets: new Map(contrib ? [["com.microsoft", 1]] : []),
      producer: "test",
      graphName: "test",
      inputs: this.inputs,
      outputs: typed.map(([name, dtype]) => ({ name, dtype, shape: null })),
      initializers: this.initializers,
      nodes: this.nodes,
      metadata: new Map(),
    };
  }
}

function attribute(value: AttributeSpec): OnnxAttribute {
  if (typeof value === "number") return { kind: "int", value };
  if (typeof value === "string") return { kind: "string", value };
  if (isList(value)) return { kind: "ints", value };
  if ("float" in value) return { kind: "float", value: value.float };
  return "floats" in value ? { kind: "floats", value: value.floats } : { kind: "tensor", value };
}

const isList = <T>(value: readonly T[] | object | number | string): value is readonly T[] => Array.isArray(value);
