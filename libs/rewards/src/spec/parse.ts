import { closestName, InputError } from "@reverie/core";
import { refuseContradictions } from "./contradictions.ts";
import { flag, integer, list, number, oneOf, optional, record, text } from "./json.ts";
import { SCORERS } from "./scorers.ts";
import type { GroupSpec, ModifierSpec, ProcessSpec, RegularizerSpec, RewardSpec, TermSpec, TransformSpec } from "./spec.ts";

const LIMITS = { terms: 32, vetoes: 64, schedule: 32, name: 120, description: 2000 } as const;
const ID = /^[a-z][a-z0-9]*([-.][a-z0-9]+)*$/;

const FIELDS = [
  "id",
  "description",
  "terms",
  "gate",
  "veto",
  "combine",
  "transform",
  "constraints",
  "process",
  "group",
  "modifiers",
  "regularizer",
  "collapse",
  "augment",
] as const;

/**
 * Reads a spec from parsed JSON. Read once, checked once; contradictions are refused with the reason.
 *
 * @throws InputError naming the field that is wrong and what is allowed, or the two settings that contradict each other and why
 */
export function parseRewardSpec(json: unknown): RewardSpec {
  const fields = record("spec", json, FIELDS);
  const id = text("spec.id", fields["id"], LIMITS.name);
  if (!ID.test(id)) throw new InputError("spec.id", `expected a kebab-case name, got ${JSON.stringify(id)}.`);
  const spec: RewardSpec = {
    id,
    description: text("spec.description", fields["description"] ?? "", LIMITS.description),
    terms: list("spec.terms", fields["terms"], LIMITS.terms).map((item, i) => termSpec(`spec.terms[${i}]`, item)),
    ...optional("gate", fields, (value) => oneOf("spec.gate", value, ["format", "plan", "none"])),
    ...optional("veto", fields, (value) =>
      list("spec.veto", value, LIMITS.vetoes).map((item, i) => text(`spec.veto[${i}]`, item, LIMITS.name)),
    ),
    ...optional("combine", fields, (value) => oneOf("spec.combine", value, ["weighted-sum", "logical-and"])),
    ...optional("transform", fields, (value) => transformSpec("spec.transform", value)),
    ...optional("constraints", fields, constraintsSpec),
    ...optional("process", fields, (value) => processSpec("spec.process", value)),
    ...optional("group", fields, (value) => groupSpec("spec.group", value)),
    ...optional("modifiers", fields, (value) =>
      list("spec.modifiers", value, 3).map((item, i) => modifierSpec(`spec.modifiers[${i}]`, item)),
    ),
    ...optional("regularizer", fields, (value) => regularizerSpec("spec.regularizer", value)),
    ...optional("collapse", fields, collapseSpec),
    ...optional("augment", fields, augmentSpec),
  };
  if (spec.terms.length === 0) throw new InputError("spec.terms", "expected at least one term, got none.");
  refuseContradictions(spec);
  return spec;
}

function termSpec(path: string, value: unknown): TermSpec {
  const shared = ["term", "weight", "transform", "vetoBelow", "atLeast", "atMost"];
  const settings = ["optional", "measure", "n", "per", "criterion", "calls"];
  const term = text(`${path}.term`, record(path, value, [...shared, ...settings])["term"], LIMITS.name);
  if (!SCORERS.has(term)) {
    const near = closestName(term, SCORERS.ids);
    throw new InputError(
      `${path}.term`,
      `there is no term "${term}"${near === undefined ? "" : `, did you mean "${near}"?`} Known: ${SCORERS.ids.join(", ")}.`,
    );
  }
  const fields = record(path, value, [...shared, ...(SCORERS.get(term).settings ?? [])]);
  if (term === "measure" && fields["measure"] === undefined)
    throw new InputError(`${path}.measure`, "expected the name of a measure of the replay, got none.");
  return {
    term,
    ...optional("weight", fields, (weight) => number(`${path}.weight`, weight, 0, 1e6, "high")),
    ...optional("transform", fields, (transform) => transformSpec(`${path}.transform`, transform)),
    ...optional("vetoBelow", fields, (limit) => number(`${path}.vetoBelow`, limit, 0, 1, "high")),
    ...optional("atLeast", fields, (limit) => number(`${path}.atLeast`, limit, 0, 1, "high")),
    ...optional("atMost", fields, (limit) => number(`${path}.atMost`, limit, 0, 1, "low")),
    ...optional("optional", fields, (choice) => flag(`${path}.optional`, choice)),
    ...optional("measure", fields, (name) => measureName(`${path}.measure`, name)),
    ...optional("n", fields, (n) => integer(`${path}.n`, n, 1, 16)),
    ...optional("per", fields, (per) => number(`${path}.per`, per, 0, 1e6, "high")),
    ...optional("criterion", fields, (criterion) => text(`${path}.criterion`, criterion, LIMITS.description)),
    ...optional("calls", fields, (calls) => integer(`${path}.calls`, calls, 1, 16)),
  };
}

function measureName(path: string, value: unknown): string {
  const name = text(path, value, LIMITS.name);
  if (!ID.test(name)) throw new InputError(path, `expected a kebab-case name, got ${JSON.stringify(name)}.`);
  return name;
}

function transformSpec(path: string, value: unknown): TransformSpec {
  const kind = oneOf(`${path}.kind`, record(path, value, ["kind", "slope", "rate"])["kind"], ["preference-as-reward", "saturate"]);
  if (kind === "preference-as-reward") {
    const fields = record(path, value, ["kind", "slope"]);
    return { kind, ...optional("slope", fields, (slope) => number(`${path}.slope`, slope, 0, 1e6, "high")) };
  }
  const fields = record(path, value, ["kind", "rate"]);
  return { kind, ...optional("rate", fields, (rate) => number(`${path}.rate`, rate, 0, 100, "high")) };
}

function constraintsSpec(value: unknown): NonNullable<RewardSpec["constraints"]> {
  const path = "spec.constraints";
  return { learningRate: number(`${path}.learningRate`, record(path, value, ["learningRate"])["learningRate"], 0, 1e6, "high") };
}

function processSpec(path: string, value: unknown): ProcessSpec {
  const kinds = ["clip-delta", "delta", "progress-delta", "renorm"] as const;
  const kind = oneOf(`${path}.kind`, record(path, value, ["kind", "eta", "alpha"])["kind"], kinds);
  if (kind === "renorm") {
    record(path, value, ["kind"]);
    return { kind };
  }
  const fields = record(path, value, kind === "clip-delta" ? ["kind", "eta", "alpha"] : ["kind", "alpha"]);
  const alpha = number(`${path}.alpha`, fields["alpha"], 0, 1, "both");
  return kind === "clip-delta" ? { kind, eta: number(`${path}.eta`, fields["eta"], 0, 1, "both"), alpha } : { kind, alpha };
}

function groupSpec(path: string, value: unknown): GroupSpec {
  const all = ["rule", "scale", "aggregate", "minimumSpread"];
  const rule = oneOf(`${path}.rule`, record(path, value, all)["rule"], ["relative", "chain"]);
  const fields = record(path, value, rule === "chain" ? ["rule", "minimumSpread"] : all);
  const spread = optional("minimumSpread", fields, (least) => number(`${path}.minimumSpread`, least, 0, 1, "both"));
  if (rule === "chain") return { rule, ...spread };
  return {
    rule,
    ...optional("scale", fields, (scale) => oneOf(`${path}.scale`, scale, ["group", "batch", "none"])),
    ...optional("aggregate", fields, (aggregate) => oneOf(`${path}.aggregate`, aggregate, ["sum_then_normalize", "normalize_then_sum"])),
    ...spread,
  };
}

function modifierSpec(path: string, value: unknown): ModifierSpec {
  const kinds = ["token-hidden-reward", "confidence-gate", "uncertainty-weight"] as const;
  const kind = oneOf(`${path}.kind`, record(path, value, ["kind", "schedule", "tau", "mode"])["kind"], kinds);
  if (kind === "uncertainty-weight") {
    record(path, value, ["kind"]);
    return { kind };
  }
  if (kind === "confidence-gate")
    return { kind, tau: number(`${path}.tau`, record(path, value, ["kind", "tau"])["tau"], 0, 1e100, "both") };
  const fields = record(path, value, ["kind", "schedule", "tau", "mode"]);
  return {
    kind,
    schedule: scheduleSpec(`${path}.schedule`, fields["schedule"]),
    ...optional("tau", fields, (tau) => number(`${path}.tau`, tau, 0, 1e100, "both")),
    ...optional("mode", fields, (mode) => oneOf(`${path}.mode`, mode, ["scale", "mask"])),
  };
}

function scheduleSpec(path: string, value: unknown): { readonly p: number; readonly until: number }[] {
  const schedule = list(path, value, LIMITS.schedule).map((item, i) => {
    const fields = record(`${path}[${i}]`, item, ["p", "until"]);
    return {
      p: number(`${path}[${i}].p`, fields["p"], -1, 1, "both"),
      until: number(`${path}[${i}].until`, fields["until"], 0, 1, "high"),
    };
  });
  const falls = schedule.findIndex(({ until }, i) => i > 0 && until <= schedule[i - 1]!.until);
  if (falls >= 0) throw new InputError(`${path}[${falls}].until`, "expected shares of the training that rise.");
  if (schedule.at(-1)?.until !== 1) throw new InputError(path, "expected a last entry whose `until` is 1, the end of the training.");
  return schedule;
}

function regularizerSpec(path: string, value: unknown): RegularizerSpec {
  const fields = record(path, value, ["kind", "trim"]);
  const kind = oneOf(`${path}.kind`, fields["kind"], ["occupancy"]);
  return { kind, ...optional("trim", fields, (trim) => number(`${path}.trim`, trim, 0, 0.5, "low")) };
}

function collapseSpec(value: unknown): NonNullable<RewardSpec["collapse"]> {
  const path = "spec.collapse";
  const share = number(`${path}.majorityShare`, record(path, value, ["majorityShare"])["majorityShare"], 0, 1, "high");
  if (share === 1) throw new InputError(`${path}.majorityShare`, "no share is above 1, so the alarm would never sound; give less than 1.");
  return { majorityShare: share };
}

function augmentSpec(value: unknown): NonNullable<RewardSpec["augment"]> {
  const fields = record("spec.augment", value, ["kind", "keep"]);
  return {
    kind: oneOf("spec.augment.kind", fields["kind"], ["truncated-negatives"]),
    keep: oneOf("spec.augment.keep", fields["keep"], ["first-sentence", "first-step"]),
  };
}
