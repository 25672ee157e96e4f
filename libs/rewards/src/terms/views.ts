import type { PlanStep } from "@reverie/core";

// Other views of one task, without a model: the paraphrases that Co-Reward (Zhang et al. 2025, https://arxiv.org/abs/2508.00410) needs. The
// ways to make them are our choice.

/** A task in words. */
export interface WordedTask {
  readonly instruction: string;
  /** Names that the instruction may use for objects, to their ids: "mug" to "cup_1". Several names may mean one object. */
  readonly aliases: Readonly<Record<string, string>>;
}

/** Another wording of a task, whose plans can be turned back. */
export interface TaskView {
  readonly kind: "mirror" | "rename" | "reorder";
  readonly task: WordedTask;
  /** A plan for the view as a plan for the task. */
  readonly toTask: (plan: readonly PlanStep[]) => PlanStep[];
}

const OPPOSITES = new Map([
  ["left", "right"],
  ["right", "left"],
  ["clockwise", "counterclockwise"],
  ["counterclockwise", "clockwise"],
  ["leftmost", "rightmost"],
  ["rightmost", "leftmost"],
]);
const SIDE_WORDS = /(?<![a-z])(?:leftmost|rightmost|left|right|counterclockwise|clockwise)(?![a-z])/gi;

/** `word` with the capitals of `model`: none, the first, or all. */
function capitalsOf(model: string, word: string): string {
  if (model === model.toUpperCase()) return word.toUpperCase();
  return model[0] === model[0]!.toUpperCase() ? word[0]!.toUpperCase() + word.slice(1) : word;
}

/**
 * A text with left and right (and the turns) exchanged, also inside ids such as `left_cup`. Mirroring twice gives the text back as long as
 * its side words are written in small letters, with one capital first, or in capitals. "Right" in the sense of correct is swapped too.
 */
export const mirrorText = (text: string): string =>
  text.replaceAll(SIDE_WORDS, (word) => capitalsOf(word, OPPOSITES.get(word.toLowerCase())!));

const mapEntries = (record: Readonly<Record<string, string>>, map: (text: string) => string): Record<string, string> =>
  Object.fromEntries(Object.entries(record).map(([key, value]) => [map(key), map(value)]));

/** The task as seen in a mirror: side words exchanged in the instruction, the names and the ids. Twice is the task itself. */
export function mirrorTask(task: WordedTask): WordedTask {
  return { instruction: mirrorText(task.instruction), aliases: mapEntries(task.aliases, mirrorText) };
}

/** The plan as seen in a mirror: side words exchanged in skills, slots and arguments. Twice is the plan itself. */
export function mirrorPlan(plan: readonly PlanStep[]): PlanStep[] {
  return plan.map(({ skill, args }) => ({ skill: mirrorText(skill), args: mapEntries(args, mirrorText) }));
}

const escaped = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);

/** The instruction with each name replaced by the next name of the same object; the longest names first. */
function renameObjects({ instruction, aliases }: WordedTask): string {
  const names = Object.keys(aliases).filter((name) => name.trim() !== "");
  if (names.length === 0) return instruction;
  const next = new Map(
    names.map((name) => {
      const same = names.filter((other) => aliases[other] === aliases[name]);
      return [name.toLowerCase(), same[(same.indexOf(name) + 1) % same.length]!];
    }),
  );
  const byLength = names.toSorted((a, b) => b.length - a.length).map(escaped);
  const any = new RegExp(String.raw`(?<![\p{L}\p{N}_])(?:${byLength.join("|")})(?![\p{L}\p{N}_])`, "giu");
  return instruction.replaceAll(any, (name) => next.get(name.toLowerCase()) ?? name);
}

/** Words that tie a clause to the one before it: the order then means something. */
const ORDER_WORDS = /\b(?:then|after|afterwards|before|first|next|finally|last|lastly|until|once|it|them|its|their)\b/i;

/** The clauses of an instruction the other way round; the instruction itself when their order means something or there is only one. */
function reorderClauses(instruction: string): string {
  if (ORDER_WORDS.test(instruction)) return instruction;
  const [, body = "", end = ""] = /^(.*?)([.!?]?\s*)$/s.exec(instruction) ?? [];
  const clauses = body.split("; ");
  if (clauses.length < 2) return instruction;
  return clauses.toReversed().join("; ") + end;
}

/**
 * The views of a task that differ from it: its mirror image, other names for its objects, and its clauses (apart by "; ", and only where no
 * word gives them an order) the other way round. No rendering: a mirrored image is the caller's.
 * For Co-Reward, https://arxiv.org/abs/2508.00410.
 */
export function viewPairs(task: WordedTask): TaskView[] {
  const views: TaskView[] = [
    { kind: "mirror", task: mirrorTask(task), toTask: mirrorPlan },
    { kind: "rename", task: { ...task, instruction: renameObjects(task) }, toTask: (plan) => [...plan] },
    { kind: "reorder", task: { ...task, instruction: reorderClauses(task.instruction) }, toTask: (plan) => [...plan] },
  ];
  return views.filter((view) => view.task.instruction !== task.instruction);
}
