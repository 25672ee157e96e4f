import type { Assignment, EffectTemplate, Fact, FactTemplate, Literal, LiteralTemplate, SceneObject, SkillSignature } from "@reverie/core";

// Skills and a scene as PDDL 2.2 (Edelkamp & Hoffmann 2004, https://www.jair.org/index.php/jair/article/view/10352), for other planners.
// Object types overlap (a cube is graspable and a support), so they are written as static unary predicates, not as PDDL types.

/** The rules of core's `deriveFacts`. */
const DERIVED = [
  "(:derived (handEmpty) (not (exists (?x) (holding ?x))))",
  "(:derived (clear ?x) (and (not (exists (?y) (on ?y ?x))) (not (holding ?x))))",
  "(:derived (uncovered ?x) (or (not (graspable ?x)) (not (exists (?y) (on ?y ?x)))))",
  "(:derived (enterable ?x) (or (not (openable ?x)) (open ?x)))",
  "(:derived (accessible ?x) (not (exists (?c) (and (in ?x ?c) (not (enterable ?c))))))",
];

const STORED = ["(on ?x ?y)", "(in ?x ?y)", "(holding ?x)", "(open ?x)", "(pressed ?x)"];
const DERIVED_SIGNATURES = ["(handEmpty)", "(clear ?x)", "(uncovered ?x)", "(enterable ?x)", "(accessible ?x)"];

const atom = (template: FactTemplate | Fact): string =>
  template[0] === "same" ? `(= ${template.slice(1).join(" ")})` : `(${template.join(" ")})`;
const literal = ({ fact, negated }: LiteralTemplate | Literal): string => (negated === true ? `(not ${atom(fact)})` : atom(fact));

function conjunction(parts: readonly string[]): string {
  return parts.length === 1 && parts[0] !== undefined ? parts[0] : `(and ${parts.join(" ")})`;
}

/** A deletion; `*` stands for every object. */
function deletion(template: FactTemplate): string {
  let wildcards = 0;
  const terms = template.map((term) => (term === "*" ? `?any${++wildcards}` : term)) as [string, ...string[]];
  const removal = `(not ${atom(terms)})`;
  return wildcards === 0 ? removal : `(forall (${Array.from({ length: wildcards }, (_, i) => `?any${i + 1}`).join(" ")}) ${removal})`;
}

function effect({ when = [], adds, deletes }: EffectTemplate): string[] {
  const changes = [...deletes.map(deletion), ...adds.map(atom)];
  if (when.length === 0 || changes.length === 0) return changes;
  return [`(when ${conjunction(when.map(literal))} ${conjunction(changes)})`];
}

function action(skill: SkillSignature): string {
  const types = skill.parameters.map(({ name, type }) => `(${type} ?${name})`);
  const cost = `(increase (total-cost) ${skill.cost ?? 1})`;
  return [
    `  (:action ${skill.name}`,
    `    :parameters (${skill.parameters.map(({ name }) => `?${name}`).join(" ")})`,
    `    :precondition ${conjunction([...types, ...skill.preconditions.map(literal)])}`,
    `    :effect ${conjunction([...skill.effects.flatMap(effect), cost])})`,
  ].join("\n");
}

/** Object ids that skills name themselves, such as `table`. */
function constants(skills: readonly SkillSignature[]): string[] {
  const found = new Set<string>();
  const look = (template: FactTemplate): void => {
    for (const term of template.slice(1)) if (term !== "*" && !term.startsWith("?")) found.add(term);
  };
  for (const skill of skills) {
    for (const { fact } of skill.preconditions) look(fact);
    for (const { when = [], adds, deletes } of skill.effects) {
      for (const { fact } of when) look(fact);
      adds.forEach(look);
      deletes.forEach(look);
    }
  }
  return [...found].sort();
}

/** The domain: every skill as an action, the derived facts as axioms. `objects` give the type predicates. */
export function domainPddl(skills: readonly SkillSignature[], objects: readonly SceneObject[]): string {
  const types = new Set([
    ...skills.flatMap((skill) => skill.parameters.map(({ type }) => type)),
    "openable",
    "container",
    ...objects.flatMap((object) => object.types),
  ]);
  return [
    "(define (domain reverie)",
    "  (:requirements :strips :equality :negative-preconditions :disjunctive-preconditions :existential-preconditions :conditional-effects :universal-preconditions :derived-predicates :action-costs)",
    `  (:constants ${constants(skills).join(" ")})`,
    `  (:predicates ${[...STORED, ...DERIVED_SIGNATURES, ...[...types].sort().map((type) => `(${type} ?x)`)].join(" ")})`,
    "  (:functions (total-cost))",
    ...DERIVED.map((rule) => `  ${rule}`),
    ...skills.map(action),
    ")",
    "",
  ].join("\n");
}

/** A sampled scene with its goal as a problem of that domain. */
export function problemPddl(
  name: string,
  scene: { skills: readonly SkillSignature[]; objects: readonly SceneObject[]; facts: readonly Fact[]; assignment: Assignment },
): string {
  const known = new Set(constants(scene.skills));
  const declared = scene.objects.filter((object) => !known.has(object.id)).map((object) => object.id);
  const types = scene.objects.flatMap((object) => object.types.map((type) => `(${type} ${object.id})`));
  return [
    `; ${scene.assignment.instruction.replaceAll("\n", " ")}`,
    `(define (problem ${name})`,
    "  (:domain reverie)",
    `  (:objects ${declared.join(" ")})`,
    `  (:init ${[...types, ...scene.facts.map(atom), "(= (total-cost) 0)"].join(" ")})`,
    `  (:goal ${conjunction(scene.assignment.goal.map(literal))})`,
    "  (:metric minimize (total-cost)))",
    "",
  ].join("\n");
}
