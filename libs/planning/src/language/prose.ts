import type { SceneObject, SkillSignature } from "@reverie/core";
import type { RawStep } from "./lines.ts";
import type { ObjectNames } from "./nouns.ts";
import { tokenize } from "./nouns.ts";
import { verbAt } from "./verbs.ts";

const CLAUSE_ENDS = new Set([",", ";", ".", "and", "then"]);
const PRONOUNS = new Set(["it", "them"]);
/** How far into a sentence its first verb may stand: `Then the robot should pick up ...`. */
const LONGEST_LEAD = 6;
const LONGEST_SENTENCE = 400;

function fits(skill: SkillSignature, mentioned: readonly SceneObject[]): boolean {
  return (
    skill.parameters.length === mentioned.length && skill.parameters.every((parameter, i) => mentioned[i]!.types.includes(parameter.type))
  );
}

/** Of skills with the same verb, the one whose slots the mentioned objects fill: `push the button` presses it. */
function choose(skills: readonly SkillSignature[], mentioned: readonly SceneObject[]): SkillSignature | undefined {
  return skills.find((skill) => fits(skill, mentioned)) ?? skills.find((skill) => skill.parameters.length === mentioned.length);
}

/**
 * Reads steps out of a sentence such as `Pick up the red cube and put it on the blue cube.`: for each verb of a skill
 * the objects named after it, in order, fill its slots. Empty when the sentence has no verb with the right number of objects.
 *
 * @param lastObject - what `it` means when nothing was named before in the sentence
 */
export function readProse(
  sentence: string,
  skills: readonly SkillSignature[],
  names: ObjectNames,
  lastObject: string | undefined,
): readonly RawStep[] {
  const tokens = tokenize(sentence.slice(0, LONGEST_SENTENCE));
  const steps: RawStep[] = [];
  let last = names.objects.find((object) => object.id === lastObject);
  let verbs: readonly SkillSignature[] | undefined;
  let mentioned: SceneObject[] = [];
  const finish = (): void => {
    const skill = verbs === undefined ? undefined : choose(verbs, mentioned);
    if (skill !== undefined) steps.push({ skill: skill.name, args: mentioned.map((object) => ({ name: undefined, value: object.id })) });
    mentioned = [];
  };
  for (let at = 0; at < tokens.length;) {
    const mayStart = verbs === undefined ? at <= LONGEST_LEAD : CLAUSE_ENDS.has(tokens[at - 1] ?? ",");
    const verb = mayStart ? verbAt(tokens, at, skills) : undefined;
    if (verb !== undefined) {
      finish();
      verbs = verb.skills;
      at = verb.end;
      continue;
    }
    const mention = verbs === undefined ? undefined : names.mentionAt(tokens, at);
    if (mention !== undefined) {
      mentioned.push(mention.object);
      last = mentioned[0];
      at = mention.end;
      continue;
    }
    if (verbs !== undefined && PRONOUNS.has(tokens[at]!) && last !== undefined) mentioned.push(last);
    at++;
  }
  finish();
  return steps;
}
