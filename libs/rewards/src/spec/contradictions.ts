import { InputError } from "@reverie/core";
import { SCORERS } from "./scorers.ts";
import type { RewardSpec, TermSpec } from "./spec.ts";
import { isBounded, partName } from "./spec.ts";

/**
 * Refuses settings that silently cancel each other, or that one rule makes void. Each refusal says what would be lost.
 *
 * @throws InputError naming the field and the reason
 */
export function refuseContradictions(spec: RewardSpec): void {
  refuseTwice(spec);
  refuseGates(spec);
  refuseOpposites(spec);
  refuseBounds(spec);
  refuseTransforms(spec);
  if (spec.group?.rule === "chain") refuseWithChain(spec);
  refuseExtras(spec);
}

const has = ({ terms }: RewardSpec, ...names: readonly string[]): boolean => terms.some((term) => names.includes(partName(term)));
const refuse = (path: string, reason: string): never => {
  throw new InputError(path, reason);
};

const twice = <T>(items: readonly T[]): T | undefined => items.find((item, i) => items.indexOf(item) !== i);

function refuseTwice({ terms, modifiers = [] }: RewardSpec): void {
  const name = twice(terms.map(partName));
  if (name !== undefined) refuse("spec.terms", `the term "${name}" stands twice; give it once with the sum of the weights.`);
  const kind = twice(modifiers.map((modifier) => modifier.kind));
  if (kind !== undefined) refuse("spec.modifiers", `the modifier "${kind}" stands twice; give it once.`);
}

function refuseGates(spec: RewardSpec): void {
  const { gate = "format", terms } = spec;
  if (has(spec, "format") && gate !== "none") {
    refuse(
      "spec.gate",
      `a ${gate} gate and a term "format" pay for the same thing, and a bonus for the format alone is easy to farm; keep one.`,
    );
  }
  if (has(spec, "well-formed") && gate === "plan")
    refuse("spec.gate", 'a plan gate and a term "well-formed" pay for the same thing; keep one.');
  if (gate === "none" && terms.some(({ term }) => term === "judge")) {
    refuse("spec.gate", "a judge is asked only about answers that passed a gate, as texts without content persuade judges; give one.");
  }
  if (gate === "plan" && terms.some(({ term }) => SCORERS.get(term).needs.includes("truth")))
    refuse("spec.gate", "the text of a judge in training is a verdict and no plan, so a plan gate leaves nothing of it; give another.");
}

function refuseOpposites(spec: RewardSpec): void {
  if (has(spec, "brevity") && has(spec, "length-incentive"))
    refuse("spec.terms", 'the terms "brevity" and "length-incentive" pull in opposite directions; keep one.');
  const { kind } = spec.process ?? {};
  if (kind !== undefined && kind !== "renorm" && has(spec, "progress", "measure.progress")) {
    refuse("spec.process", `step rewards of kind ${kind} and a term "progress" count the same progress twice; keep one.`);
  }
  for (const [first, second, why] of [
    ["distinct-steps", "repetition", "punish the same repetitions"],
    ["ordered-match", "hybrid", "are the same number wherever there is a reference"],
  ] as const) {
    if (has(spec, first) && has(spec, second))
      refuse("spec.terms", `the terms "${first}" and "${second}" ${why}: one scorer in disguise; keep one.`);
  }
  if (has(spec, "pairwise-verdict") && has(spec, "listwise-verdict"))
    refuse("spec.terms", "a verdict is of two answers or of a list, so no sample has the truth for both terms; keep one.");
}

function refuseBounds({ terms, constraints, group }: RewardSpec): void {
  terms.forEach((term, i) => {
    if (!isBounded(term)) return;
    const path = `spec.terms[${i}]`;
    if (term.atLeast !== undefined && term.atMost !== undefined)
      refuse(`${path}.atMost`, "a term has one multiplier, which follows one bound; give atLeast or atMost.");
    if (term.weight !== undefined) refuse(`${path}.weight`, "the weight of a term with a bound is its multiplier; leave it out.");
    if (term.transform !== undefined)
      refuse(`${path}.transform`, "a bound is on the term's own value, which a transform would move; leave the transform out.");
  });
  if (terms.some(isBounded) && group?.rule === "relative" && group.scale === "none") {
    refuse(
      "spec.group.scale",
      'multipliers mix advantages of terms with those of the rest, which must have one size; leave out the scale "none" or the bounds.',
    );
  }
  if (terms.every(isBounded))
    refuse("spec.terms", "every term has a bound, so nothing is left to be raised within the bounds; leave one free.");
  if (constraints !== undefined && !terms.some(isBounded))
    refuse("spec.constraints", "no term has a bound, so there are no multipliers; give a term atLeast or atMost, or leave it out.");
}

const binary = ({ term }: TermSpec): boolean => SCORERS.get(term).binary === true;

function refuseTransforms(spec: RewardSpec): void {
  const { terms, group, transform } = spec;
  const byTerm = group?.rule === "relative" && group.aggregate === "normalize_then_sum";
  const scaled = group === undefined || (group.rule === "relative" && (group.scale ?? "group") === "group" && !byTerm);
  if (byTerm && group.scale !== undefined)
    refuse("spec.group.scale", "has no effect under normalize_then_sum, which scales each term by its own group; leave it out.");
  if (byTerm && transform !== undefined) {
    refuse(
      "spec.transform",
      "never reaches the advantages under normalize_then_sum, which takes the terms one by one; transform the terms.",
    );
  }
  terms.forEach((term, i) => {
    if (term.transform === undefined || !binary(term)) return;
    const path = `spec.terms[${i}].transform`;
    if (term.transform.kind === "saturate") refuse(path, `"${term.term}" has two values only, and 0 and 1 stay as they are; leave it out.`);
    if (byTerm || (scaled && terms.length === 1)) refuse(path, twoValues(term.term));
  });
  if (scaled && transform !== undefined && terms.length === 1 && binary(terms[0]!)) refuse("spec.transform", twoValues(terms[0]!.term));
  const centred = terms.findIndex((term) => term.transform?.kind === "preference-as-reward");
  if (centred >= 0 && spec.combine === "logical-and")
    refuse(`spec.terms[${centred}].transform`, "logical-and centres every term on its references already; leave the transform out.");
  if (transform?.kind !== "preference-as-reward") return;
  if (spec.combine === "logical-and")
    refuse("spec.transform", "logical-and centres every term on its references already; leave the transform out.");
  if (centred >= 0) {
    refuse("spec.transform", "references of the total would be measured on terms that references move; centre the terms or the total.");
  }
}

const twoValues = (term: string): string =>
  `"${term}" has two values only, and within a group that is divided by its deviation every increasing transform of two values comes to the same; leave it out or set group.scale to "none".`;

function refuseWithChain({ terms, transform }: RewardSpec): void {
  if (terms.length < 2) refuse("spec.group.rule", "a chain compares samples in several dimensions; give two or more terms.");
  if (transform !== undefined) refuse("spec.transform", "a chain compares the terms, so a transform of the total has no effect under it.");
  terms.forEach((term, i) => {
    const path = `spec.terms[${i}]`;
    if (term.weight !== undefined) refuse(`${path}.weight`, "a chain only compares, so weights have no effect under it; leave them out.");
    if (isBounded(term)) refuse(path, "a chain only compares, so a multiplier has no effect under it; leave the bound out.");
    if (term.transform !== undefined)
      refuse(`${path}.transform`, "a chain only compares, so increasing transforms have no effect under it; leave them out.");
  });
}

function refuseExtras({ terms, modifiers = [], collapse, augment }: RewardSpec): void {
  const unsure = modifiers.findIndex(({ kind }) => kind === "uncertainty-weight");
  if (unsure >= 0 && !terms.some(({ term, calls = 1 }) => term === "judge" && calls > 1)) {
    refuse(
      `spec.modifiers[${unsure}]`,
      'only calls to a judge differ, and one call has no spread; give a term "judge" with calls above 1.',
    );
  }
  if (collapse !== undefined && !terms.some(({ term }) => term === "cross-reference"))
    refuse("spec.collapse", 'only the term "cross-reference" takes votes, so there is no majority share to watch; leave it out.');
  if (augment !== undefined && !terms.some(({ term }) => SCORERS.get(term).needs.includes("truth")))
    refuse("spec.augment", "pairs of answers and their openings train a judge, and no term scores verdicts; leave it out.");
}
