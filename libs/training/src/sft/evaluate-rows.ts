import type { PlanStep } from "@reverie/core";
import { parsePlanLoose, parseVerdict, type Answerer } from "@reverie/planning";
import { scorePlan } from "@reverie/rewards";
import type { TrainingRow } from "../data/row.ts";

/** How well rows that were never trained on are answered, each token the most likely one. Shares in [0, 1]; NaN where nothing was asked. */
export interface RowScores {
  readonly rows: number;
  /** Plans that can be read without repair. */
  readonly planFormat: number;
  /** Plans whose steps are those of the reference, in its order. */
  readonly planExact: number;
  /** Mean reward of plans: F1 of the ordered matching, 0 for a plan that cannot be read. */
  readonly planReward: number;
  readonly verdictRight: number;
  /** Questions answered word for word. */
  readonly questionExact: number;
}

export interface EvaluateRowsOptions {
  readonly answerer: Answerer;
  readonly rows: readonly TrainingRow[];
  /** Most tokens of an answer. @defaultValue 128 */
  readonly maxTokens?: number;
  /** Questions asked at once. @defaultValue 16 */
  readonly batch?: number;
  readonly signal?: AbortSignal;
}

const stepKey = ({ skill, args }: PlanStep): string => `${skill}(${Object.values(args).join(", ")})`;

const mean = (values: readonly number[]): number =>
  values.length === 0 ? Number.NaN : values.reduce((sum, value) => sum + value, 0) / values.length;

/** @throws the signal's reason when it aborts */
export async function evaluateRows(options: EvaluateRowsOptions): Promise<RowScores> {
  const { answerer, rows, maxTokens = 128, batch = 16, signal } = options;
  const scores = {
    format: [] as number[],
    exact: [] as number[],
    reward: [] as number[],
    verdict: [] as number[],
    question: [] as number[],
  };
  for (let at = 0; at < rows.length; at += batch) {
    signal?.throwIfAborted();
    const part = rows.slice(at, at + batch);
    const answers = await answerer.answer(part, { maxTokens, ...(signal === undefined ? {} : { signal }) });
    part.forEach(({ kind, completion }, i) => {
      const { text } = answers[i]!;
      if (kind === "question") scores.question.push(text === completion ? 1 : 0);
      else if (kind === "verify") scores.verdict.push(parseVerdict(text)?.complete === parseVerdict(completion)?.complete ? 1 : 0);
      else {
        const reference = parsePlanLoose(completion).plan?.steps ?? [];
        const { plan, format } = parsePlanLoose(text);
        const steps = plan?.steps;
        scores.format.push(format ? 1 : 0);
        scores.exact.push(steps !== undefined && steps.map(stepKey).join(";") === reference.map(stepKey).join(";") ? 1 : 0);
        scores.reward.push(scorePlan({ predicted: steps, format, references: [reference] }, "match").value);
      }
    });
  }
  return {
    rows: rows.length,
    planFormat: mean(scores.format),
    planExact: mean(scores.exact),
    planReward: mean(scores.reward),
    verdictRight: mean(scores.verdict),
    questionExact: mean(scores.question),
  };
}
