import { InputError } from "@reverie/core";

/**
 * Size of one axis: a number, or an expression over named sizes such as `batch`, `batch*sequence` or `past+1` whose value is
 * known only when the graph runs. Expressions are kept in one canonical form, so equal sizes are equal strings.
 */
export type Dim = number | string;

/** Sizes of all axes, outermost first; [] is a scalar. */
export type Shape = readonly Dim[];

/** Sum of products: the key of a term is its atoms, sorted and joined by "*"; the key of the constant term is "". */
type Polynomial = Map<string, number>;

const NAME = /^(?:([1-9]\d{0,8})\*)?(?!floor$)([A-Za-z_][A-Za-z0-9_]*)$/;

/** The name in a declared size, and the number it is multiplied by. */
export function symbolOf(dim: string): readonly [symbol: string, multiple: number] {
  const [, multiple = "1", symbol = dim] = NAME.exec(dim) ?? [];
  return [symbol, Number(multiple)];
}

/** @throws InputError unless the size is a whole number from 0 to 2^53, an identifier, or a multiple of one such as `2*batch` */
export function checkDim(dim: Dim, where: string): Dim {
  if (typeof dim === "number" ? Number.isSafeInteger(dim) && dim >= 0 : NAME.test(dim)) return dim;
  throw new InputError(where, `expected whole sizes of 0 or more, or names made of letters, digits and _, got ${JSON.stringify(dim)}.`);
}

/** Splits at `separators` that stand outside brackets; each part keeps the separator before it. */
function splitOutside(text: string, separators: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let start = 0;
  for (let i = 0; i < text.length; i++) {
    const letter = text[i]!;
    if (letter === "(") depth++;
    else if (letter === ")") depth--;
    else if (depth === 0 && i > start && separators.includes(letter)) {
      parts.push(text.slice(start, i));
      start = i;
    }
  }
  parts.push(text.slice(start));
  return parts;
}

function parse(dim: Dim): Polynomial {
  if (typeof dim === "number") return new Map(dim === 0 ? [] : [["", dim]]);
  const result: Polynomial = new Map();
  for (const term of splitOutside(dim, "+-")) {
    let coefficient = term.startsWith("-") ? -1 : 1;
    const atoms: string[] = [];
    for (const part of splitOutside(term.replace(/^[+-]/, ""), "*")) {
      const atom = part.replace(/^\*/, "");
      if (/^\d+$/.test(atom)) coefficient *= Number(atom);
      else atoms.push(atom);
    }
    result.set(atoms.sort().join("*"), coefficient);
  }
  return result;
}

function format(polynomial: Polynomial): Dim {
  const terms = [...polynomial].filter(([, coefficient]) => coefficient !== 0);
  if (terms.length === 0) return 0;
  if (terms.length === 1 && terms[0]![0] === "") return terms[0]![1];
  // Longest products first and the constant last: the order people write.
  terms.sort(
    ([a], [b]) => splitOutside(b, "*").length * Number(b !== "") - splitOutside(a, "*").length * Number(a !== "") || (a < b ? -1 : 1),
  );
  let text = "";
  for (const [key, coefficient] of terms) {
    const size = Math.abs(coefficient);
    const body = key === "" ? `${size}` : size === 1 ? key : `${size}*${key}`;
    text += coefficient < 0 ? `-${body}` : text === "" ? body : `+${body}`;
  }
  return text;
}

export function addDims(a: Dim, b: Dim): Dim {
  if (typeof a === "number" && typeof b === "number") return a + b;
  const sum = parse(a);
  for (const [key, coefficient] of parse(b)) sum.set(key, (sum.get(key) ?? 0) + coefficient);
  return format(sum);
}

export function multiplyDims(a: Dim, b: Dim): Dim {
  // Never -0: sizes are compared as they are.
  if (typeof a === "number" && typeof b === "number") return a * b + 0;
  const product: Polynomial = new Map();
  for (const [left, x] of parse(a)) {
    for (const [right, y] of parse(b)) {
      const key = [...splitProduct(left), ...splitProduct(right)].sort().join("*");
      product.set(key, (product.get(key) ?? 0) + x * y);
    }
  }
  return format(product);
}

const splitProduct = (key: string): string[] => (key === "" ? [] : splitOutside(key, "*").map((part) => part.replace(/^\*/, "")));

export const subtractDims = (a: Dim, b: Dim): Dim => addDims(a, multiplyDims(b, -1));

/** a / b where that is a whole expression for every value of the names, otherwise undefined. `b` has one term. */
export function divideDims(a: Dim, b: Dim): Dim | undefined {
  if (a === b) return 1;
  const divisor = [...parse(b)];
  if (divisor.length !== 1) return undefined;
  const [divisorKey, divisorCoefficient] = divisor[0]!;
  const quotient: Polynomial = new Map();
  for (const [key, coefficient] of parse(a)) {
    if (coefficient % divisorCoefficient !== 0) return undefined;
    const atoms = splitProduct(key);
    for (const atom of splitProduct(divisorKey)) {
      const index = atoms.indexOf(atom);
      if (index < 0) return undefined;
      atoms.splice(index, 1);
    }
    quotient.set(atoms.join("*"), coefficient / divisorCoefficient);
  }
  return format(quotient);
}

/** floor(a / b); exact where that can be shown, otherwise an expression of its own that equals only itself. */
export function floorDivideDims(a: Dim, b: number): Dim {
  if (typeof a === "number") return Math.floor(a / b);
  return divideDims(a, b) ?? `floor((${a})/${b})`;
}

/** Number of elements. */
export const elementsOf = (shape: Shape): Dim => shape.reduce(multiplyDims, 1);

/** Parts of an expression, for whoever computes it when the graph runs: terms of a coefficient and factors. */
export interface DimTerm {
  readonly coefficient: number;
  /** Names, or floor divisions of an expression by a number. */
  readonly factors: readonly (string | { readonly numerator: Dim; readonly divisor: number })[];
}

export function dimTerms(dim: Dim): DimTerm[] {
  return [...parse(dim)].map(([key, coefficient]) => ({
    coefficient,
    factors: splitProduct(key).map((atom) => {
      const division = /^floor\(\((.*)\)\/(\d+)\)$/.exec(atom);
      return division === null ? atom : { numerator: division[1]!, divisor: Number(division[2]) };
    }),
  }));
}

/**
 * The number an expression stands for.
 * @throws InputError naming a size that `sizes` does not give
 */
export function evaluateDim(dim: Dim, sizes: ReadonlyMap<string, number>): number {
  if (typeof dim === "number") return dim;
  let sum = 0;
  for (const { coefficient, factors } of dimTerms(dim)) {
    let product = coefficient;
    for (const factor of factors) {
      if (typeof factor !== "string") product *= Math.floor(evaluateDim(factor.numerator, sizes) / factor.divisor);
      else {
        const size = sizes.get(factor);
        if (size === undefined) throw new InputError(factor, `no size is given; known sizes: ${[...sizes.keys()].join(", ") || "none"}.`);
        product *= size;
      }
    }
    sum += product;
  }
  return sum;
}

/** `[batch, 28, 28]`, for messages. */
export const shapeText = (shape: Shape): string => `[${shape.join(", ")}]`;

export const sameShape = (a: Shape, b: Shape): boolean => a.length === b.length && a.every((dim, i) => dim === b[i]);
