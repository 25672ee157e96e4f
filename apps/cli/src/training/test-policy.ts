import { embeddedCompletionTokens, formatPlan, Tokenizer } from "@reverie/planning";
import type { PlanStep } from "@reverie/core";
import { skills } from "@reverie/skills";
import type { PolicySample } from "@reverie/training";
import type { PlanPrompt } from "./policy-prompts.ts";
import { parseRecipe, type Recipe } from "./recipe.ts";

// What the tests of training by rewards share.

/** A recipe as small as can be. Its scenes are made by the thread that asks. */
export function tinyRecipe(policyOptimisation: object, changes: object = {}): Recipe {
  const sizes = { width: 16, layers: 1, heads: 1 };
  return parseRecipe({
    seed: 3,
    out: "out",
    export: "out/planner",
    tokenizer: { vocabulary: 300, jobs: 4 },
    model: { vision: sizes, decoder: sizes },
    source: {
      visual: "none",
      parts: {
        cube: { task: "manipulation/pick-cube", questions: 2 },
        composed: { task: "manipulation/composed", options: { subgoals: 2 } },
        episode: { task: "manipulation/pick-cube", rows: "episode" },
      },
    },
    stages: [{ jobs: 4, mix: [{ part: "cube", split: "default", weight: 1 }] }],
    workers: 0,
    training: { steps: 2, batch: 2, learningRate: { peak: 0.001, warmupSteps: 1 } },
    policyOptimisation: {
      learningRate: { peak: 0.01 },
      stages: [{ name: "cube", iterations: 4, mix: [{ part: "cube", split: "default", weight: 1 }] }],
      ...policyOptimisation,
    },
    ...changes,
  });
}

export const bytesTokenizer: Tokenizer = Tokenizer.fromMerges([]);

/** A text as a policy's answer. */
export const answered = (prompt: PlanPrompt, text: string, finish: "end" | "length" = "end"): PolicySample<PlanPrompt> => ({
  prompt,
  tokens: Int32Array.from(embeddedCompletionTokens(bytesTokenizer, text)),
  finish,
});

/** A plan as a planner writes it. */
export const written = (steps: readonly PlanStep[]): string =>
  formatPlan(
    { steps, reasoning: "so" },
    "line",
    skills.ids.map((id) => skills.get(id).signature),
  );
