import { existsSync } from "node:fs";
import { join } from "node:path";
import { checkpointFiles } from "@reverie/tensor/node";
import type { CommandIo } from "../define-command.ts";
import type { Recipe } from "./recipe.ts";
import { grpoFolder, runGrpo } from "./run-grpo.ts";
import { runSft } from "./run-sft.ts";

export interface TrainingOptions {
  /** One phase alone. @defaultValue all that the recipe has */
  readonly method?: "sft" | "grpo" | undefined;
  readonly resume: boolean;
  /** Folder of the supervised training that training by rewards begins with. @defaultValue the recipe's own */
  readonly from?: string | undefined;
}

export interface TrainingRun {
  /** Of supervised training, when it was gone on with. */
  readonly step?: number;
  /** Of training by rewards, when it was come to. */
  readonly iteration?: number;
  readonly finished: boolean;
  readonly checkpoint: string | undefined;
  readonly metrics: Readonly<Record<string, number>>;
  readonly exported: string | undefined;
}

/**
 * The phases of a recipe, one after the other: examples, then rewards where it has them. A resumed run goes on in the phase that was cut off.
 * @throws InputError as `runSft` and `runGrpo`
 */
export async function runTraining(recipe: Recipe, io: CommandIo, { method, resume, from }: TrainingOptions): Promise<TrainingRun> {
  if (method === "grpo") return runGrpo(recipe, io, { resume, from });
  const rewarded = method === undefined && recipe.policyOptimisation !== undefined;
  if (!rewarded) return runSft(recipe, io, resume);
  const begun = existsSync(grpoFolder(recipe)) && (await checkpointFiles(grpoFolder(recipe))).length > 0;
  if (resume && begun) return runGrpo(recipe, io, { resume });
  const first = await runSft(recipe, io, resume, join(recipe.out, "sft-planner"));
  if (!first.finished) return first;
  return { step: first.step, ...(await runGrpo(recipe, io, { resume })) };
}
