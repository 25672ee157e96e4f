import { InputError, Rng } from "@reverie/core";
import { float16BitsToFloat32 } from "../onnx/float16.ts";
import type { HostTensor } from "../onnx/model.ts";

/** Fills the first values of a parameter; `shape` is given for rules that depend on fan-in and fan-out. */
export type Initializer = (values: Float32Array, shape: readonly number[], rng: Rng) => void;

/** A named array of float32 that training changes. */
export class Parameter {
  /** Dotted path, such as `blocks.0.attention.query.weight`: the key in checkpoints. */
  readonly name: string;
  readonly shape: readonly number[];
  /** Current values, row-major. Training lets this point at the newest ones after every step. */
  values: Float32Array;
  /** Whether optimisers change it. A frozen parameter is a constant of the training graph. */
  trainable = true;

  constructor(name: string, shape: readonly number[], values: Float32Array) {
    this.name = name;
    this.shape = shape;
    this.values = values;
  }
}

/** Where modules make their parameters: a set, or a named part of one. */
export interface ParameterScope {
  /** A part whose parameters' names begin with `name.` */
  scope(name: string): ParameterScope;
  /** @throws InputError when the name is taken or no plain name, or a size is not a whole number above 0 */
  parameter(name: string, shape: readonly number[], initializer: Initializer): Parameter;
}

const PLAIN_NAME = /^[A-Za-z0-9_:/-]+(\.[A-Za-z0-9_:/-]+)*$/;

/** All parameters of a model, in the order they were made. Each is drawn from the seed and its own name, so adding one changes no other. */
export class ParameterSet implements ParameterScope {
  readonly seed: number;
  readonly #parameters = new Map<string, Parameter>();
  readonly #rng: Rng;

  /** @throws InputError when the seed is not an integer in [0, 2^32) */
  constructor(options: { readonly seed?: number } = {}) {
    this.seed = options.seed ?? 0;
    this.#rng = new Rng(this.seed);
  }

  scope(name: string): ParameterScope {
    return {
      scope: (inner) => this.scope(`${name}.${inner}`),
      parameter: (inner, shape, initializer) => this.parameter(`${name}.${inner}`, shape, initializer),
    };
  }

  parameter(name: string, shape: readonly number[], initializer: Initializer): Parameter {
    if (!PLAIN_NAME.test(name))
      throw new InputError("parameter", `expected a name of letters, digits, _ - : / and dots, got ${JSON.stringify(name)}.`);
    if (this.#parameters.has(name)) throw new InputError(name, "a parameter of this name exists already.");
    if (!shape.every((size) => Number.isSafeInteger(size) && size > 0)) {
      throw new InputError(name, `expected whole sizes above 0, got [${shape.join(", ")}].`);
    }
    const values = new Float32Array(shape.reduce((a, b) => a * b, 1));
    initializer(values, shape, this.#rng.split(name));
    const parameter = new Parameter(name, shape, values);
    this.#parameters.set(name, parameter);
    return parameter;
  }

  /** @throws InputError when there is none of this name */
  get(name: string): Parameter {
    const parameter = this.#parameters.get(name);
    if (parameter === undefined) throw new InputError("parameter", `there is none named ${JSON.stringify(name.slice(0, 120))}.`);
    return parameter;
  }

  has(name: string): boolean {
    return this.#parameters.has(name);
  }

  /** A copy of all values, by name: what goes into a file of weights. */
  tensors(): Map<string, HostTensor> {
    return new Map([...this].map(({ name, shape, values }) => [name, { dtype: "float32", shape, data: values.slice() }]));
  }

  /**
   * Takes values over, such as those of a file of weights. float16 is widened.
   * @param partial - whether parameters without a tensor keep their values; default false
   * @throws InputError when a tensor is missing, has another shape, is no float, or no parameter has its name; nothing is changed then
   */
  load(tensors: ReadonlyMap<string, HostTensor>, { partial = false }: { readonly partial?: boolean } = {}): void {
    for (const name of tensors.keys()) this.get(name);
    const copies: (() => void)[] = [];
    for (const parameter of this) {
      const tensor = tensors.get(parameter.name);
      if (tensor === undefined && partial) continue;
      if (tensor === undefined) throw new InputError(parameter.name, "there is no tensor for this parameter.");
      const values = tensor.dtype === "float16" ? float16BitsToFloat32(tensor.data as Uint16Array) : tensor.data;
      if (!(values instanceof Float32Array) || tensor.shape.join() !== parameter.shape.join()) {
        throw new InputError(
          parameter.name,
          `expected float32 or float16 [${parameter.shape.join(", ")}], got ${tensor.dtype} [${tensor.shape.join(", ")}].`,
        );
      }
      copies.push(() => parameter.values.set(values));
    }
    for (const copy of copies) copy();
  }

  [Symbol.iterator](): IterableIterator<Parameter> {
    return this.#parameters.values();
  }

  /** Number of trainable and frozen values together. */
  get count(): number {
    let count = 0;
    for (const parameter of this) count += parameter.values.length;
    return count;
  }
}
