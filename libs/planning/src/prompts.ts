import type { EpisodeStep, PlanStep, SceneObject, SkillSignature } from "@reverie/core";
import { effectWords, preconditionWords } from "./language/fact-words.ts";
import { formatPlan } from "./language/format-plan.ts";
import type { PlanRequest, VerifyRequest } from "./planner.ts";

// What a language model is told. Texts depend on the request alone, so equal requests give equal prompts.

/** The two texts of a chat: who the model is, and what is asked. */
export interface Prompt {
  readonly system: string;
  readonly user: string;
}

/** How the model shall answer: in tags with numbered calls, or as one JSON object. */
export type AnswerForm = "line" | "json";

const MOST_HISTORY = 40;

/** Prompt for `What should the robot do?`: skills, objects, the format by example, and what failed before. */
export function buildPlanPrompt(request: PlanRequest, form: AnswerForm = "line"): Prompt {
  const system = [
    "You plan for a robot. Given an instruction and camera images, answer with the sequence of skills that carries it out.",
    "",
    "Skills:",
    ...request.skills.map(skillText),
    "",
    "Rules:",
    "- Use only these skills and only the object ids listed by the user, exactly as written.",
    "- Every step must be possible after the steps before it.",
    "- Use as few steps as needed, at most 32. If nothing needs to be done, the plan is empty.",
    "",
    form === "line" ? lineFormat(request) : jsonFormat(request),
  ].join("\n");
  const user = [
    `Instruction: ${request.instruction}`,
    "",
    "Objects:",
    ...request.objects.map(objectText),
    ...historyText(request.history),
    "",
    "Plan:",
  ];
  return { system, user: user.join("\n") };
}

/** Prompt for `Is this step complete?`; images from before the step come first, then those from now. */
export function buildVerifyPrompt(request: VerifyRequest, form: AnswerForm = "line"): Prompt {
  const skill = request.skills.find(({ name }) => name === request.step.skill);
  const answer =
    form === "line"
      ? 'Answer with one word first, "True" when the step is complete or "False" when it is not, then one short sentence why.'
      : 'Answer with a JSON object: {"complete": true or false, "explanation": "one short sentence"}.';
  const involved = request.objects.filter(({ id }) => Object.values(request.step.args).includes(id));
  return {
    system: [
      "You watch a robot at work. Given camera images from before and after a step, judge whether the step is complete.",
      "Judge by what the images show, not by what was intended.",
      answer,
    ].join("\n"),
    user: [
      `Task: ${request.instruction}`,
      `Step: ${stepWords(request.step)}`,
      ...(skill === undefined ? [] : [`The step: ${skill.description} Afterwards: ${effectWords(skill)}.`]),
      ...(involved.length === 0 ? [] : ["Objects:", ...involved.map(objectText)]),
      "Is the step complete?",
    ].join("\n"),
  };
}

function skillText(skill: SkillSignature): string {
  const slots = skill.parameters.map(({ name, type }) => `${name}: ${type}`).join(", ");
  const meaning = skill.parameters.map(({ name, description }) => `${name} = ${description}`).join("; ");
  return [
    `- ${skill.name}(${slots}): ${skill.description}`,
    ...(meaning === "" ? [] : [`  slots: ${meaning}`]),
    `  needs: ${preconditionWords(skill)}`,
    `  changes: ${effectWords(skill)}`,
  ].join("\n");
}

function objectText({ id, description, types }: SceneObject): string {
  return `- ${id}: ${description} (${types.join(", ")})`;
}

/** A step as `place(object=red_cube, target=table)`. Names come from a plan that was read, or from history, as they are. */
function stepWords({ skill, args }: PlanStep): string {
  return `${skill}(${Object.entries(args)
    .map(([name, value]) => `${name}=${value}`)
    .join(", ")})`;
}

function historyText(history: readonly EpisodeStep[]): string[] {
  if (history.length === 0) return [];
  const recent = history.slice(-MOST_HISTORY);
  const lines = recent.map((step, i) => {
    const why = step.reason === undefined ? "" : ` (${step.reason})`;
    const said = step.monitor?.explanation === undefined ? "" : `; monitor: ${step.monitor.explanation}`;
    return `${i + 1}. ${stepWords(step)}: ${step.status}${why}${said}`;
  });
  return ["", "Already tried in this episode, oldest first:", ...lines, "Plan from the present state on; do not repeat what is done."];
}

/** A step for each of two skills that the scene allows, so that the example names real things. */
function exampleSteps(skills: readonly SkillSignature[], objects: readonly SceneObject[]): PlanStep[] {
  const steps: PlanStep[] = [];
  for (const skill of skills) {
    const args: Record<string, string> = {};
    for (const { name, type } of skill.parameters) {
      const fitting = objects.find(({ id, types }) => types.includes(type) && !Object.values(args).includes(id));
      if (fitting !== undefined) args[name] = fitting.id;
    }
    if (Object.keys(args).length === skill.parameters.length) steps.push({ skill: skill.name, args });
    if (steps.length === 2) break;
  }
  return steps;
}

function lineFormat({ skills, objects }: PlanRequest): string {
  const example = formatPlan({ steps: exampleSteps(skills, objects), reasoning: "what you see and why these steps" }, "line", skills);
  return [
    "Answer in exactly this form and write nothing after it: your thinking in <think>, then the numbered steps in <answer>, one a line.",
    "Example of the form (not of this task):",
    example,
  ].join("\n");
}

function jsonFormat({ skills, objects }: PlanRequest): string {
  const example = JSON.stringify({ thinking: "what you see and why these steps", steps: exampleSteps(skills, objects) });
  return ["Answer with one JSON object of this form and nothing else.", "Example of the form (not of this task):", example].join("\n");
}
