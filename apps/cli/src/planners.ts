import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { InputError } from "@reverie/core";
import { backends, TRANSFORMERS_DTYPES, type BackendOptions, type PlannerBackend, type TransformersDtype } from "@reverie/planning";
import { encodePng } from "@reverie/render";
import * as z from "zod";
import { choiceOption, optionalInteger, type CommandIo, type OptionDeclaration } from "./define-command.ts";

/** Where the planner that comes with Reverie is, as it is named in options and recordings. */
const SHIPPED = "models/embedded";
const SHIPPED_FOLDER = fileURLToPath(new URL(`../../../${SHIPPED}`, import.meta.url));

/** Folder of weights: of the planner that comes with Reverie, wherever a command is started, or one's own. */
export const weightsFolder = (weights: string): string => (weights === SHIPPED && !existsSync(weights) ? SHIPPED_FOLDER : weights);

/** Options of the planners that are models. */
export const MODEL_OPTIONS: readonly OptionDeclaration[] = [
  { flags: "--weights <dir>", description: "weights of the embedded planner (default models/embedded)" },
  { flags: "--endpoint <url>", description: "OpenAI-compatible endpoint, for example http://127.0.0.1:8000/v1 (planner openai)" },
  { flags: "--model <name>", description: "model at the endpoint (openai), or folder or id on the Hugging Face hub (transformers)" },
  {
    flags: "--dtype <name>",
    description: `which of its weights: ${TRANSFORMERS_DTYPES.join(", ")} (planner transformers; default its own)`,
  },
  { flags: "--max-tokens <n>", description: "most tokens of a plan (planners embedded, openai and transformers)" },
];

const PLANNERS = ["symbolic", "random", "embedded", "openai", "transformers", "socket"] as const;

/** Options that choose a planner, for a command that has this one as its default. */
export const plannerOptions = (standard: (typeof PLANNERS)[number]): readonly OptionDeclaration[] => [
  {
    flags: "--planner <name>",
    description: `symbolic (privileged teacher), random, embedded, openai, transformers, or socket (default ${standard})`,
  },
  ...MODEL_OPTIONS,
];

export const modelShape = {
  endpoint: z.url({ protocol: /^https?$/, error: "expected an http or https address" }).optional(),
  model: z.string().min(1).max(1000).optional(),
  weights: z.string().min(1).max(1000).default(SHIPPED),
  dtype: choiceOption("kind of weights", TRANSFORMERS_DTYPES),
  maxTokens: optionalInteger(1, 100_000),
};

/** What `plannerOptions` are read as. */
export const plannerShape = (standard: (typeof PLANNERS)[number]) => ({
  planner: choiceOption("planner", PLANNERS).transform((name) => name ?? standard),
  ...modelShape,
});

export interface PlannerChoice {
  readonly planner: (typeof PLANNERS)[number];
  readonly endpoint?: string | undefined;
  readonly model?: string | undefined;
  readonly weights: string;
  readonly dtype?: TransformersDtype | undefined;
  readonly maxTokens?: number | undefined;
  /** Whether the embedded planner's plans are held to the plan language. */
  readonly grammar?: boolean | undefined;
}

/** @throws InputError when the planner needs an option that is missing */
export function checkPlanner({ planner, endpoint, model }: PlannerChoice): void {
  if (planner === "openai" && endpoint === undefined)
    throw new InputError("--endpoint", "planner openai needs the address of a chat endpoint, for example http://127.0.0.1:8000/v1.");
  if (planner === "openai" && model === undefined)
    throw new InputError("--model", "planner openai needs the name of a model at the endpoint.");
  if (planner === "transformers" && model === undefined)
    throw new InputError(
      "--model",
      "planner transformers needs the folder of a model, or an id on the Hugging Face hub such as owner/model.",
    );
}

/** What a planner has in memory. */
export interface LoadedModel {
  readonly options: Pick<BackendOptions, "answerer" | "chatModel">;
  /** Gives the memory back. */
  release(): Promise<void>;
}

const MEGABYTE = 1e6;

/**
 * The model in this process of a choice that has one.
 *
 * @param io - is shown what is downloaded, and ends it
 * @throws InputError when an option is missing, PeerError when files are missing or damaged, or a package is not installed
 */
export async function loadModel(choice: PlannerChoice, io?: Pick<CommandIo, "progress" | "signal">): Promise<LoadedModel> {
  checkPlanner(choice);
  const { planner, weights, model = "", dtype } = choice;
  // Loaded only here: the other planners need no ONNX Runtime.
  if (planner === "embedded") {
    const { EmbeddedModel } = await import("@reverie/planning/node");
    const answerer = await EmbeddedModel.load(weightsFolder(weights));
    return { options: { answerer }, release: () => answerer.release() };
  }
  if (planner === "transformers") {
    const { TransformersModel } = await import("@reverie/planning/node");
    const chatModel = await TransformersModel.load(model, {
      allowRemote: true,
      ...(dtype === undefined ? {} : { dtype }),
      ...(io === undefined ? {} : { signal: io.signal }),
      onDownload: (file, loadedBytes, totalBytes) =>
        io?.progress(`Downloading ${file}: ${(loadedBytes / MEGABYTE).toFixed(1)} of ${(totalBytes / MEGABYTE).toFixed(1)} MB`),
    });
    return { options: { chatModel }, release: () => chatModel.release() };
  }
  return { options: {}, release: async () => {} };
}

/**
 * The backend for a choice, with the key from `OPENAI_API_KEY`.
 *
 * @param loaded - of `loadModel`
 * @param onText - is given what a transformers planner writes, piece by piece
 */
export function backendFor(choice: PlannerChoice, seed: number, loaded: LoadedModel, onText?: (piece: string) => void): PlannerBackend {
  const { planner, endpoint, model, maxTokens, grammar } = choice;
  const apiKey = process.env["OPENAI_API_KEY"];
  return backends.get(planner).create({
    ...loaded.options,
    // The random planner draws from the seed of the episode that it is asked about: one more seed would only hide it.
    seed: planner === "random" ? 0 : seed,
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(model === undefined ? {} : { model }),
    ...(maxTokens === undefined ? {} : { maxTokens }),
    ...(apiKey === undefined || apiKey === "" ? {} : { apiKey }),
    grammar,
    onText,
    encodeImage: (image) => ({ mimeType: "image/png", bytes: encodePng(image) }),
  });
}
