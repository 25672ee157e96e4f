import { expectedChanges, FactSet, InputError, type EpisodeStep, type PlanningEnvironment, type PlanStep, type Rng } from "@reverie/core";
import { EMBEDDED_VIEWS, embeddedVerifyPrompt, searchInOrder } from "@reverie/planning";
import type { RowJob, TrainingRow } from "@reverie/training";
import { MISHAPS, spoilStep, type Mishap } from "../mishaps.ts";
import { runSkill } from "../run-skill.ts";
import { planRow, type Sight, type View } from "./row-views.ts";
import { verdictCompletion } from "./row-texts.ts";

// Rows from an episode that runs in physics: before each step of the reference plan something may go wrong, is judged, mended by a new
// plan, and undone; then the step runs as it should, is judged, and the rest is planned from there.

/** Share of steps that go wrong first. */
const MISHAP_SHARE = 0.6;

/** Why a step is told to have failed in the history. */
const REASONS: Readonly<Record<Mishap, string>> = {
  idle: "not complete, says the monitor",
  "wrong object": "not complete, says the monitor",
  half: "timed-out",
  dropped: "slipped",
};

/** All rows of one episode. The environment was reset. */
export function* episodeRows(environment: PlanningEnvironment, eyes: Sight, job: RowJob, rng: Rng): Generator<TrainingRow> {
  const reference = environment.assignment.references[0] ?? [];
  const history: EpisodeStep[] = [];
  for (const [k, step] of reference.entries()) {
    if (environment.ended) return;
    if (rng.bernoulli(MISHAP_SHARE)) {
      const start = environment.snapshot();
      yield* mishapRows(environment, eyes, job, rng, step, history);
      environment.restore(start);
    }
    const before = eyes.look(EMBEDDED_VIEWS[0]);
    const facts = new FactSet(environment.facts());
    const succeeded = runSkill(environment, step).succeeded;
    const verdict = verifyRow(environment, eyes, job, step, before, facts);
    if (verdict !== undefined) yield verdict;
    if (environment.ended) return;
    history.push({ ...step, status: succeeded ? "done" : "failed", plan: 0, ...(succeeded ? {} : { reason: "blocked" }) });
    const rest = succeeded ? reference.slice(k + 1) : replan(environment);
    if (rest !== undefined) yield planRow(environment, eyes, job, history, rest);
    if (!succeeded) return;
  }
}

function* mishapRows(
  environment: PlanningEnvironment,
  eyes: Sight,
  job: RowJob,
  rng: Rng,
  step: PlanStep,
  history: readonly EpisodeStep[],
): Generator<TrainingRow> {
  const mishap = rng.choice(MISHAPS);
  const before = eyes.look(EMBEDDED_VIEWS[0]);
  const facts = new FactSet(environment.facts());
  spoilStep(environment, rng, mishap, step);
  const verdict = verifyRow(environment, eyes, job, step, before, facts);
  if (verdict !== undefined) yield verdict;
  // A step that came about after all is no failure to plan on from.
  if (environment.ended || verdict?.completion.startsWith("False") !== true) return;
  const rest = replan(environment);
  if (rest === undefined) return;
  yield planRow(environment, eyes, job, [...history, { ...step, status: "failed", reason: REASONS[mishap], plan: 0 }], rest);
}

/** The question whether a step is complete, answered by the facts; undefined for a step that changes none. */
function verifyRow(
  environment: PlanningEnvironment,
  eyes: Sight,
  job: RowJob,
  step: PlanStep,
  before: View | undefined,
  facts: FactSet,
): TrainingRow | undefined {
  const { assignment, skills, objects } = environment;
  const signature = skills.find(({ name }) => name === step.skill);
  const expected = signature === undefined ? [] : expectedChanges(signature, step.args, facts, objects);
  if (expected.length === 0) return undefined;
  return {
    kind: "verify",
    ...eyes.join([before, eyes.look(EMBEDDED_VIEWS[0])]),
    prompt: embeddedVerifyPrompt({ instruction: assignment.instruction, step, skills }),
    completion: verdictCompletion(expected, new FactSet(environment.facts())),
    task: environment.id,
    split: job.split,
    seed: job.seed,
  };
}

/** The steps that are left from here; undefined when the goal can no longer be reached in its order. */
function replan(environment: PlanningEnvironment): PlanStep[] | undefined {
  const { skills, objects, assignment } = environment;
  const { goal, order = [] } = assignment;
  try {
    return searchInOrder({ skills, objects, facts: environment.facts(), goal, order });
  } catch (error) {
    // What fell where nothing reaches it leaves no plan to learn.
    if (error instanceof InputError) return undefined;
    throw error;
  }
}
