import { renorm } from "../../process/outcome-gate.ts";
import type { ProofCase } from "../case.ts";
import { successAfterDecisionRewards } from "../two-on-the-tray.ts";
import type { Execution } from "../world.ts";

function decisionRewards({ steps, success }: Execution, device: boolean): readonly number[] {
  const judged = steps.map(({ succeeded }) => (succeeded ? 0.8 : 0.3));
  const outcome = success ? 1 : 0;
  // Ungated, the process score of every step is paid as it is, and the outcome at the end.
  return device ? [...renorm(judged, outcome), 0] : [...judged, outcome];
}

const run = (seed: number, device: boolean): number =>
  successAfterDecisionRewards(seed, (execution) => decisionRewards(execution, device), "none");

export const renormCase: ProofCase = {
  id: "renorm-against-long-good-looking-failures",
  row: "1.17",
  question: "Does gating process scores by the outcome keep the planner from long plans of good-looking steps that fail?",
  weakness: "Every step that can be carried out is scored 0.8 whatever comes of it, so eight idle steps earn more than four and a success.",
  withDevice: (seed) => run(seed, true),
  without: (seed) => run(seed, false),
};
