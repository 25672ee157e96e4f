// The inputs and outputs that a file declares, and whether tensors fit them.

import { InputError } from "@reverie/core";
import type { Dim, Shape } from "../graph/dims.ts";
import type { Tensor } from "../graph/tensor.ts";
import { checkKey } from "../onnx/check.ts";
import type { DType, OnnxModel, OnnxValue } from "../onnx/model.ts";

/** An input or output as a file declares it. */
export interface DeclaredValue {
  readonly name: string;
  readonly dtype: DType;
  /** Sizes that the file leaves open are names, equal for equal names of the file; null when the file does not even tell the rank. */
  readonly shape: Shape | null;
}

export interface Signature {
  readonly inputs: readonly DeclaredValue[];
  readonly outputs: readonly DeclaredValue[];
}

const PLAIN_NAME = /^[A-Za-z_][A-Za-z0-9_]{0,99}$/;

/** Names for sizes: the file's where it is one, otherwise a new one. */
class SizeNames {
  readonly #names = new Map<string, string>();
  readonly #taken = new Set<string>();

  constructor(values: readonly OnnxValue[]) {
    for (const { shape } of values) {
      for (const size of shape ?? []) if (typeof size === "string" && isPlain(size)) this.#taken.add(size);
    }
  }

  of(size: string | null, value: string, axis: number): string {
    if (size !== null && isPlain(size)) return size;
    const known = size === null ? undefined : this.#names.get(size);
    if (known !== undefined) return known;
    const stem = `${value
      .slice(0, 80)
      .replace(/[^A-Za-z0-9_]/g, "_")
      .replace(/^(?=\d)/, "_")}_size${axis}`;
    let fresh = stem;
    for (let count = 2; this.#taken.has(fresh); count++) fresh = `${stem}_${count}`;
    this.#taken.add(fresh);
    if (size !== null) this.#names.set(size, fresh);
    return fresh;
  }
}

const isPlain = (size: string): boolean => PLAIN_NAME.test(size) && size !== "floor";

/** Inputs that have an initializer (files before IR version 4 list them all) are weights or constants, not inputs. */
export function signatureOf(model: OnnxModel): Signature {
  const initializers = new Set(model.initializers.map(({ name }) => name));
  const inputs = model.inputs.filter(({ name }) => !initializers.has(name));
  const names = new SizeNames([...inputs, ...model.outputs]);
  const declared = ({ name, dtype, shape }: OnnxValue): DeclaredValue => ({
    name,
    dtype,
    shape: shape === null ? null : shape.map((size, axis) => (typeof size === "number" ? size : names.of(size, name, axis))),
  });
  for (const { name } of inputs) checkKey("onnx inputs", name);
  for (const { name } of model.outputs) checkKey("onnx outputs", name);
  return { inputs: inputs.map(declared), outputs: model.outputs.map(declared) };
}

/**
 * Checks tensors against the declared inputs.
 * @throws InputError naming the input that is missing, unknown, or of another dtype, rank or size
 */
export function checkInputs(declared: readonly DeclaredValue[], given: Readonly<Record<string, Tensor>>): void {
  const names = declared.map(({ name }) => name);
  for (const name of Object.keys(given)) {
    if (!names.includes(name)) throw new InputError(name, `the model has no such input; its inputs: ${names.join(", ") || "none"}.`);
  }
  const sizes = new Map<string, { readonly dim: Dim; readonly place: string }>();
  for (const value of declared) {
    const tensor = Object.hasOwn(given, value.name) ? given[value.name] : undefined;
    if (tensor === undefined)
      throw new InputError(value.name, `no tensor is given for this input; the model's inputs: ${names.join(", ")}.`);
    checkInput(value, tensor, sizes);
  }
}

function checkInput(
  { name, dtype, shape }: DeclaredValue,
  tensor: Tensor,
  sizes: Map<string, { readonly dim: Dim; readonly place: string }>,
): void {
  const refuse = (problem: string): never => {
    throw new InputError(
      name,
      `the model declares ${dtype} ${shape === null ? "of any shape" : `[${shape.join(", ")}]`}, got ${tensor.toString()}${problem}.`,
    );
  };
  if (tensor.dtype !== dtype && !(dtype === "float16" && tensor.dtype === "float32")) refuse("");
  if (shape === null) return;
  if (shape.length !== tensor.rank) refuse("");
  shape.forEach((size, axis) => {
    const dim = tensor.shape[axis]!;
    if (typeof size === "number") {
      if (dim !== size) refuse(`: the size of axis ${axis} differs`);
      return;
    }
    const earlier = sizes.get(size);
    if (earlier === undefined) sizes.set(size, { dim, place: `axis ${axis} of "${name}"` });
    else if (earlier.dim !== dim) refuse(`: "${size}" is ${earlier.dim} at ${earlier.place}`);
  });
}
