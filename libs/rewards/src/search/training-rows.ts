import type { PlanStep } from "@reverie/core";
import type { PlanSearchProblem, PlanSearchOptions, PlanSearchResult } from "./search-plan.ts";
import { searchPlan } from "./search-plan.ts";
import type { InferOptions } from "./step-values.ts";
import { inferStepValues } from "./step-values.ts";
import { prefixOf, stepKey } from "./tree.ts";

/** A right plan, to imitate. */
export interface PolicyRow<S = PlanStep> {
  readonly taskId: string;
  readonly plan: readonly S[];
}

/** A prefix and its inferred value, to regress on. */
export interface ValueRow<S = PlanStep> {
  readonly taskId: string;
  readonly prefix: readonly S[];
  /** In [0, 1]. */
  readonly value: number;
}

export interface SearchTrainingRows<S = PlanStep> {
  readonly policy: readonly PolicyRow<S>[];
  readonly value: readonly ValueRow<S>[];
}

export interface TrainingRowOptions extends InferOptions {
  /** Right plans kept per task, the shortest first; all by default. */
  readonly plansPerTask?: number;
  /** Steps that a right plan may have beyond the shortest of its task; any number by default. */
  readonly extraSteps?: number;
}

/**
 * Turns searches into training rows: right plans without doubles for the policy, and every prefix with an inferred value for the value
 * model. Searches that found no right plan give none. A prefix of several searches of a task has the mean of its values.
 *
 * ReST-MCTS* (Zhang et al. 2024), https://arxiv.org/abs/2406.03816. Leaving plans out by their length, and the mean, are our choice.
 */
export function searchTrainingRows<S = PlanStep>(
  searches: readonly { readonly taskId: string; readonly result: PlanSearchResult<S> }[],
  { plansPerTask = Infinity, extraSteps = Infinity, ...infer }: TrainingRowOptions = {},
): SearchTrainingRows<S> {
  const plans = new Map<string, PolicyRow<S>>();
  const prefixes = new Map<string, { readonly taskId: string; readonly prefix: S[]; readonly values: number[] }>();
  for (const { taskId, result } of searches) {
    const values = inferStepValues(result.nodes, infer);
    result.nodes.forEach((node, i) => {
      const value = values[i];
      if (value === undefined || i === 0) return;
      const prefix = prefixOf(result.nodes, i);
      const key = stepKey([taskId, prefix]);
      const entry = prefixes.get(key) ?? { taskId, prefix, values: [] };
      entry.values.push(value);
      prefixes.set(key, entry);
      if (node.success === true) plans.set(key, { taskId, plan: prefix });
    });
  }
  const kept = new Map<string, { readonly shortest: number; count: number }>();
  const policy = [...plans.values()]
    .sort((a, b) => a.plan.length - b.plan.length)
    .filter(({ taskId, plan }) => {
      const task = kept.get(taskId) ?? { shortest: plan.length, count: 0 };
      kept.set(taskId, task);
      return plan.length <= task.shortest + extraSteps && ++task.count <= plansPerTask;
    });
  const value = [...prefixes.values()].map(({ taskId, prefix, values }) => ({
    taskId,
    prefix,
    value: values.reduce((sum, one) => sum + one, 0) / values.length,
  }));
  return { policy, value };
}

/** What a loop of self-training needs of its models: `M` holds the planner and the value model, whatever they are. */
export interface SelfTrainingOptions<M, S = PlanStep> {
  readonly rounds: number;
  readonly tasks: readonly string[];
  readonly start: M;
  /** The search problem of a task with the present models. */
  problem(taskId: string, models: M): PlanSearchProblem<S>;
  /** New models from the rows of the round. */
  train(models: M, rows: SearchTrainingRows<S>): M | Promise<M>;
  readonly search?: PlanSearchOptions;
  readonly rows?: TrainingRowOptions;
}

/** What a round of self-training came to. */
export interface SelfTrainingRound {
  readonly solved: number;
  readonly iterations: number;
  readonly policyRows: number;
  readonly valueRows: number;
}

/**
 * Self-training: search every task, turn the trees into rows, train the models on them, and again. The seed of a search grows with
 * the round and the task, so a run can be repeated.
 *
 * ReST-MCTS* (Zhang et al. 2024), algorithm of the self-training loop, https://arxiv.org/abs/2406.03816.
 *
 * @returns the last models and what each round came to; ends early when the signal of `search` is aborted
 */
export async function selfTrain<M, S = PlanStep>({
  rounds,
  tasks,
  start,
  problem,
  train,
  search = {},
  rows: rowOptions = {},
}: SelfTrainingOptions<M, S>): Promise<{ readonly models: M; readonly rounds: readonly SelfTrainingRound[] }> {
  let models = start;
  const history: SelfTrainingRound[] = [];
  for (let round = 0; round < rounds; round++) {
    const searches: { taskId: string; result: PlanSearchResult<S> }[] = [];
    for (const [i, taskId] of tasks.entries()) {
      const seed = ((search.seed ?? 0) + round * tasks.length + i) % 2 ** 32;
      searches.push({ taskId, result: await searchPlan(problem(taskId, models), { ...search, seed }) });
    }
    if (search.signal?.aborted === true) break;
    const rows = searchTrainingRows(searches, rowOptions);
    history.push({
      solved: searches.filter(({ result }) => result.solved).length,
      iterations: searches.reduce((sum, { result }) => sum + result.iterations, 0),
      policyRows: rows.policy.length,
      valueRows: rows.value.length,
    });
    models = await train(models, rows);
  }
  return { models, rounds: history };
}
