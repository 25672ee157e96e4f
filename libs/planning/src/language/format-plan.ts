import type { Plan, PlanStep, SkillSignature } from "@reverie/core";
import { InputError } from "@reverie/core";

const SKILL_NAME = /^[A-Za-z_][\w-]{0,63}$/;
/** What the line form can carry without quotes. */
const OBJECT_NAME = /^[\w./-]{1,120}$/;

/** One step of the line form: positional where the arguments stand in the order of the skill's slots, else named. */
export function stepLine(step: PlanStep, skill?: SkillSignature): string {
  const names = Object.keys(step.args);
  if (!SKILL_NAME.test(step.skill))
    throw new InputError("skill", `the line form cannot carry the skill name "${step.skill.slice(0, 60)}".`);
  for (const name of names) {
    const value = step.args[name]!;
    if (!SKILL_NAME.test(name) || !OBJECT_NAME.test(value)) {
      throw new InputError(`args.${name.slice(0, 60)}`, `the line form cannot carry the argument "${value.slice(0, 60)}".`);
    }
  }
  const positional = names.every((name, i) => name === `arg${i}` || name === skill?.parameters[i]?.name);
  const parts = names.map((name) => (positional ? step.args[name]! : `${name}=${step.args[name]!}`));
  return `${step.skill}(${parts.join(", ")})`;
}

/**
 * Writes a plan so that `parsePlan` reads the same plan back, in the strict format.
 *
 * @param form - `line`: numbered calls, one a line; `json`: `[{"skill", "args"}]`
 * @param skills - lets the line form leave out the names of slots
 * @throws InputError in the line form when a name has characters that only JSON can carry
 */
export function formatPlan(plan: Plan, form: "line" | "json", skills: readonly SkillSignature[] = []): string {
  // A tag inside the thinking would end it early.
  const reasoning = (plan.reasoning ?? "").replaceAll(/<(?=\s{0,4}\/?\s{0,4}(?:think|thinking|answer|plan)\s{0,4}>)/gi, "(");
  const answer =
    form === "json"
      ? JSON.stringify(plan.steps.map(({ skill, args }) => ({ skill, args }))).replaceAll("<", String.raw`\u003c`)
      : plan.steps
          .map((step, i) => {
            const signature = skills.find((skill) => skill.name === step.skill);
            return `${i + 1}. ${stepLine(step, signature)}`;
          })
          .join("\n");
  return `<think>${reasoning}</think>\n<answer>${answer}</answer>`;
}
