// Which initializers of a file are weights, and what their parameters are called.

import type { Parameter, ParameterScope } from "../graph/parameters.ts";
import { float16BitsToFloat32 } from "../onnx/float16.ts";
import type { HostTensor, OnnxInitializer, OnnxModel } from "../onnx/model.ts";

/** A float16 tensor as float32; others as they are. Imported models are computed in float32, which loses nothing. */
export function asFloat32(value: HostTensor): HostTensor {
  if (value.dtype !== "float16") return value;
  return { dtype: "float32", shape: value.shape, data: float16BitsToFloat32(value.data as Uint16Array) };
}

/** Operands that set how an operator works, or are measured and not learned: running statistics, bounds, pad values. */
const SETTINGS: ReadonlyMap<string, readonly number[]> = new Map([
  ["BatchNormalization", [3, 4]],
  ["Clip", [1, 2]],
  ["Dropout", [1, 2]],
  ["Equal", [0, 1]],
  ["Greater", [0, 1]],
  ["GreaterOrEqual", [0, 1]],
  ["Less", [0, 1]],
  ["LessOrEqual", [0, 1]],
  ["OneHot", [0, 1, 2]],
  ["Pad", [2]],
  ["Pow", [1]],
  ["Range", [0, 1, 2]],
]);

/** Names of initializers that are weights: floats with at least one axis, read as something other than a setting. */
function weightNames(model: OnnxModel): ReadonlySet<string> {
  const readAsWeight = new Set<string>();
  for (const { operator, inputs } of model.nodes) {
    const settings = SETTINGS.get(operator) ?? [];
    inputs.forEach((input, i) => {
      if (!settings.includes(i)) readAsWeight.add(input);
    });
  }
  const isWeight = ({ name, dtype, shape, data }: OnnxInitializer): boolean =>
    (dtype === "float32" || dtype === "float16") && shape.length > 0 && data.length > 0 && readAsWeight.has(name);
  return new Set(model.initializers.filter(isWeight).map(({ name }) => name));
}

const REFUSED_NAMES: ReadonlySet<string> = new Set(["__proto__", "constructor", "prototype"]);
const MAX_NAME_LENGTH = 200;

/** A name that parameters may have, as near to the file's as that allows. */
function plainName(name: string): string {
  const parts = name
    .slice(0, MAX_NAME_LENGTH)
    .replace(/[^A-Za-z0-9_:/.-]/g, "_")
    .split(".")
    .filter((part) => part !== "")
    .map((part) => (REFUSED_NAMES.has(part) ? `${part}_` : part));
  return parts.join(".") || "weight";
}

/** Gives plain names, each once. */
class NameTable {
  readonly #taken = new Set<string>();
  readonly #counts = new Map<string, number>();

  claim(name: string): string {
    const stem = plainName(name);
    let plain = stem;
    let count = this.#counts.get(stem) ?? 1;
    while (this.#taken.has(plain)) plain = `${stem}-${++count}`;
    this.#counts.set(stem, count);
    this.#taken.add(plain);
    return plain;
  }
}

/** A weight of a file as a parameter. */
export interface Weight {
  readonly parameter: Parameter;
  /** For parameters that belong to this one: their names begin with its name. */
  readonly scope: ParameterScope;
}

/** Frozen parameters for the weights of a file, by the names of their initializers. */
export function registerWeights(model: OnnxModel, scope: ParameterScope): Map<string, Weight> {
  const names = weightNames(model);
  const table = new NameTable();
  const weights = new Map<string, Weight>();
  for (const initializer of model.initializers) {
    if (!names.has(initializer.name)) continue;
    const { shape, data } = asFloat32(initializer);
    const name = table.claim(initializer.name);
    const parameter = scope.parameter(name, shape, (values) => values.set(data as Float32Array));
    parameter.trainable = false;
    weights.set(initializer.name, { parameter, scope: scope.scope(name) });
  }
  return weights;
}
