import { InputError } from "@reverie/core";
import { backends, type PlannerBackend } from "@reverie/planning";
import type { EmbeddedModel } from "@reverie/planning/node";
import { encodePng } from "@reverie/render";
import * as z from "zod";
import { choiceOption, type OptionDeclaration } from "./define-command.ts";

/** Options that choose a planner; `run` and `up` share them. */
export const PLANNER_OPTIONS: readonly OptionDeclaration[] = [
  { flags: "--planner <name>", description: "symbolic (privileged teacher), random, embedded, openai, or socket (default symbolic)" },
  { flags: "--weights <dir>", description: "weights of the embedded planner (default models/embedded)" },
  { flags: "--endpoint <url>", description: "OpenAI-compatible endpoint, for example http://127.0.0.1:8000/v1 (planner openai)" },
  { flags: "--model <name>", description: "model name at the endpoint (planner openai)" },
];

const PLANNERS = ["symbolic", "random", "embedded", "openai", "socket"] as const;
/** Named in the command reference, but not part of this version. */
const LATER = ["transformers"];

export const plannerShape = {
  planner: choiceOption("planner", PLANNERS, (name) =>
    LATER.includes(name) ? "this version has no such planner yet; allowed are symbolic, random, embedded, openai and socket" : undefined,
  ).transform((name) => name ?? "symbolic"),
  endpoint: z.url({ protocol: /^https?$/, error: "expected an http or https address" }).optional(),
  model: z.string().min(1).max(200).optional(),
  weights: z.string().min(1).max(1000).default("models/embedded"),
};

export interface PlannerChoice {
  readonly planner: (typeof PLANNERS)[number];
  readonly endpoint?: string | undefined;
  readonly model?: string | undefined;
  readonly weights: string;
}

/** @throws InputError when the planner needs an option that is missing */
export function checkPlanner(choice: PlannerChoice): void {
  if (choice.planner !== "openai") return;
  if (choice.endpoint === undefined)
    throw new InputError("--endpoint", "planner openai needs the address of a chat endpoint, for example http://127.0.0.1:8000/v1.");
  if (choice.model === undefined) throw new InputError("--model", "planner openai needs the name of a model at the endpoint.");
}

/**
 * The embedded planner's model, for a choice that needs it.
 *
 * @throws PeerError when its files are missing or damaged
 */
export async function loadModel({ planner, weights }: PlannerChoice): Promise<EmbeddedModel | undefined> {
  if (planner !== "embedded") return undefined;
  // Loaded only here: the other planners need no ONNX Runtime.
  const embedded = await import("@reverie/planning/node");
  return embedded.EmbeddedModel.load(weights);
}

/** The backend for a choice, with the key from `OPENAI_API_KEY`. @param answerer - of `loadModel` */
export function backendFor(choice: PlannerChoice, seed: number, answerer?: EmbeddedModel): PlannerBackend {
  checkPlanner(choice);
  const apiKey = process.env["OPENAI_API_KEY"];
  return backends.get(choice.planner).create({
    // The random planner draws from the seed of the episode that it is asked about: one more seed would only hide it.
    seed: choice.planner === "random" ? 0 : seed,
    ...(choice.endpoint === undefined ? {} : { endpoint: choice.endpoint }),
    ...(choice.model === undefined ? {} : { model: choice.model }),
    ...(apiKey === undefined || apiKey === "" ? {} : { apiKey }),
    ...(answerer === undefined ? {} : { answerer }),
    encodeImage: (image) => ({ mimeType: "image/png", bytes: encodePng(image) }),
  });
}
