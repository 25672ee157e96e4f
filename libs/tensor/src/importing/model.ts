// A model of somebody else, read from an ONNX file, as a module: it can be run inside any graph, differentiated and trained.

import { InputError } from "@reverie/core";
import type { Graph } from "../graph/graph.ts";
import type { Parameter, ParameterScope } from "../graph/parameters.ts";
import { ParameterSet } from "../graph/parameters.ts";
import type { Tensor } from "../graph/tensor.ts";
import { checkModel, nodePath } from "../onnx/check.ts";
import type { HostTensor, OnnxModel, OnnxNode } from "../onnx/model.ts";
import { add, mul } from "../ops/arithmetic.ts";
import { cast } from "../ops/cast.ts";
import { transpose } from "../ops/shaping.ts";
import type { Adapter, WeightUses } from "./adapters.ts";
import { chooseProducts, productWidths, weightUses } from "./adapters.ts";
import type { ImportCall } from "./call.ts";
import { readFloat, readInt } from "./call.ts";
import { createLora, loraTerm, mergedWeight } from "../nn/lora.ts";
import type { DeclaredValue } from "./signature.ts";
import { checkInputs, signatureOf } from "./signature.ts";
import { checkSupport, writeCall } from "./support.ts";
import type { Weight } from "./weights.ts";
import { asFloat32, registerWeights } from "./weights.ts";

export interface ImportOptions {
  /** Where the weights become parameters. By default a set of their own. */
  readonly parameters?: ParameterScope;
  /** Stands before the parameters' names, with a dot. */
  readonly prefix?: string;
}

export interface LoraOptions {
  /** Which products get an adapter: by the node's name in the file and the weight's parameter name. */
  readonly match: (nodeName: string, weightName: string) => boolean;
  /** Width of the adapters: a whole number from 1 to the smaller size of every chosen weight. */
  readonly rank: number;
  /** The adapters' change counts alpha / rank times. Above 0; default `rank`. */
  readonly alpha?: number;
  /** Where the adapters become parameters, as `<weight>.lora.down` and `.up`. By default where the weights are. */
  readonly parameters?: ParameterScope;
}

/** Names of a graph's calls begin with those of the file's nodes, up to this length. */
const MAX_LABEL_LENGTH = 200;

/** What is known of the values of the file by name while it is written into a graph. */
interface Replay {
  readonly graph: Graph;
  readonly tensors: Map<string, Tensor>;
  readonly contents: Map<Tensor, HostTensor>;
}

/**
 * An inference graph that {@link importModel} read. Dropout does nothing and batch normalisation keeps its statistics, in training
 * graphs too. A float16 model is computed in float32: it takes float16 or float32 and gives float32.
 */
export class ImportedModel {
  /** What the file reads, without weights that it lists among its inputs. */
  readonly inputs: readonly DeclaredValue[];
  readonly outputs: readonly DeclaredValue[];
  readonly #model: OnnxModel;
  readonly #prefix: string;
  readonly #parameters = new Map<string, Parameter>();
  readonly #weights: ReadonlyMap<string, Weight>;
  readonly #constants: ReadonlyMap<string, HostTensor>;
  readonly #uses: WeightUses;
  #adapters = new Map<Parameter, Adapter>();
  /** Number of merges so far: adapters made after one need other names. */
  #merges = 0;

  constructor(model: OnnxModel, options: ImportOptions) {
    checkModel(model);
    checkSupport(model);
    const { inputs, outputs } = signatureOf(model);
    this.inputs = inputs;
    this.outputs = outputs;
    this.#model = model;
    this.#prefix = options.prefix ?? "";
    const scope = options.parameters ?? new ParameterSet();
    this.#weights = registerWeights(model, this.#prefix === "" ? scope : scope.scope(this.#prefix));
    this.#constants = new Map(
      model.initializers.filter(({ name }) => !this.#weights.has(name)).map((value) => [value.name, asFloat32(value)]),
    );
    this.#uses = weightUses(model, this.#weights);
    for (const { parameter } of this.#weights.values()) this.#parameters.set(parameter.name, parameter);
  }

  /** The weights, and the adapters while there are some, by their names. */
  get parameters(): ReadonlyMap<string, Parameter> {
    return this.#parameters;
  }

  /**
   * Lets optimisers change the parameters that match (or, with `trainable` false, no longer); all are frozen at first.
   * @throws InputError when nothing matches
   */
  setTrainable(match: (name: string) => boolean, trainable = true): void {
    const chosen = [...this.#parameters.values()].filter(({ name }) => match(name));
    if (chosen.length === 0) {
      throw new InputError(
        "match",
        `matches none of the ${this.#parameters.size} parameters; the first are: ${[...this.#parameters.keys()].slice(0, 5).join(", ") || "none"}.`,
      );
    }
    for (const parameter of chosen) parameter.trainable = trainable;
  }

  /**
   * Gives the chosen products x W a trainable low-rank change: x W + (x A) B * alpha / rank, with A normal and B zero at first (Hu et
   * al. 2021, https://arxiv.org/abs/2106.09685). The weights become frozen. Graphs made before do not have it.
   * @returns the new parameters
   * @throws InputError when nothing matches, rank or alpha are out of range, or a chosen weight has an adapter already or is read elsewhere
   */
  addLora(options: LoraOptions): readonly Parameter[] {
    const products = chooseProducts(this.#uses, options.match);
    for (const product of products) {
      const { weight } = product;
      const { inputs, outputs } = productWidths(product);
      if (this.#adapters.has(weight)) throw new InputError(weight.name, "has an adapter already; merge it first.");
      if (!(options.rank <= Math.min(inputs, outputs))) {
        throw new InputError("rank", `expected at most ${Math.min(inputs, outputs)} for ${weight.name}, got ${options.rank}.`);
      }
    }
    const part = this.#merges === 0 ? "lora" : `lora${this.#merges + 1}`;
    const made: Parameter[] = [];
    for (const product of products) {
      const { weight, transposed } = product;
      const lora = createLora((options.parameters?.scope(weight.name) ?? product.scope).scope(part), {
        ...productWidths(product),
        rank: options.rank,
        alpha: options.alpha ?? options.rank,
      });
      weight.trainable = false;
      this.#adapters.set(weight, { lora, weight, transposed });
      made.push(lora.down, lora.up);
    }
    for (const parameter of made) this.#parameters.set(parameter.name, parameter);
    return made;
  }

  /**
   * Adds every adapter's change to its weight and drops the adapters; the model computes what it did, up to rounding. Their
   * parameters are frozen, and stay in the set where they were made.
   */
  mergeLora(): void {
    for (const { lora, weight, transposed } of this.#adapters.values()) {
      weight.values.set(mergedWeight(weight.values, lora, transposed));
      for (const parameter of [lora.down, lora.up]) {
        parameter.trainable = false;
        this.#parameters.delete(parameter.name);
      }
    }
    if (this.#adapters.size > 0) this.#merges++;
    this.#adapters = new Map();
  }

  /**
   * Declares the model's inputs in a graph, as the file does.
   * @throws InputError when the file does not tell an input's rank, or a name is taken
   */
  declareInputs(graph: Graph): Record<string, Tensor> {
    const tensor = ({ name, dtype, shape }: DeclaredValue): Tensor => {
      if (shape === null) throw new InputError(name, "the file does not tell the rank of this input; declare it with Graph.input.");
      return graph.input(name, dtype, shape);
    };
    return Object.fromEntries(this.inputs.map((value) => [value.name, tensor(value)]));
  }

  /**
   * Writes the model's operator calls into the graph; any number of times, in any number of graphs. Sizes come from the given tensors.
   * @returns a tensor for each output of the file
   * @throws InputError when a tensor is missing, unknown or not as declared, or an operator call cannot be written (it names the node)
   */
  apply(graph: Graph, inputs: Readonly<Record<string, Tensor>>): Record<string, Tensor> {
    checkInputs(this.inputs, inputs);
    const replay: Replay = { graph, tensors: new Map(), contents: new Map() };
    for (const { name } of this.inputs) {
      const tensor = inputs[name]!;
      if (tensor.graph !== graph)
        throw new InputError(name, `the tensor belongs to the graph "${tensor.graph.name}", not to "${graph.name}".`);
      replay.tensors.set(name, tensor.dtype === "float16" ? cast(tensor, "float32") : tensor);
    }
    graph.scope(this.#prefix === "" ? "imported" : this.#prefix, () =>
      this.#model.nodes.forEach((node, i) => this.#writeNode(node, i, replay)),
    );
    return Object.fromEntries(this.outputs.map(({ name }) => [name, this.#tensor(name, replay)]));
  }

  #tensor(name: string, replay: Replay): Tensor {
    const known = replay.tensors.get(name);
    if (known !== undefined) return known;
    const weight = this.#weights.get(name);
    const tensor = weight === undefined ? addConstant(replay, this.#constants.get(name)!) : replay.graph.parameter(weight.parameter);
    replay.tensors.set(name, tensor);
    return tensor;
  }

  #writeNode(node: OnnxNode, index: number, replay: Replay): void {
    const inputs = withoutTrailing(node.inputs).map((name) => (name === "" ? undefined : this.#tensor(name, replay)));
    const call: ImportCall = {
      graph: replay.graph,
      node,
      opset: this.#model.opsetVersion,
      inputs,
      outputCount: withoutTrailing(node.outputs).length,
      constant: (value) => addConstant(replay, value),
      constantOf: (tensor) => (tensor === undefined ? undefined : replay.contents.get(tensor)),
      fail(problem) {
        throw new InputError(nodePath(node), problem);
      },
    };
    const label = node.name === "" ? `${node.operator}_${index}` : node.name.slice(0, MAX_LABEL_LENGTH);
    const outputs = replay.graph.scope(label, () => namedErrors(node, label, () => this.#outputs(call)));
    node.outputs.forEach((name, i) => {
      if (name !== "") replay.tensors.set(name, outputs[i]!);
    });
  }

  #outputs(call: ImportCall): readonly Tensor[] {
    const outputs = writeCall(call);
    const product = this.#uses.products.get(call.node);
    const adapter = product === undefined ? undefined : this.#adapters.get(product.weight);
    if (adapter === undefined) return outputs;
    const isGemm = call.node.operator === "Gemm";
    const x = isGemm && readInt(call, "transA", 0) !== 0 ? transpose(call.inputs[0]!) : call.inputs[0]!;
    const term = loraTerm(x, adapter.lora);
    const factor = isGemm ? readFloat(call, "alpha", 1) : 1;
    return [add(outputs[0]!, factor === 1 ? term : mul(term, factor))];
  }
}

const withoutTrailing = (names: readonly string[]): readonly string[] => names.slice(0, names.findLastIndex((name) => name !== "") + 1);

function addConstant({ graph, contents }: Replay, value: HostTensor): Tensor {
  const tensor = graph.constant(value);
  contents.set(tensor, value);
  return tensor;
}

/** Errors that do not say which node of the file they are about get its name. */
function namedErrors<T>(node: OnnxNode, label: string, write: () => T): T {
  const path = nodePath(node);
  try {
    return write();
  } catch (error) {
    if (!(error instanceof InputError) || error.path === path || (node.name !== "" && error.path.includes(`/${label}/`))) throw error;
    throw new InputError(path, error.message, { cause: error });
  }
}

/**
 * Reads an inference graph as a module. Every float32 or float16 initializer of one or more axes that is used as a weight becomes a
 * frozen float32 parameter; other initializers (shapes, scalars, bounds, running statistics) stay constants. Calls in the forms of
 * opsets 11 to 20 are rewritten as those of opset 21.
 * @throws InputError for an opset outside 11 to 24, an operator that is not supported (it names the node and what is), a damaged
 * model, or a parameter's name that is taken
 */
export const importModel = (model: OnnxModel, options: ImportOptions = {}): ImportedModel => new ImportedModel(model, options);
