import { clipDelta, combineProcessOutcome } from "../../process/clip-delta.ts";
import type { ProofCase } from "../case.ts";
import { successAfterDecisionRewards } from "../two-on-the-tray.ts";
import type { Execution } from "../world.ts";

/** Weight of the process reward beside the success reward of 1. */
const COEFFICIENT = 1;

function decisionRewards({ steps, success }: Execution, device: boolean): readonly number[] {
  const judged = steps.map(({ succeeded }) => (succeeded ? 0.9 : 0.2));
  // To end is a decision as well, and the one that the outcome is paid to.
  const process = device ? clipDelta(judged, 0.7) : judged;
  return combineProcessOutcome([...process, 0], success ? 1 : 0, COEFFICIENT);
}

const run = (seed: number, device: boolean): number =>
  successAfterDecisionRewards(seed, (execution) => decisionRewards(execution, device), "group");

export const clipDeltaCase: ProofCase = {
  id: "clip-and-delta-against-padding",
  row: "1.21",
  question: "Does Clip & Delta keep the planner from padding its plan with steps that a process scorer calls correct?",
  weakness: "The process scorer calls every step that can be carried out correct, also an idle look, so a longer plan sums to more.",
  withDevice: (seed) => run(seed, true),
  without: (seed) => run(seed, false),
};
