import { InputError } from "@reverie/core";
import { elementCount, hostArray } from "../onnx/dtype.ts";
import type { DType, HostArray, HostTensor, OnnxAttribute, OnnxModel, OnnxNode } from "../onnx/model.ts";
import { OPERATORS } from "../ops/registry.ts";
import type { Dim, Shape } from "./dims.ts";
import { checkDim, dimTerms, symbolOf } from "./dims.ts";
import type { Attributes, AttributeKind, AttributeValue, GraphNode, OperatorDefinition } from "./operator.ts";
import type { Parameter } from "./parameters.ts";
import type { TensorType } from "./tensor.ts";
import { Tensor } from "./tensor.ts";

/** Standard operator set that graphs are written in. Opset 21 came with ONNX 1.16; nothing here needs a newer one. */
export const OPSET_VERSION = 21;
/** ModelProto version that belongs to it. */
export const IR_VERSION = 10;
/** Contents of integer tensors up to this size are followed through shape arithmetic. */
const MAX_KNOWN_VALUES = 65_536;
/** Constants up to this many elements are shared between equal uses. */
const MAX_SHARED_ELEMENTS = 64;

export interface GraphOptions {
  /** Written into the ONNX file. */
  readonly name?: string;
  /** Whether modules behave as in training: dropout drops. Default false. */
  readonly training?: boolean;
  /** How a parameter becomes a tensor of this graph. By default it is a constant with its current values. */
  readonly bindParameter?: (graph: Graph, parameter: Parameter) => Tensor;
}

/**
 * A computation being written down: inputs, constants, and operator calls in the order they were made. Nothing is computed
 * here; {@link Graph.toModel} gives the ONNX model that ONNX Runtime then runs.
 */
export class Graph {
  readonly name: string;
  readonly training: boolean;
  readonly #bindParameter: (graph: Graph, parameter: Parameter) => Tensor;
  readonly #inputs: Tensor[] = [];
  readonly #constants = new Map<string, HostTensor>();
  readonly #sharedConstants = new Map<string, Tensor>();
  readonly #nodes: GraphNode[] = [];
  readonly #names = new Set<string>();
  readonly #nameCounts = new Map<string, number>();
  readonly #parameters = new Map<Parameter, Tensor>();
  /** Where a named size can be read when the graph runs: the first input that has it. */
  readonly #symbols = new Map<string, { readonly input: Tensor; readonly axis: number; readonly multiple: number }>();
  readonly #dimTensors = new Map<Dim, Tensor>();
  #scope = "";
  #runCounter: Tensor | undefined;

  constructor(options: GraphOptions = {}) {
    this.name = options.name ?? "reverie";
    this.training = options.training ?? false;
    this.#bindParameter = options.bindParameter ?? parameterConstant;
  }

  get inputs(): readonly Tensor[] {
    return this.#inputs;
  }

  /** All calls so far, those that only carry gradients included; a call stands after those whose outputs it reads. */
  get nodes(): readonly GraphNode[] {
    return this.#nodes;
  }

  get parameters(): ReadonlyMap<Parameter, Tensor> {
    return this.#parameters;
  }

  /**
   * Declares what is fed at each run. Names in `shape` are sizes that may differ from run to run; the same name is the same size.
   * A multiple such as `2*batch` is a size that divides by the number.
   * @throws InputError when the name is taken or a size is no size
   */
  input(name: string, dtype: DType, shape: Shape): Tensor {
    const checked = shape.map((dim) => checkDim(dim, `shape of input "${name}"`));
    const tensor = new Tensor(this, this.#claim(name), { dtype, shape: checked });
    this.#inputs.push(tensor);
    checked.forEach((dim, axis) => {
      if (typeof dim !== "string") return;
      const [symbol, multiple] = symbolOf(dim);
      if (!this.#symbols.has(symbol)) this.#symbols.set(symbol, { input: tensor, axis, multiple });
    });
    return tensor;
  }

  /**
   * A tensor that is the same at every run. The data is not copied until the model is written.
   * @throws InputError when the data does not fill the shape
   */
  constant(value: HostTensor, name?: string): Tensor {
    const count = elementCount(value.shape);
    if (value.data.length !== count) {
      throw new InputError(name ?? "constant", `the shape [${value.shape.join(", ")}] holds ${count} elements, got ${value.data.length}.`);
    }
    const key =
      name === undefined && count <= MAX_SHARED_ELEMENTS ? `${value.dtype}|${value.shape.join(",")}|${constantKey(value.data)}` : undefined;
    const shared = key === undefined ? undefined : this.#sharedConstants.get(key);
    if (shared !== undefined) return shared;
    const unique = name === undefined ? this.#freshName("constant") : this.#claim(name);
    this.#constants.set(unique, value);
    const tensor = new Tensor(this, unique, { dtype: value.dtype, shape: value.shape, values: knownIntegers(value) });
    if (key !== undefined) this.#sharedConstants.set(key, tensor);
    return tensor;
  }

  /** A constant of rank 0. */
  scalar(value: number, dtype: DType): Tensor {
    return this.constant({ dtype, shape: [], data: hostNumbers(dtype, [value]) });
  }

  /** A one-axis constant of whole numbers. */
  integers(values: readonly number[], dtype: "int64" | "int32" = "int64"): Tensor {
    return this.constant({ dtype, shape: [values.length], data: hostNumbers(dtype, values) });
  }

  /** The tensor of a parameter in this graph; the same one at every call. */
  parameter(parameter: Parameter): Tensor {
    let tensor = this.#parameters.get(parameter);
    if (tensor === undefined) {
      tensor = this.#bindParameter(this, parameter);
      this.#parameters.set(parameter, tensor);
    }
    return tensor;
  }

  /** int64 scalar that differs from run to run, where the graph has one: what dropout draws its masks by. */
  get runCounter(): Tensor | undefined {
    return this.#runCounter;
  }

  setRunCounter(counter: Tensor): void {
    this.#runCounter = counter;
  }

  /** Names the operator calls made inside `build`: they show in error messages, profiles and graph viewers. */
  scope<T>(name: string, build: () => T): T {
    if (name === "") return build();
    const before = this.#scope;
    this.#scope = before === "" ? name : `${before}/${name}`;
    try {
      return build();
    } finally {
      this.#scope = before;
    }
  }

  /**
   * Adds an operator call.
   * @throws InputError naming the operator, the node and the operands' shapes when they do not fit
   */
  call(
    type: string,
    inputs: readonly (Tensor | undefined)[],
    attributes: Attributes = {},
    options: { readonly outputs?: number; readonly name?: string } = {},
  ): Tensor[] {
    const operator = OPERATORS.get(type);
    const name = options.name ?? this.#freshName(this.#scope === "" ? type : `${this.#scope}/${type}`);
    if (operator === undefined) throw new InputError(name, `the operator "${type}" is not supported.`);
    const fail = (problem: string): never => {
      const operands = inputs.map((input) => (input === undefined ? "none" : input.toString())).join(", ");
      throw new InputError(name, `${type}(${operands}): ${problem}`);
    };
    this.#checkCall(operator, inputs, attributes, fail);
    const types = operator.infer({ inputs, attributes, outputCount: options.outputs ?? 1, fail });
    const outputs: Tensor[] = [];
    const node: GraphNode = { name, operator, inputs, outputs, attributes };
    types.forEach((outputType, i) =>
      outputs.push(new Tensor(this, this.#freshName(i === 0 ? name : `${name}:${i}`), known(outputType), node)),
    );
    this.#nodes.push(node);
    return outputs;
  }

  /** The only output of an operator call. */
  one(type: string, inputs: readonly (Tensor | undefined)[], attributes: Attributes = {}): Tensor {
    return this.call(type, inputs, attributes)[0]!;
  }

  /**
   * Gives a composition a gradient of its own, where the one that follows from its parts is slower or less exact.
   * @param inputs - what the composition was built from, through `stopGradient`
   * @param outputs - what it came to
   * @returns the outputs, to be used in their place
   */
  withGradient(
    name: string,
    inputs: readonly Tensor[],
    outputs: readonly Tensor[],
    gradient: Exclude<OperatorDefinition["gradient"], string>,
  ): Tensor[] {
    const operator: OperatorDefinition = { type: name, arity: [inputs.length, inputs.length], infer: () => outputs, gradient };
    const renamed: Tensor[] = [];
    const node: GraphNode = { name: this.#freshName(name), operator, inputs, outputs: renamed, attributes: {}, onlyGradient: true };
    for (const output of outputs) renamed.push(new Tensor(this, output.name, output, node));
    this.#nodes.push(node);
    return renamed;
  }

  /**
   * int64 tensor of one axis that holds sizes known when the graph runs.
   * @throws InputError when a size is named that no input has
   */
  shapeTensor(shape: Shape): Tensor {
    if (shape.every((dim) => typeof dim === "number")) return this.integers(shape);
    const parts = shape.map((dim) => this.dimTensor(dim));
    return parts.length === 1 ? parts[0]! : this.one("Concat", parts, { axis: 0 });
  }

  /** int64 tensor of shape [1] that holds one size. */
  dimTensor(dim: Dim): Tensor {
    if (typeof dim === "number") return this.integers([dim]);
    let tensor = this.#dimTensors.get(dim);
    if (tensor === undefined) {
      tensor = dimTerms(dim)
        .map(({ coefficient, factors }) => {
          const parts = factors.map((factor) =>
            typeof factor === "string"
              ? this.#symbolTensor(factor)
              : this.one("Div", [this.dimTensor(factor.numerator), this.integers([factor.divisor])]),
          );
          if (coefficient !== 1 || parts.length === 0) parts.unshift(this.integers([coefficient]));
          return parts.reduce((a, b) => this.one("Mul", [a, b]));
        })
        .reduce((a, b) => this.one("Add", [a, b]));
      this.#dimTensors.set(dim, tensor);
    }
    return tensor;
  }

  #symbolTensor(symbol: string): Tensor {
    const source = this.#symbols.get(symbol);
    if (source === undefined)
      throw new InputError(symbol, `no input of the graph has this size; known: ${[...this.#symbols.keys()].join(", ") || "none"}.`);
    const size = this.one("Shape", [source.input], { start: source.axis, end: source.axis + 1 });
    return source.multiple === 1 ? size : this.one("Div", [size, this.integers([source.multiple])]);
  }

  /**
   * The ONNX model that computes `outputs`, holding only the calls they need, and only the inputs those read.
   * @throws InputError when a tensor belongs to another graph, or an output's name is taken by an input or a constant
   */
  toModel(outputs: Readonly<Record<string, Tensor>>): OnnxModel {
    const renamed = this.#renameOutputs(outputs);
    const finalName = (tensor: Tensor): string => renamed.get(tensor.name) ?? tensor.name;
    const needed = this.nodesFor(Object.values(outputs));
    const nodes: OnnxNode[] = needed.map((node) => ({
      name: node.name,
      operator: node.operator.type,
      domain: "",
      inputs: node.inputs.map((input) => (input === undefined ? "" : finalName(input))),
      outputs: node.outputs.map(finalName),
      attributes: onnxAttributes(node),
    }));
    const read = new Set(nodes.flatMap((node) => node.inputs));
    for (const [name, tensor] of Object.entries(outputs)) {
      if (finalName(tensor) === name) continue;
      const source = finalName(tensor);
      read.add(source);
      nodes.push({ name: `output/${name}`, operator: "Identity", domain: "", inputs: [source], outputs: [name], attributes: new Map() });
    }
    return {
      irVersion: IR_VERSION,
      opsetVersion: OPSET_VERSION,
      otherOpsets: new Map(),
      producer: "reverie",
      graphName: this.name,
      inputs: this.#inputs.filter((input) => read.has(input.name)).map(({ name, dtype, shape }) => ({ name, dtype, shape })),
      outputs: Object.entries(outputs).map(([name, { dtype, shape }]) => ({ name, dtype, shape })),
      initializers: [...this.#constants].filter(([name]) => read.has(name)).map(([name, value]) => ({ ...value, name })),
      nodes,
      metadata: new Map(),
    };
  }

  /** Computed tensors take the output's name directly: an Identity after them would copy. */
  #renameOutputs(outputs: Readonly<Record<string, Tensor>>): Map<string, string> {
    const renamed = new Map<string, string>();
    const taken = new Set([...this.#inputs.map((input) => input.name), ...this.#constants.keys()]);
    for (const [name, tensor] of Object.entries(outputs)) {
      if (tensor.graph !== this)
        throw new InputError(name, `the tensor belongs to the graph "${tensor.graph.name}", not to "${this.name}".`);
      if (taken.has(name)) throw new InputError(name, "an input or a constant has this name; give the output another one.");
      const computed = !taken.has(tensor.name);
      const nameIsFree = !this.#names.has(name) || tensor.name === name;
      if (computed && nameIsFree && !renamed.has(tensor.name)) renamed.set(tensor.name, name);
    }
    return renamed;
  }

  /** The operator calls that these tensors depend on, in the order they were made. */
  nodesFor(outputs: readonly Tensor[]): GraphNode[] {
    const wanted = new Set(outputs.map((tensor) => tensor.name));
    const needed: GraphNode[] = [];
    for (let i = this.#nodes.length - 1; i >= 0; i--) {
      const node = this.#nodes[i]!;
      if (node.onlyGradient === true || !node.outputs.some((output) => wanted.has(output.name))) continue;
      needed.push(node);
      for (const input of node.inputs) if (input !== undefined) wanted.add(input.name);
    }
    return needed.toReversed();
  }

  #checkCall(
    operator: OperatorDefinition,
    inputs: readonly (Tensor | undefined)[],
    attributes: Attributes,
    fail: (problem: string) => never,
  ): void {
    const [least, most] = operator.arity;
    if (inputs.length < least || inputs.length > most) {
      fail(`expected ${least === most ? least : `${least} to ${most}`} operands, got ${inputs.length}.`);
    }
    for (const input of inputs) {
      if (input !== undefined && input.graph !== this) fail(`the operand "${input.name}" belongs to another graph.`);
    }
    for (const name of Object.keys(attributes)) {
      if (operator.attributes === undefined || !Object.hasOwn(operator.attributes, name)) {
        fail(`there is no attribute "${name}"; known: ${Object.keys(operator.attributes ?? {}).join(", ") || "none"}.`);
      }
    }
  }

  #claim(name: string): string {
    if (name === "" || this.#names.has(name)) throw new InputError(name || "name", "expected a name that is not taken in this graph.");
    this.#names.add(name);
    return name;
  }

  #freshName(stem: string): string {
    for (;;) {
      const count = this.#nameCounts.get(stem) ?? 0;
      this.#nameCounts.set(stem, count + 1);
      const name = `${stem}_${count}`;
      if (!this.#names.has(name)) return this.#claim(name);
    }
  }
}

/** Name of a parameter in graphs, apart from the names of inputs. */
export const parameterName = ({ name }: Parameter): string => `parameters/${name}`;

/** A parameter as a constant with its present values. */
export const parameterConstant = (graph: Graph, parameter: Parameter): Tensor =>
  graph.constant({ dtype: "float32", shape: parameter.shape, data: parameter.values }, parameterName(parameter));

const known = (type: TensorType): TensorType =>
  type.values !== undefined && type.values.length > MAX_KNOWN_VALUES ? { dtype: type.dtype, shape: type.shape } : type;

/** -0 and NaN have keys of their own. */
const constantKey = (data: HostArray): string => [...data].map((value) => (Object.is(value, -0) ? "-0" : String(value))).join(",");

function knownIntegers(value: HostTensor): readonly number[] | undefined {
  if ((value.dtype !== "int64" && value.dtype !== "int32" && value.dtype !== "bool") || value.data.length > MAX_KNOWN_VALUES)
    return undefined;
  return [...value.data].map(Number);
}

/** Numbers as a typed array of a dtype; float16 is not among what can be given as numbers. */
export function hostNumbers(dtype: DType, values: readonly number[]): HostArray {
  if (dtype === "float16") throw new InputError("dtype", "float16 constants are given as bits in a Uint16Array, or made by cast.");
  const array = hostArray(dtype, values.length);
  if (array instanceof BigInt64Array || array instanceof BigUint64Array) values.forEach((value, i) => (array[i] = BigInt(value)));
  else values.forEach((value, i) => (array[i] = value));
  return array;
}

function onnxAttributes(node: GraphNode): ReadonlyMap<string, OnnxAttribute> {
  const kinds = node.operator.attributes ?? {};
  return new Map(Object.entries(node.attributes).map(([name, value]) => [name, onnxAttribute(kinds[name]!, value)]));
}

function onnxAttribute(kind: AttributeKind, value: AttributeValue): OnnxAttribute {
  return { kind, value } as OnnxAttribute;
}
