import type { PlannerBackend, TransformersDtype } from "@reverie/planning";
import * as z from "zod";
import { choiceOption, type CommandIo, type OptionDeclaration } from "../define-command.ts";
import { backendFor, loadModel, MODEL_OPTIONS, modelShape } from "../planners.ts";
import { BlindBackend } from "./blind.ts";
import { OneSkillBackend } from "./one-skill.ts";

/** Planners that can be evaluated. */
export const EVALUATED = ["symbolic", "random", "no-planner", "embedded", "text-only", "openai", "transformers"] as const;

export const evaluatedShape = {
  planner: choiceOption("planner", EVALUATED).transform((name) => name ?? "symbolic"),
  ...modelShape,
  grammar: z.boolean().default(false),
};

export const EVALUATED_OPTIONS: readonly OptionDeclaration[] = [
  {
    flags: "--planner <name>",
    description: `${EVALUATED.join(", ")} (default symbolic; no-planner: one skill for every instruction; text-only: embedded with black pictures)`,
  },
  ...MODEL_OPTIONS,
  { flags: "--grammar", description: "hold the embedded planner's plans to the plan language" },
];

export interface EvaluatedChoice {
  readonly planner: (typeof EVALUATED)[number];
  readonly endpoint?: string | undefined;
  readonly model?: string | undefined;
  readonly weights: string;
  readonly dtype?: TransformersDtype | undefined;
  readonly maxTokens?: number | undefined;
  readonly grammar: boolean;
}

/** Makes a planner for each episode. */
export interface BackendMaker {
  backendFor(seed: number): PlannerBackend;
  close(): Promise<void>;
}

const nothing = async (): Promise<void> => {};

/**
 * @param io - is shown what is downloaded, and ends it
 * @throws InputError when an option is missing, PeerError when there are no weights
 */
export async function makeBackends(choice: EvaluatedChoice, io?: Pick<CommandIo, "progress" | "signal">): Promise<BackendMaker> {
  const { planner } = choice;
  if (planner === "no-planner") return { backendFor: () => new OneSkillBackend(), close: nothing };
  const blind = planner === "text-only";
  const served = { ...choice, planner: planner === "text-only" ? "embedded" : planner } as const;
  const loaded = await loadModel(served, io);
  const sighted = (seed: number): PlannerBackend => backendFor(served, seed, loaded);
  return { backendFor: blind ? (seed) => new BlindBackend(sighted(seed)) : sighted, close: () => loaded.release() };
}
