import { StateError } from "@reverie/core";
import { embeddedPromptTokens, type Tokenizer } from "@reverie/planning";
import { assertRowPlan, jobAt, type PicturePrompt, type PlanFacts, type PromptSource, type RowJob, type RowPlan } from "@reverie/training";
import type { PolicyWorkers } from "./policy-workers.ts";

/** What rewards know of a prompt. */
export interface PlanTask {
  readonly job: RowJob;
  /** Place of the stage that asked. */
  readonly stage: number;
  readonly facts: PlanFacts;
}

export type PlanPrompt = PicturePrompt<PlanTask>;

export interface PlanPromptsOptions {
  readonly workers: PolicyWorkers;
  readonly tokenizer: Tokenizer;
  /** Jobs of each stage, by its place. */
  readonly plans: readonly RowPlan[];
  /** Iterations of each stage. */
  readonly iterations: readonly number[];
  /** Most tokens of a prompt; scenes with more are replaced, as are those without a known plan. */
  readonly longestPrompt: number;
}

// Places of prompts in the numbers of jobs: no two prompts of a training have the same.
const MOST_ROUNDS = 64;
const MOST_PROMPTS = 4096;
const MOST_ATTEMPTS = 32;

/**
 * Scenes of a curriculum as prompts: a pure function of iteration, round and place, so that a resumed training asks the same. Those of the next
 * iteration are drawn by other threads while this one is learned from.
 * @throws InputError when a plan draws from a split that is held out
 */
export function planPrompts(options: PlanPromptsOptions): PromptSource<PlanPrompt> {
  const { workers, plans, iterations } = options;
  for (const plan of plans) assertRowPlan(plan);
  const ahead = new Map<string, Promise<readonly PlanPrompt[]>>();
  const stageOf = (iteration: number): number => {
    let end = 0;
    return iterations.findIndex((length) => iteration < (end += length));
  };
  const draw = async (iteration: number, round: number, stage: number, count: number): Promise<readonly PlanPrompt[]> => {
    const first = (iteration * MOST_ROUNDS + round) * MOST_PROMPTS;
    return Promise.all(Array.from({ length: count }, (_, i) => drawOne(options, plans[stage]!, stage, first + i)));
  };
  return ({ count, stage, iteration, round }) => {
    const found = ahead.get(`${iteration}/${round}/${count}`) ?? draw(iteration, round, stage.index, count);
    ahead.clear();
    const next = stageOf(iteration + 1);
    if (workers.elsewhere && next === stage.index) {
      const drawing = draw(iteration + 1, 0, next, count);
      // Its failure is told when the prompts are asked for.
      drawing.catch(() => undefined);
      ahead.set(`${iteration + 1}/0/${count}`, drawing);
    }
    return found;
  };
}

async function drawOne(options: PlanPromptsOptions, plan: RowPlan, stage: number, place: number): Promise<PlanPrompt> {
  const { workers, tokenizer, longestPrompt } = options;
  for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt++) {
    const job = jobAt(plan, place * MOST_ATTEMPTS + attempt);
    const { kind, prompt, images, plan: facts } = await workers.ask<"scene">({ kind: "scene", job });
    const promptTokens = embeddedPromptTokens(tokenizer, kind, prompt);
    if (facts === undefined) throw new StateError(`The scene of ${JSON.stringify(job)} says nothing of what a good plan is.`);
    // Without a plan that is known to be good there is nothing to compare with.
    if (facts.references.length > 0 && promptTokens.length <= longestPrompt) return { images, promptTokens, meta: { job, stage, facts } };
  }
  throw new StateError(
    `${MOST_ATTEMPTS} scenes in a row have no known plan, or prompts of more than the ${longestPrompt} tokens that leave room for an answer.`,
  );
}
