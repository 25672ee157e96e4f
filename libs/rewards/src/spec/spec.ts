import { closestName, InputError } from "@reverie/core";

// A reward as data: what a file, a server or a page hands over. Read once, checked once; contradictions are refused with the reason.

/** One term of a reward. */
export interface TermSpec {
  /** Which scorer, by its id in the list of scorers. */
  readonly term: string;
  /** Factor in the sum, above 0. Default 1. */
  readonly weight?: number;
  /** Re-mapping of the term's value before it is combined. Default none. */
  readonly transform?: TransformSpec;
}

export type TransformSpec =
  /** Bounded and centred on scores of a reference policy for the same task (PAR). */
  | { readonly kind: "preference-as-reward"; readonly slope?: number }
  /** Diminishing returns towards 1. */
  | { readonly kind: "saturate"; readonly rate?: number };

/** Step rewards beside the outcome. */
export type ProcessSpec =
  | { readonly kind: "clip-delta"; readonly eta: number; readonly alpha: number }
  | { readonly kind: "progress-delta"; readonly alpha: number }
  | { readonly kind: "renorm" };

export type GroupSpec =
  | {
      readonly rule: "relative";
      readonly scale?: "group" | "batch" | "none";
      readonly aggregate?: "sum_then_normalize" | "normalize_then_sum";
    }
  | { readonly rule: "chain" };

/** A reward of several terms, for one sample and for groups of samples of one task. */
export interface RewardSpec {
  /** Kebab case. */
  readonly id: string;
  readonly description: string;
  readonly terms: readonly TermSpec[];
  /** "format": an answer that broke the format earns nothing. Default "format". */
  readonly gate?: "format" | "none";
  /** Violations of the replay, by name, after which nothing is earned; "any" stands for all. */
  readonly veto?: readonly string[];
  /** How the terms of a sample become one number. Default "weighted-sum", divided by the sum of the weights. */
  readonly combine?: "weighted-sum" | "logical-and";
  readonly process?: ProcessSpec;
  /** Default: relative, scaled by the group. */
  readonly group?: GroupSpec;
}

const LIMITS = { terms: 32, vetoes: 64, name: 120, description: 2000 } as const;
const ID = /^[a-z][a-z0-9]*([-.][a-z0-9]+)*$/;
type Fields = Readonly<Record<string, unknown>>;

/**
 * Reads a spec from parsed JSON.
 *
 * @param terms - ids of the scorers that there are
 * @throws InputError naming the field that is wrong and what is allowed, or the two settings that contradict each other and why
 */
export function parseRewardSpec(json: unknown, terms: readonly string[]): RewardSpec {
  const fields = record("spec", json, ["id", "description", "terms", "gate", "veto", "combine", "process", "group"]);
  const id = text("spec.id", fields["id"], LIMITS.name);
  if (!ID.test(id)) throw new InputError("spec.id", `expected a kebab-case name, got ${JSON.stringify(id)}.`);
  const spec: RewardSpec = {
    id,
    description: text("spec.description", fields["description"] ?? "", LIMITS.description),
    terms: list("spec.terms", fields["terms"], LIMITS.terms).map((item, i) => termSpec(`spec.terms[${i}]`, item, terms)),
    ...optional("gate", fields, (value) => oneOf("spec.gate", value, ["format", "none"])),
    ...optional("veto", fields, (value) =>
      list("spec.veto", value, LIMITS.vetoes).map((item, i) => text(`spec.veto[${i}]`, item, LIMITS.name)),
    ),
    ...optional("combine", fields, (value) => oneOf("spec.combine", value, ["weighted-sum", "logical-and"])),
    ...optional("process", fields, (value) => processSpec("spec.process", value)),
    ...optional("group", fields, (value) => groupSpec("spec.group", value)),
  };
  if (spec.terms.length === 0) throw new InputError("spec.terms", "expected at least one term, got none.");
  refuseContradictions(spec);
  return spec;
}

function termSpec(path: string, value: unknown, known: readonly string[]): TermSpec {
  const fields = record(path, value, ["term", "weight", "transform"]);
  const term = text(`${path}.term`, fields["term"], LIMITS.name);
  if (!known.includes(term)) {
    const near = closestName(term, known);
    throw new InputError(
      `${path}.term`,
      `there is no term "${term}"${near === undefined ? "" : `, did you mean "${near}"?`} Known: ${known.join(", ")}.`,
    );
  }
  return {
    term,
    ...optional("weight", fields, (weight) => number(`${path}.weight`, weight, 0, 1e6, false)),
    ...optional("transform", fields, (transform) => transformSpec(`${path}.transform`, transform)),
  };
}

function transformSpec(path: string, value: unknown): TransformSpec {
  const kind = oneOf(`${path}.kind`, record(path, value, ["kind", "slope", "rate"])["kind"], ["preference-as-reward", "saturate"]);
  if (kind === "preference-as-reward") {
    const fields = record(path, value, ["kind", "slope"]);
    return { kind, ...optional("slope", fields, (slope) => number(`${path}.slope`, slope, 0, 1e6, false)) };
  }
  const fields = record(path, value, ["kind", "rate"]);
  return { kind, ...optional("rate", fields, (rate) => number(`${path}.rate`, rate, 0, 100, false)) };
}

function processSpec(path: string, value: unknown): ProcessSpec {
  const kind = oneOf(`${path}.kind`, record(path, value, ["kind", "eta", "alpha"])["kind"], ["clip-delta", "progress-delta", "renorm"]);
  if (kind === "renorm") {
    record(path, value, ["kind"]);
    return { kind };
  }
  if (kind === "progress-delta")
    return { kind, alpha: number(`${path}.alpha`, record(path, value, ["kind", "alpha"])["alpha"], 0, 1, true) };
  const fields = record(path, value, ["kind", "eta", "alpha"]);
  return { kind, eta: number(`${path}.eta`, fields["eta"], 0, 1, true), alpha: number(`${path}.alpha`, fields["alpha"], 0, 1, true) };
}

function groupSpec(path: string, value: unknown): GroupSpec {
  const rule = oneOf(`${path}.rule`, record(path, value, ["rule", "scale", "aggregate"])["rule"], ["relative", "chain"]);
  if (rule === "chain") {
    record(path, value, ["rule"]);
    return { rule };
  }
  const fields = record(path, value, ["rule", "scale", "aggregate"]);
  return {
    rule,
    ...optional("scale", fields, (scale) => oneOf(`${path}.scale`, scale, ["group", "batch", "none"])),
    ...optional("aggregate", fields, (aggregate) => oneOf(`${path}.aggregate`, aggregate, ["sum_then_normalize", "normalize_then_sum"])),
  };
}

/** Settings that silently cancel each other. Each refusal says what would be lost. */
function refuseContradictions(spec: RewardSpec): void {
  const names = spec.terms.map(({ term }) => term);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined)
    throw new InputError("spec.terms", `the term "${twice}" stands twice; give it once with the sum of the weights.`);
  if (names.includes("format") && spec.gate !== "none") {
    throw new InputError(
      "spec.gate",
      'a format gate and a term "format" pay for the same thing, and a bonus for the format alone is easy to farm; keep one.',
    );
  }
  if (names.includes("brevity") && names.includes("length-incentive")) {
    throw new InputError("spec.terms", 'the terms "brevity" and "length-incentive" pull in opposite directions; keep one.');
  }
  if (names.includes("progress") && (spec.process?.kind === "progress-delta" || spec.process?.kind === "clip-delta")) {
    throw new InputError(
      "spec.process",
      `step rewards of kind ${spec.process.kind} and a term "progress" count the same progress twice; keep one.`,
    );
  }
  if (spec.group?.rule === "chain") refuseWithChain(spec, names);
  if (spec.group?.rule === "relative" && spec.group.aggregate === "normalize_then_sum" && spec.group.scale !== undefined) {
    throw new InputError(
      "spec.group.scale",
      "has no effect under normalize_then_sum, which scales each term by its own group; leave it out.",
    );
  }
  const scaled =
    spec.group === undefined ||
    (spec.group.rule === "relative" && (spec.group.scale ?? "group") === "group" && spec.group.aggregate !== "normalize_then_sum");
  const [only] = spec.terms;
  if (scaled && spec.terms.length === 1 && only!.transform !== undefined && ["execution", "format"].includes(only!.term)) {
    throw new InputError(
      "spec.terms[0].transform",
      `"${only!.term}" has two values only, and within a group that is divided by its deviation every increasing transform of two values comes to the same; leave it out or set group.scale to "none".`,
    );
  }
}

function refuseWithChain(spec: RewardSpec, names: readonly string[]): void {
  if (names.length < 2) throw new InputError("spec.group.rule", "a chain compares samples in several dimensions; give two or more terms.");
  const weighted = spec.terms.findIndex(({ weight }) => weight !== undefined);
  if (weighted >= 0)
    throw new InputError(`spec.terms[${weighted}].weight`, "a chain only compares, so weights have no effect under it; leave them out.");
  const transformed = spec.terms.findIndex(({ transform }) => transform !== undefined);
  if (transformed >= 0) {
    throw new InputError(
      `spec.terms[${transformed}].transform`,
      "a chain only compares, so increasing transforms have no effect under it; leave them out.",
    );
  }
}

function record(path: string, value: unknown, known: readonly string[]): Fields {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new InputError(path, `expected an object, got ${describe(value)}.`);
  for (const key of Object.keys(value)) {
    if (!known.includes(key))
      throw new InputError(path, `there is no field ${JSON.stringify(key.slice(0, LIMITS.name))}; known: ${known.join(", ")}.`);
  }
  return value as Fields;
}

function list(path: string, value: unknown, most: number): readonly unknown[] {
  if (!Array.isArray(value) || value.length > most)
    throw new InputError(path, `expected a list of at most ${most} items, got ${describe(value)}.`);
  return value as readonly unknown[];
}

function text(path: string, value: unknown, most: number): string {
  if (typeof value !== "string" || value.length > most)
    throw new InputError(path, `expected a text of at most ${most} characters, got ${describe(value)}.`);
  return value;
}

function number(path: string, value: unknown, low: number, high: number, included: boolean): number {
  const fits = typeof value === "number" && value <= high && (included ? value >= low : value > low);
  if (!fits) throw new InputError(path, `expected a number ${included ? "from" : "above"} ${low} to ${high}, got ${describe(value)}.`);
  return value;
}

function oneOf<const T extends string>(path: string, value: unknown, allowed: readonly T[]): T {
  const found = allowed.find((item) => item === value);
  if (found === undefined) throw new InputError(path, `expected one of ${allowed.join(", ")}, got ${describe(value)}.`);
  return found;
}

function optional<K extends string, const T>(key: K, fields: Fields, read: (value: unknown) => T): { readonly [P in K]?: T } {
  return fields[key] === undefined ? {} : ({ [key]: read(fields[key]) } as { readonly [P in K]: T });
}

function describe(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value.slice(0, 80));
  if (Array.isArray(value)) return `a list of ${value.length}`;
  return value === null || typeof value !== "object" ? String(value) : "an object";
}
