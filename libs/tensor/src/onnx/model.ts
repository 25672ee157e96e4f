// The part of ONNX's ModelProto that this package writes and reads (https://onnx.ai/onnx/repo-docs/IR.html), as plain data.

/** Element types, by the names used everywhere in this package. */
export type DType =
  | "float32"
  | "float64"
  | "float16"
  | "int8"
  | "uint8"
  | "int16"
  | "uint16"
  | "int32"
  | "uint32"
  | "int64"
  | "uint64"
  | "bool";

/** Array that holds a tensor's elements on the host. float16 is its 16 bits; bool is one byte, 0 or 1. */
export type HostArray =
  | Float32Array
  | Float64Array
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array;

/** A tensor of numbers on the host: `data` holds the product of `shape` elements in row-major order. */
export interface HostTensor {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly data: HostArray;
}

/** Attribute of a node. An integer is `{ int }` even where it looks like a float, because ONNX tells them apart. */
export type OnnxAttribute =
  | { readonly kind: "int"; readonly value: number }
  | { readonly kind: "float"; readonly value: number }
  | { readonly kind: "string"; readonly value: string }
  | { readonly kind: "ints"; readonly value: readonly number[] }
  | { readonly kind: "floats"; readonly value: readonly number[] }
  | { readonly kind: "strings"; readonly value: readonly string[] }
  | { readonly kind: "tensor"; readonly value: HostTensor };

/** One operator call. An empty input name is an omitted optional input. */
export interface OnnxNode {
  readonly name: string;
  readonly operator: string;
  /** "" is the standard operator set. */
  readonly domain: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: ReadonlyMap<string, OnnxAttribute>;
}

/** Graph input or output: a dimension is a size, a name, or null where the file says nothing. `shape` is null when the rank is unknown. */
export interface OnnxValue {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly (number | string | null)[] | null;
}

/** Constant tensor with a name. */
export interface OnnxInitializer extends HostTensor {
  readonly name: string;
}

export interface OnnxModel {
  readonly irVersion: number;
  /** Version of the standard operator set. */
  readonly opsetVersion: number;
  /** Other operator sets that the file imports, by domain. */
  readonly otherOpsets: ReadonlyMap<string, number>;
  readonly producer: string;
  readonly graphName: string;
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
  readonly initializers: readonly OnnxInitializer[];
  /** In topological order: a node reads only names that come before it. */
  readonly nodes: readonly OnnxNode[];
  readonly metadata: ReadonlyMap<string, string>;
}
