import type { FactTemplate, Literal, LiteralTemplate, SkillSignature } from "@reverie/core";
import { factText } from "@reverie/core";

/** Sentences for the predicates that every scene has: `{0}` and `{1}` are the objects; the second sentence is the negated one. */
const SENTENCES: Readonly<Record<string, readonly [string, string]>> = {
  handEmpty: ["the gripper is empty", "the gripper holds something"],
  holding: ["the gripper holds {0}", "the gripper does not hold {0}"],
  clear: ["nothing is on {0} and it is not held", "something is on {0} or it is held"],
  accessible: ["{0} is not shut away", "{0} is shut away"],
  same: ["{0} and {1} are the same", "{0} and {1} are different"],
  on: ["{0} is on {1}", "{0} is not on {1}"],
  in: ["{0} is in {1}", "{0} is not in {1}"],
  open: ["{0} is open", "{0} is closed"],
  pressed: ["{0} has been pressed", "{0} has not been pressed"],
};

function sentence(fact: FactTemplate, negated: boolean): string {
  const terms = fact.slice(1).map((term) => (term === "*" ? "anything" : term.replace(/^\?/, "")));
  const known = Object.hasOwn(SENTENCES, fact[0]) ? SENTENCES[fact[0]]![negated ? 1 : 0] : undefined;
  if (known !== undefined) return known.replace("{0}", terms[0] ?? "").replace("{1}", terms[1] ?? "");
  if (terms.length === 1) return `${terms[0]} is ${negated ? "not " : ""}${fact[0]}`;
  return `${factText([fact[0], ...terms])} ${negated ? "does not hold" : "holds"}`;
}

/** A literal in words: `red_cube is on blue_cube`. */
export function literalWords({ fact, negated = false }: Literal | LiteralTemplate): string {
  return sentence(fact, negated);
}

/** What must hold before a skill, in words. */
export function preconditionWords(skill: SkillSignature): string {
  return skill.preconditions.map(literalWords).join("; ") || "nothing";
}

/** What a skill changes, in words. */
export function effectWords(skill: SkillSignature): string {
  const changes = skill.effects.map((effect) => {
    const when = (effect.when ?? []).map(literalWords).join(" and ");
    const after = [...effect.adds.map((fact) => sentence(fact, false)), ...effect.deletes.map((fact) => sentence(fact, true))].join(", ");
    return when === "" ? after : `if ${when}: ${after}`;
  });
  return changes.filter((change) => change !== "").join("; ") || "nothing";
}
