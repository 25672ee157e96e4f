import type { EpisodeStep, PlanStep, SkillSignature } from "@reverie/core";
import { stepText } from "@reverie/core";
import type { PlanRequest, VerifyRequest } from "../planner.ts";
import { SPECIAL_TOKENS, type Tokenizer } from "./tokenizer.ts";

// What the embedded planner is told. It knows the plan language by training, so its prompts hold only what differs from scene to scene.

/** Cameras whose pictures it sees when it plans; when it judges, the first one before and after the step. */
export const EMBEDDED_VIEWS = ["overhead", "overview"] as const;
/** Pixels along an edge of a picture. */
export const EMBEDDED_IMAGE = 128;

/** What an embedded planner may be asked: each kind begins with a token of its own. */
export type EmbeddedKind = "plan" | "verify" | "question";

/** Steps of an episode's history that a prompt holds unless told otherwise, the newest. */
const HISTORY = 12;
const LONGEST_INSTRUCTION = 600;

/** Prompt for `What should the robot do?`. @param history - most steps already tried that are told, the newest; default 12 */
export function embeddedPlanPrompt(
  request: Pick<PlanRequest, "instruction" | "objects" | "skills" | "history">,
  history: number = HISTORY,
): string {
  const done = history === 0 ? [] : request.history.slice(-history).map((step) => triedStep(step, request.skills));
  return [
    `objects: ${request.objects.map(({ id }) => oneLine(id)).join(", ")}\n`,
    `task: ${oneLine(request.instruction)}\n`,
    ...(done.length === 0 ? [] : [`done: ${done.join("; ")}\n`]),
  ].join("");
}

/** Prompt for `Is this step complete?`. */
export function embeddedVerifyPrompt(request: Pick<VerifyRequest, "instruction" | "step" | "skills">): string {
  return `step: ${call(request.step, request.skills)}\ntask: ${oneLine(request.instruction)}\n`;
}

/** Tokens of a prompt, behind that of its kind. */
export const embeddedPromptTokens = (tokenizer: Tokenizer, kind: EmbeddedKind, prompt: string): number[] => [
  SPECIAL_TOKENS[kind],
  ...tokenizer.encode(prompt),
];

/** Tokens of an answer, with the one that ends it. */
export const embeddedCompletionTokens = (tokenizer: Tokenizer, completion: string): number[] => [
  ...tokenizer.encode(completion),
  SPECIAL_TOKENS.end,
];

function triedStep(step: EpisodeStep, skills: readonly SkillSignature[]): string {
  if (step.status === "done") return call(step, skills);
  // Behind the colon stands what only this run was like.
  const why = oneLine(step.reason ?? "").split(":")[0]!;
  return `${call(step, skills)} ${step.status}${why === "" ? "" : ` (${why})`}`;
}

function call(step: PlanStep, skills: readonly SkillSignature[]): string {
  const signature = skills.find(({ name }) => name === step.skill);
  return oneLine(
    stepText(
      step,
      signature?.parameters.map(({ name }) => name),
    ),
  );
}

const oneLine = (text: string): string => text.slice(0, LONGEST_INSTRUCTION).replaceAll(/\s+/g, " ").trim();
