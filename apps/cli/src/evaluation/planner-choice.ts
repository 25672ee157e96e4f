import { EmbeddedBackend, type PlannerBackend } from "@reverie/planning";
import * as z from "zod";
import { choiceOption, type OptionDeclaration } from "../define-command.ts";
import { backendFor, checkPlanner, loadModel, plannerShape } from "../planners.ts";
import { OneSkillBackend } from "./one-skill.ts";

/** Planners that can be evaluated. */
export const EVALUATED = ["symbolic", "random", "no-planner", "embedded", "openai"] as const;

export const evaluatedShape = {
  planner: choiceOption("planner", EVALUATED).transform((name) => name ?? "symbolic"),
  endpoint: plannerShape.endpoint,
  model: plannerShape.model,
  weights: plannerShape.weights,
  grammar: z.boolean().default(false),
};

export const EVALUATED_OPTIONS: readonly OptionDeclaration[] = [
  { flags: "--planner <name>", description: `${EVALUATED.join(", ")} (default symbolic; no-planner: one skill for every instruction)` },
  { flags: "--weights <dir>", description: "weights of the embedded planner (default models/embedded)" },
  { flags: "--grammar", description: "hold the embedded planner's plans to the plan language" },
  { flags: "--endpoint <url>", description: "OpenAI-compatible endpoint (planner openai)" },
  { flags: "--model <name>", description: "model name at the endpoint (planner openai)" },
];

export interface EvaluatedChoice {
  readonly planner: (typeof EVALUATED)[number];
  readonly endpoint?: string | undefined;
  readonly model?: string | undefined;
  readonly weights: string;
  readonly grammar: boolean;
}

/** Makes a planner for each episode. */
export interface BackendMaker {
  backendFor(seed: number): PlannerBackend;
  close(): Promise<void>;
}

const nothing = async (): Promise<void> => {};

/** @throws InputError when an option is missing, PeerError when there are no weights */
export async function makeBackends(choice: EvaluatedChoice): Promise<BackendMaker> {
  const { planner, endpoint, model, weights, grammar } = choice;
  if (planner === "no-planner") return { backendFor: () => new OneSkillBackend(), close: nothing };
  if (planner === "embedded") {
    const loaded = (await loadModel({ planner, weights }))!;
    return { backendFor: (seed) => new EmbeddedBackend({ model: loaded, seed, grammar }), close: () => loaded.release() };
  }
  const served = { planner, endpoint, model, weights };
  checkPlanner(served);
  return { backendFor: (seed) => backendFor(served, seed), close: nothing };
}
