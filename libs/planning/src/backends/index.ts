import { InputError, Registry } from "@reverie/core";
import type { PlannerBackend } from "../planner.ts";
import type { EmbeddedOptions } from "./embedded.ts";
import { EmbeddedBackend } from "./embedded.ts";
import type { OpenAiOptions } from "./openai.ts";
import { OpenAiBackend } from "./openai.ts";
import { RandomBackend } from "./random.ts";
import { SymbolicBackend } from "./symbolic.ts";
import type { TransformersOptions } from "./transformers.ts";
import { TransformersBackend } from "./transformers.ts";

/** What a backend may be made with; each takes what it needs. `seed` is the random planner's, and the model's where it has one. */
export interface BackendOptions extends Partial<OpenAiOptions> {
  readonly seed?: number | undefined;
  /** A loaded model, for the embedded planner. */
  readonly answerer?: EmbeddedOptions["model"] | undefined;
  /** A loaded stock model, for the transformers planner. */
  readonly chatModel?: TransformersOptions["model"] | undefined;
  /** Is given what the transformers planner writes, piece by piece. */
  readonly onText?: TransformersOptions["onText"];
  /** Whether the embedded planner's plans are held to the plan language. */
  readonly grammar?: boolean | undefined;
}

export interface BackendDefinition {
  readonly name: string;
  readonly description: string;
  readonly privileged: boolean;
  /** @throws InputError when an option that the backend needs is missing or wrong */
  create(options: BackendOptions): PlannerBackend;
}

/** Every planner backend by name. */
export const backends: Registry<BackendDefinition> = new Registry<BackendDefinition>(
  "planner",
  [
    {
      name: "symbolic",
      description: "Searches for a cheapest plan from the facts to the goal (privileged).",
      privileged: true,
      create: () => new SymbolicBackend(),
    },
    {
      name: "random",
      description: "Draws skills and objects uniformly.",
      privileged: false,
      create: ({ seed }) => new RandomBackend(seed),
    },
    {
      name: "openai",
      description: "Asks a vision-language model behind an OpenAI-compatible endpoint.",
      privileged: false,
      create: ({ model = "", ...options }) => new OpenAiBackend({ model, ...options }),
    },
    {
      name: "embedded",
      description: "Runs a small vision-language model in this process.",
      privileged: false,
      create({ answerer, seed, temperature, maxTokens, grammar }) {
        if (answerer === undefined)
          throw new InputError("answerer", "expected a loaded model: EmbeddedModel.load of @reverie/planning/node makes one.");
        return new EmbeddedBackend({ model: answerer, seed, temperature, maxTokens, grammar });
      },
    },
    {
      name: "transformers",
      description: "Runs a stock vision-language model in this process.",
      privileged: false,
      create({ chatModel, seed, temperature, maxTokens, onText }) {
        if (chatModel === undefined)
          throw new InputError("chatModel", "expected a loaded model: TransformersModel.load of @reverie/planning/node makes one.");
        return new TransformersBackend({ model: chatModel, seed, temperature, maxTokens, onText });
      },
    },
  ],
  (backend) => backend.name,
);
