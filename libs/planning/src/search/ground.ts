import type { Fact, FactTemplate, Literal, LiteralTemplate, SceneObject, SkillSignature } from "@reverie/core";
import { DERIVED_PREDICATES, FactSet, factText, InputError } from "@reverie/core";

// Skills and objects become numbered atoms and actions. Atoms below `baseCount` are stored facts; the others follow from them
// (`handEmpty`, `clear`, `uncovered`, `enterable`, `accessible`) by the rules of core's `deriveFacts`, which search must agree with.

/** What a ground step does under a condition. All lists hold atoms. */
export interface GroundEffect {
  readonly whenTrue: readonly number[];
  readonly whenFalse: readonly number[];
  readonly adds: readonly number[];
  readonly deletes: readonly number[];
}

/** A skill with objects in its slots. */
export interface GroundAction {
  readonly skill: string;
  readonly args: Readonly<Record<string, string>>;
  readonly cost: number;
  readonly needsTrue: readonly number[];
  readonly needsFalse: readonly number[];
  readonly effects: readonly GroundEffect[];
}

/** A derived atom: true when, for each blocker, the atom is false or its antidote is true. */
export interface DerivedAtom {
  readonly blockers: readonly { readonly atom: number; readonly antidote: number | undefined }[];
}

export interface GroundTask {
  readonly baseCount: number;
  /** Derived atom `baseCount + i` is `derived[i]`. */
  readonly derived: readonly DerivedAtom[];
  readonly actions: readonly GroundAction[];
  readonly initial: readonly number[];
  readonly goalTrue: readonly number[];
  readonly goalFalse: readonly number[];
  /** A goal literal that nothing can ever make hold; undefined when there is none. */
  readonly hopeless: Literal | undefined;
}

export interface SearchProblem {
  readonly skills: readonly SkillSignature[];
  readonly objects: readonly SceneObject[];
  /** What is true now; derived facts may be among them or not. */
  readonly facts: readonly Fact[];
  readonly goal: readonly Literal[];
}

/** More ground steps than any scene needs; a skill of many untyped slots would exceed it. */
const MOST_ACTIONS = 100_000;

type Binding = Readonly<Record<string, string>>;
type Verdict = true | false | undefined;

function ground(template: FactTemplate, binding: Binding): Fact {
  const terms = template.slice(1).map((term) => (term.startsWith("?") ? (binding[term.slice(1)] ?? term) : term));
  return [template[0], ...terms];
}

/** What can be said of a literal without looking at facts: sameness and types never change. */
function staticTruth(fact: Fact, types: ReadonlyMap<string, readonly string[]>): Verdict {
  if (fact[0] === "same") return fact[1] === fact[2];
  if (fact.length === 2 && (types.get(fact[1]!) ?? []).includes(fact[0])) return true;
  return undefined;
}

/** The literals of a condition that facts decide; undefined when the condition can never hold. */
function dynamicPart(
  literals: readonly LiteralTemplate[],
  binding: Binding,
  types: ReadonlyMap<string, readonly string[]>,
): Literal[] | undefined {
  const rest: Literal[] = [];
  for (const { fact: template, negated = false } of literals) {
    const fact = ground(template, binding);
    const truth = staticTruth(fact, types);
    if (truth === negated) return undefined;
    if (truth === undefined) rest.push({ fact, negated });
  }
  return rest;
}

interface Candidate {
  readonly skill: SkillSignature;
  readonly args: Binding;
  readonly needs: readonly Literal[];
  readonly effects: readonly { readonly when: readonly Literal[]; readonly adds: readonly Fact[]; readonly deletes: readonly Fact[] }[];
}

/** Every way to fill the slots with objects of their types, without those that types alone rule out. */
function candidates(problem: SearchProblem, types: ReadonlyMap<string, readonly string[]>): Candidate[] {
  const found: Candidate[] = [];
  for (const skill of problem.skills) {
    let bindings: Binding[] = [{}];
    for (const parameter of skill.parameters) {
      const fitting = problem.objects.filter((object) => object.types.includes(parameter.type));
      if (bindings.length * fitting.length > MOST_ACTIONS) {
        throw new InputError(
          `skills.${skill.name}`,
          `its slots can be filled in more than ${MOST_ACTIONS} ways; give them narrower types.`,
        );
      }
      bindings = bindings.flatMap((binding) => fitting.map((object) => ({ ...binding, [parameter.name]: object.id })));
    }
    for (const args of bindings) {
      const needs = dynamicPart(skill.preconditions, args, types);
      if (needs === undefined) continue;
      const effects = skill.effects.flatMap((effect) => {
        const when = dynamicPart(effect.when ?? [], args, types);
        if (when === undefined) return [];
        const adds = effect.adds.map((template) => ground(template, args)).filter((fact) => !DERIVED_PREDICATES.has(fact[0]));
        return [{ when, adds, deletes: effect.deletes.map((template) => ground(template, args)) }];
      });
      found.push({ skill, args, needs, effects });
    }
  }
  return found;
}

/** Grows the facts by everything that some step may add, ignoring what steps delete; returns the steps that may ever start. */
function reachable(all: readonly Candidate[], facts: FactSet): Candidate[] {
  const possible = (literal: Literal): boolean =>
    literal.negated === true || DERIVED_PREDICATES.has(literal.fact[0]) || facts.has(literal.fact);
  const started = new Set<Candidate>();
  for (let size = -1; size !== facts.size + started.size;) {
    size = facts.size + started.size;
    for (const candidate of all) {
      if (!started.has(candidate) && !candidate.needs.every(possible)) continue;
      started.add(candidate);
      for (const effect of candidate.effects) if (effect.when.every(possible)) effect.adds.forEach((fact) => facts.add(fact));
    }
  }
  return all.filter((candidate) => started.has(candidate));
}

/** Compiles a problem. Slots of type T take objects whose types include T. @throws InputError when there are too many ground steps */
export function groundTask(problem: SearchProblem): GroundTask {
  const types = new Map(problem.objects.map((object) => [object.id, object.types]));
  const facts = new FactSet(problem.facts.filter((fact) => !DERIVED_PREDICATES.has(fact[0])));
  const initialCount = facts.size;
  const usable = reachable(candidates(problem, types), facts);
  const base = [...facts];
  const index = new Map(base.map((fact, i) => [factText(fact), i]));
  const derived = deriveAtoms(problem.objects, base, index);

  const atoms = (literals: readonly Literal[]): { yes: number[]; no: number[]; possible: boolean } => {
    const yes: number[] = [];
    const no: number[] = [];
    for (const { fact, negated } of literals) {
      const atom = index.get(factText(fact));
      if (atom === undefined && negated !== true) return { yes, no, possible: false };
      if (atom !== undefined) (negated === true ? no : yes).push(atom);
    }
    return { yes, no, possible: true };
  };
  const matching = (pattern: Fact): number[] =>
    base.flatMap((fact, i) => (fact.length === pattern.length && pattern.every((term, k) => term === "*" || term === fact[k]) ? [i] : []));

  const actions = usable.flatMap(({ skill, args, needs, effects }): GroundAction[] => {
    const condition = atoms(needs);
    if (!condition.possible) return [];
    const grounded = effects.flatMap((effect): GroundEffect[] => {
      const when = atoms(effect.when);
      if (!when.possible) return [];
      const adds = effect.adds.map((fact) => index.get(factText(fact))!);
      return [{ whenTrue: when.yes, whenFalse: when.no, adds, deletes: effect.deletes.flatMap(matching) }];
    });
    return [{ skill: skill.name, args, cost: skill.cost ?? 1, needsTrue: condition.yes, needsFalse: condition.no, effects: grounded }];
  });

  const goal = problem.goal.filter(({ fact, negated = false }) => staticTruth(fact, types) !== !negated);
  const goalAtoms = atoms(goal);
  return {
    baseCount: base.length,
    derived,
    actions,
    initial: base.slice(0, initialCount).map((_, i) => i),
    goalTrue: goalAtoms.yes,
    goalFalse: goalAtoms.no,
    hopeless: goal.find((literal) => staticTruth(literal.fact, types) !== undefined || !atoms([literal]).possible),
  };
}

/** Numbers the derived atoms after the stored ones and enters them in `index`. */
function deriveAtoms(objects: readonly SceneObject[], base: readonly Fact[], index: Map<string, number>): DerivedAtom[] {
  const derived: DerivedAtom[] = [];
  const openable = new Set(objects.filter((object) => object.types.includes("openable")).map((object) => object.id));
  const add = (fact: Fact, blocks: (other: Fact) => boolean, antidoteOf: (other: Fact) => number | undefined): void => {
    index.set(factText(fact), base.length + derived.length);
    derived.push({ blockers: base.flatMap((other, atom) => (blocks(other) ? [{ atom, antidote: antidoteOf(other) }] : [])) });
  };
  add(
    ["handEmpty"],
    ([predicate, object]) => predicate === "holding" && object !== undefined,
    () => undefined,
  );
  for (const { id, types } of objects) {
    add(
      ["uncovered", id],
      ([predicate, , below]) => predicate === "on" && below === id && types.includes("graspable"),
      () => undefined,
    );
    if (openable.has(id)) {
      // The same as being open: one atom under two names. Where nothing can open it, there is no such atom.
      const open = index.get(factText(["open", id]));
      if (open !== undefined) index.set(factText(["enterable", id]), open);
    } else
      add(
        ["enterable", id],
        () => false,
        () => undefined,
      );
    add(
      ["clear", id],
      ([predicate, object, below]) => (predicate === "on" && below === id) || (predicate === "holding" && object === id),
      () => undefined,
    );
    add(
      ["accessible", id],
      ([predicate, object, container]) => predicate === "in" && object === id && container !== undefined && openable.has(container),
      ([, , container]) => index.get(factText(["open", container!])),
    );
  }
  return derived;
}
