import type { Issues } from "./issues.ts";

/** The two parts of an answer, and whether they stand in exactly the asked-for tags. */
export interface Sections {
  readonly reasoning: string | undefined;
  readonly answer: string;
  /** No tag of either kind occurs: the text is all answer. */
  readonly bare: boolean;
  /** An <answer> tag occurs: when the answer is empty, it is meant to be. */
  readonly answered: boolean;
}

interface Tag {
  readonly kind: "think" | "answer";
  readonly closing: boolean;
  readonly start: number;
  readonly end: number;
}

const TAG = /<(\/?)\s{0,4}(think|thinking|answer|plan)\s{0,4}>/gi;

function findTags(text: string, issues: Issues): Tag[] {
  const tags: Tag[] = [];
  for (const found of text.matchAll(TAG)) {
    const name = found[2]!.toLowerCase();
    const kind = name.startsWith("think") ? "think" : "answer";
    if (found[0] !== `<${found[1]}${kind}>`) issues.repair("tags were brought to <think> and <answer>");
    tags.push({ kind, closing: found[1] === "/", start: found.index, end: found.index + found[0].length });
  }
  return tags;
}

/** `<think>...</think><answer>...</answer>` and nothing else but white space. */
function isExact(text: string, tags: readonly Tag[]): boolean {
  const [think, endThink, answer, endAnswer] = tags;
  if (tags.length !== 4 || !think || !endThink || !answer || !endAnswer) return false;
  return (
    think.kind === "think" &&
    !think.closing &&
    endThink.kind === "think" &&
    endThink.closing &&
    answer.kind === "answer" &&
    !answer.closing &&
    endAnswer.kind === "answer" &&
    endAnswer.closing &&
    text.slice(0, think.start).trim() === "" &&
    text.slice(endThink.end, answer.start).trim() === "" &&
    text.slice(endAnswer.end).trim() === ""
  );
}

/** Splits an answer at its tags. Whatever is missing or too much is mended, with a repair: the last answer counts. */
export function splitSections(text: string, issues: Issues): Sections {
  const tags = findTags(text, issues);
  if (tags.length === 0) return { reasoning: undefined, answer: text, bare: true, answered: false };
  if (isExact(text, tags)) {
    const reasoning = text.slice(tags[0]!.end, tags[1]!.start).trim();
    return { reasoning, answer: text.slice(tags[2]!.end, tags[3]!.start), bare: false, answered: true };
  }
  const think = tags.find((tag) => tag.kind === "think" && !tag.closing);
  const answers = tags.filter((tag) => tag.kind === "answer" && !tag.closing);
  const answer = answers.at(-1);
  const endThink = tags.find((tag) => tag.kind === "think" && tag.closing && (think === undefined || tag.start >= think.end));
  if (think === undefined && endThink === undefined) issues.repair("the <think> part is missing");
  else if (think === undefined || endThink === undefined) issues.repair("the <think> part lacks one of its tags");
  if (tags.filter((tag) => tag.kind === "think" && !tag.closing).length > 1) issues.repair("there is more than one <think> part");

  const reasoning = text.slice(think?.end ?? 0, endThink?.start ?? answer?.start ?? think?.end ?? 0).trim();
  const kept = think === undefined && endThink === undefined ? undefined : reasoning;
  if (answer === undefined) {
    issues.repair("the <answer> tag is missing: what follows the thinking was read as the answer");
    const from = endThink?.end ?? think?.end ?? 0;
    const end = tags.find((tag) => tag.kind === "answer" && tag.closing && tag.start >= from);
    return { reasoning: kept, answer: text.slice(from, end?.start), bare: false, answered: false };
  }
  if (answers.length > 1) issues.repair("there is more than one <answer> part: the last one counts");
  const endAnswer = tags.find((tag) => tag.kind === "answer" && tag.closing && tag.start >= answer.end);
  if (endAnswer === undefined) issues.repair("the closing </answer> was added");
  else if (text.slice(endAnswer.end).trim() !== "") issues.repair("text after </answer> was ignored");
  if (text.slice(0, think?.start ?? answer.start).trim() !== "") issues.repair("text before the first part was ignored");
  if (issues.repairs.length === 0) issues.repair("the parts were not in the order <think>, <answer>");
  return { reasoning: kept, answer: text.slice(answer.end, endAnswer?.start), bare: false, answered: true };
}

/** Takes text out of a code fence, with a repair. */
export function stripFence(text: string, issues: Issues): string {
  const open = text.indexOf("```");
  if (open < 0) return text;
  issues.repair("the code fence was removed");
  const lineEnd = text.indexOf("\n", open);
  const afterTicks = open + 3;
  const label = /[A-Za-z]{0,12}/y;
  label.lastIndex = afterTicks;
  const from = afterTicks + label.exec(text)![0].length;
  const start = lineEnd >= 0 && text.slice(from, lineEnd).trim() === "" ? lineEnd + 1 : from;
  const close = text.indexOf("```", start);
  return text.slice(start, close < 0 ? undefined : close);
}
