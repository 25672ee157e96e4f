import type { PlanStep, SkillSignature } from "@reverie/core";
import { UnknownIdError } from "@reverie/core";
import type { Issues } from "./issues.ts";
import { excerpt } from "./issues.ts";
import type { RawStep } from "./lines.ts";
import type { ObjectNames } from "./nouns.ts";
import { findSkill } from "./verbs.ts";

/** What a plan may name. */
export interface ResolveContext {
  readonly skills: readonly SkillSignature[];
  readonly skillsByName: ReadonlyMap<string, SkillSignature>;
  readonly names: ObjectNames;
  readonly aliases: Readonly<Record<string, string>>;
}

/**
 * Turns a step as written into a step of known skill and objects. Spelling, aliases and descriptions are mended with a
 * repair; an unknown skill or object or a wrong number of arguments is an error, and undefined is returned.
 */
export function resolveStep(raw: RawStep, index: number, context: ResolveContext, issues: Issues): PlanStep | undefined {
  const path = `steps[${index}]`;
  const skill = resolveSkill(raw.skill, path, context, issues);
  if (skill === undefined) return undefined;
  const given = assignSlots(raw, skill, path, issues);
  if (given === undefined) return undefined;
  const args: Record<string, string> = {};
  let complete = true;
  for (const parameter of skill.parameters) {
    const id = resolveObject(given.get(parameter.name)!, `${path}.args.${parameter.name}`, context, issues);
    if (id === undefined) complete = false;
    else args[parameter.name] = id;
  }
  return complete ? { skill: skill.name, args } : undefined;
}

function resolveSkill(verb: string, path: string, context: ResolveContext, issues: Issues): SkillSignature | undefined {
  const exact = context.skillsByName.get(verb);
  if (exact !== undefined) return exact;
  const alias = Object.hasOwn(context.aliases, verb) ? context.skillsByName.get(context.aliases[verb]!) : undefined;
  if (alias !== undefined) {
    issues.repair(`the skill "${excerpt(verb)}" was read as "${alias.name}"`);
    return alias;
  }
  const found =
    verb.length > 120 ? undefined : (findSkill(verb, context.skills) ?? findSkill(verb.slice(verb.lastIndexOf(" ") + 1), context.skills));
  if (found !== undefined) {
    issues.repair(`the skill "${excerpt(verb)}" was read as "${found.skill.name}"`);
    return found.skill;
  }
  if (!issues.full) issues.error(`${path}.skill`, new UnknownIdError("skill", excerpt(verb), [...context.skillsByName.keys()]).message);
  return undefined;
}

/** Which argument fills which slot: named ones by name, the others in order. */
function assignSlots(raw: RawStep, skill: SkillSignature, path: string, issues: Issues): Map<string, string> | undefined {
  const slots = skill.parameters.map((parameter) => parameter.name);
  const wanted = `expected ${slots.length} ${slots.length === 1 ? "argument" : "arguments"}${slots.length === 0 ? "" : ` (${slots.join(", ")})`}`;
  if (raw.args.length !== slots.length) {
    issues.error(`${path}.args`, `${skill.name}: ${wanted}, got ${raw.args.length}.`);
    return undefined;
  }
  const given = new Map<string, string>();
  for (const { name, value } of raw.args) {
    if (name === undefined) continue;
    const slot = slots.includes(name) ? name : slots.find((known) => known.toLowerCase() === name.toLowerCase().replaceAll("-", "_"));
    if (slot === undefined) {
      if (!issues.full) issues.error(`${path}.args`, `${skill.name}: ${new UnknownIdError("argument", excerpt(name), slots).message}`);
      return undefined;
    }
    if (slot !== name) issues.repair(`the argument "${excerpt(name)}" was read as "${slot}"`);
    if (given.has(slot)) {
      issues.error(`${path}.args.${slot}`, `${skill.name}: given twice.`);
      return undefined;
    }
    given.set(slot, value);
  }
  if (given.size > 0 && given.size < raw.args.length) issues.repair("named and positional arguments were mixed");
  const free = slots.filter((slot) => !given.has(slot));
  raw.args.filter(({ name }) => name === undefined).forEach(({ value }, i) => given.set(free[i]!, value));
  return given;
}

function resolveObject(name: string, path: string, context: ResolveContext, issues: Issues): string | undefined {
  const alias = Object.hasOwn(context.aliases, name) ? context.names.find(context.aliases[name]!) : undefined;
  const found = context.names.find(name);
  if (found?.kind === "exact") return found.object.id;
  const meant = alias ?? found;
  if (meant === undefined) {
    if (!issues.full) {
      const folded = name.toLowerCase().replaceAll(/[\s-]+/g, "_");
      const { suggestion } = new UnknownIdError("object", folded, context.names.ids);
      const hint = suggestion === undefined ? "" : `, did you mean "${suggestion}"?`;
      issues.error(path, `Unknown object "${excerpt(name)}"${hint} Known: ${shortList(context.names.ids)}.`);
    }
    return undefined;
  }
  if (meant.kind === "ambiguous") {
    issues.error(path, `"${excerpt(name)}" may mean ${shortList(meant.candidates.map((object) => object.id))}: name one of them.`);
    return undefined;
  }
  issues.repair(`the object "${excerpt(name)}" was read as "${meant.object.id}"`);
  return meant.object.id;
}

function shortList(ids: readonly string[]): string {
  return ids.length <= 12 ? ids.join(", ") || "none" : `${ids.slice(0, 12).join(", ")}, ...`;
}
