import type { Fact, Literal } from "./facts.ts";
import type { FactSet } from "./facts.ts";

// What planner, prompt, parser and world agree on about a skill. Controllers live in libs/skills; this is the part that travels.

/** One slot of a skill. */
export interface SkillParameter {
  readonly name: string;
  /** Object type that may fill it, for example `graspable` or `support`. */
  readonly type: string;
  readonly description: string;
}

/** A fact over parameters (`?object`), constants, or `*` (any object; allowed in `deletes` only). */
export type FactTemplate = readonly [predicate: string, ...terms: string[]];

/** A literal over parameters. `Typed` facts `[type, ?x]` are tested against object types. */
export interface LiteralTemplate {
  readonly fact: FactTemplate;
  readonly negated?: boolean;
}

/** What changes when a skill succeeds, under a condition on static types. */
export interface EffectTemplate {
  /** All must hold before the skill for this effect to apply. @defaultValue always */
  readonly when?: readonly LiteralTemplate[];
  readonly adds: readonly FactTemplate[];
  readonly deletes: readonly FactTemplate[];
}

/** What a skill is to everyone but its controller: name, typed parameters, preconditions, effects. JSON. */
export interface SkillSignature {
  readonly name: string;
  readonly description: string;
  readonly parameters: readonly SkillParameter[];
  readonly preconditions: readonly LiteralTemplate[];
  readonly effects: readonly EffectTemplate[];
  /** What search minimises. @defaultValue 1 */
  readonly cost?: number;
}

/** An object that a plan may name. */
export interface SceneObject {
  readonly id: string;
  /** Every type it has, for example `["graspable", "support", "cube"]`. */
  readonly types: readonly string[];
  /** Words a person would use for it, for example `red cube`. */
  readonly description: string;
}

/** How a skill ended. */
export type SkillStatus = "succeeded" | "failed";

/** Why a skill failed. `precondition`: it could not start; `interrupted`: the episode ended first. */
export type SkillFailureReason = "unreachable" | "slipped" | "blocked" | "timed-out" | "precondition" | "interrupted";

/**
 * Adds the facts that follow from others: `handEmpty()` when nothing is held; `clear(x)` when nothing is on `x` and it is not
 * held; `uncovered(x)` unless `x` is graspable and something is on it; `enterable(x)` unless `x` can be opened and is not open;
 * `accessible(x)` unless `x` is in something that is not enterable. Returns a new set.
 */
export function deriveFacts(facts: FactSet, objects: readonly SceneObject[]): FactSet {
  const derived = facts.clone();
  const covered = new Set<string>();
  for (const [, , below] of facts.of("on")) if (below !== undefined) covered.add(below);
  const held = new Set<string>();
  for (const [, object] of facts.of("holding")) if (object !== undefined) held.add(object);
  if (held.size === 0) derived.add(["handEmpty"]);
  const shut = new Set(objects.filter((o) => o.types.includes("openable") && !facts.has(["open", o.id])).map((o) => o.id));
  const hidden = new Set<string>();
  for (const [, object, container] of facts.of("in")) {
    if (object !== undefined && container !== undefined && shut.has(container)) hidden.add(object);
  }
  for (const object of objects) {
    if (!covered.has(object.id) && !held.has(object.id)) derived.add(["clear", object.id]);
    if (!covered.has(object.id) || !object.types.includes("graspable")) derived.add(["uncovered", object.id]);
    if (!shut.has(object.id)) derived.add(["enterable", object.id]);
    if (!hidden.has(object.id)) derived.add(["accessible", object.id]);
  }
  return derived;
}

/** Predicates that `deriveFacts` adds; effects never list them. */
export const DERIVED_PREDICATES: ReadonlySet<string> = new Set(["handEmpty", "clear", "uncovered", "enterable", "accessible"]);

type Binding = Readonly<Record<string, string>>;

function ground(template: FactTemplate, binding: Binding): Fact {
  const terms = template.slice(1).map((term) => (term.startsWith("?") ? (binding[term.slice(1)] ?? term) : term));
  return [template[0], ...terms];
}

/** Whether a literal over parameters holds, looking at object types as well as at (derived) facts. */
function holds(literal: LiteralTemplate, binding: Binding, derived: FactSet, typesOf: ReadonlyMap<string, readonly string[]>): boolean {
  const fact = ground(literal.fact, binding);
  const truth =
    (fact[0] === "same" ? fact[1] === fact[2] : derived.has(fact)) ||
    (fact.length === 2 && (typesOf.get(fact[1] as string) ?? []).includes(fact[0]));
  return truth !== (literal.negated ?? false);
}

function typeTable(objects: readonly SceneObject[]): Map<string, readonly string[]> {
  return new Map(objects.map((o) => [o.id, o.types]));
}

/** Preconditions of a ground step that do not hold in `facts` (given without derived facts); empty when it may start. */
export function unmetPreconditions(skill: SkillSignature, binding: Binding, facts: FactSet, objects: readonly SceneObject[]): Literal[] {
  const derived = deriveFacts(facts, objects);
  const types = typeTable(objects);
  return skill.preconditions
    .filter((p) => !holds(p, binding, derived, types))
    .map((p) => ({ fact: ground(p.fact, binding), negated: p.negated ?? false }));
}

/** Facts after a ground step succeeded. Derived facts are never stored. Returns a new set. */
export function applyEffects(skill: SkillSignature, binding: Binding, facts: FactSet, objects: readonly SceneObject[]): FactSet {
  const derived = deriveFacts(facts, objects);
  const types = typeTable(objects);
  const next = facts.clone();
  for (const effect of skill.effects) {
    if (!(effect.when ?? []).every((condition) => holds(condition, binding, derived, types))) continue;
    for (const template of effect.deletes) {
      const pattern = ground(template, binding);
      for (const fact of facts.of(pattern[0])) {
        if (fact.length === pattern.length && pattern.every((term, i) => term === "*" || term === fact[i])) next.delete(fact);
      }
    }
    for (const template of effect.adds) next.add(ground(template, binding));
  }
  for (const fact of next) if (DERIVED_PREDICATES.has(fact[0])) next.delete(fact);
  return next;
}

/** Facts that a successful ground step makes true and false, given the facts before it. */
export function expectedChanges(skill: SkillSignature, binding: Binding, before: FactSet, objects: readonly SceneObject[]): Literal[] {
  const after = applyEffects(skill, binding, before, objects);
  return [
    ...[...after].filter((fact) => !before.has(fact)).map((fact) => ({ fact })),
    ...[...before].filter((fact) => !after.has(fact)).map((fact) => ({ fact, negated: true })),
  ];
}
