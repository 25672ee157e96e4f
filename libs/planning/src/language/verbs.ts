import type { SkillSignature } from "@reverie/core";

/** Words for skills that planners use in place of the skill's name, longest first where one begins another. */
const SYNONYMS: Readonly<Record<string, readonly string[]>> = {
  pick: ["pick up", "pick", "grasp", "grab", "lift", "take", "get"],
  place: ["place", "put down", "put", "set down", "set", "stack", "drop", "insert"],
  push: ["push", "slide", "shove"],
  open: ["pull open", "open"],
  close: ["push closed", "close", "shut"],
  press: ["press", "push", "hit", "tap"],
};

/** Everything that may be said for a skill: its own name first. Lower case, words apart by one space. */
export function skillPhrases(name: string): readonly string[] {
  const own = name.toLowerCase().replaceAll(/[_-]+/g, " ");
  return [own, ...(Object.hasOwn(SYNONYMS, name) ? SYNONYMS[name]! : [])];
}

/** Skill that a verb stands for: by its name in another spelling, else by a synonym; undefined when none does. */
export function findSkill(
  verb: string,
  skills: readonly SkillSignature[],
): { readonly skill: SkillSignature; readonly how: "spelling" | "synonym" } | undefined {
  const phrase = verb
    .trim()
    .toLowerCase()
    .replaceAll(/[\s_-]+/g, " ");
  const own = skills.find((skill) => skillPhrases(skill.name)[0] === phrase);
  if (own !== undefined) return { skill: own, how: "spelling" };
  const synonym = skills.find((skill) => skillPhrases(skill.name).includes(phrase));
  return synonym === undefined ? undefined : { skill: synonym, how: "synonym" };
}

/** Skills of which a phrase starts at a token, with the longest such phrase. */
export function verbAt(
  tokens: readonly string[],
  at: number,
  skills: readonly SkillSignature[],
): { readonly skills: readonly SkillSignature[]; readonly end: number } | undefined {
  let longest = 0;
  let found: SkillSignature[] = [];
  for (const skill of skills) {
    for (const phrase of skillPhrases(skill.name)) {
      const words = phrase.split(" ");
      if (words.length < longest || words.some((word, i) => tokens[at + i] !== word)) continue;
      if (words.length > longest) found = [];
      longest = words.length;
      if (!found.includes(skill)) found.push(skill);
    }
  }
  return longest === 0 ? undefined : { skills: found, end: at + longest };
}
