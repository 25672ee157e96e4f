import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { monitorReport } from "../evaluation/monitor-report.ts";
import { summariseOutcomes, type EpisodeOutcome } from "../evaluation/run-evaluation.ts";
import { readNamedRecipe } from "../training/recipe.ts";
import { aimsOf, type Aim } from "./aims.ts";
import { commandOf, resultCells, type ResultCell } from "./cells.ts";
import { resultsPage } from "./page.ts";
import { resultPlanners, weightFiles } from "./planners.ts";
import type { Measured } from "./run-cells.ts";
import { readTraining } from "./training-record.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "reverie-results-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const LINES = [
  { type: "step", step: 10, loss: 3, tokenLoss: 2, patchLoss: 1, rowsPerSecond: 8, tokensPerSecond: 100 },
  { type: "step", step: 20, loss: 1, tokenLoss: 0.5, patchLoss: 0.5, rowsPerSecond: 16, tokensPerSecond: 100 },
  { type: "evaluation", step: 20, scores: { "seeds/planExact": 0.25 } },
  { type: "checkpoint", step: 20, path: "x" },
  ...[1, 2].map((iteration) => ({
    type: "iteration",
    iteration,
    rewardMean: iteration / 4,
    lengthMean: 40,
    degenerateShare: 0.5,
    responses: 32,
    update: { entropy: 0.1 },
    timing: { seconds: 1800, sampledTokensPerSecond: 200, rewardIdleShare: 0.01 },
  })),
  { type: "evaluation", iteration: 2, scores: { "seeds/planExact": 0.5 } },
];

/** A training's folder with these metrics, and weights that hold nothing but a description. */
function writeRun(lines: readonly object[]): void {
  writeFileSync(join(folder, "recipe.json"), JSON.stringify(readNamedRecipe("embedded-small")));
  writeFileSync(join(folder, "metrics.jsonl"), lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
  mkdirSync(join(folder, "weights"));
  writeFileSync(join(folder, "weights", "planner.json"), JSON.stringify({ parameters: 5_000_000 }));
}

function outcome(cell: ResultCell, seed: number, success: boolean): EpisodeOutcome {
  const composed = cell.set.group !== "single task";
  return {
    task: composed ? "manipulation/composed" : cell.set.name,
    split: composed ? "held-out-seeds" : "default",
    seed,
    instruction: "Put the red cube in the bin.",
    referenceSteps: 2,
    ...(composed ? { subgoals: 1, needsPicture: seed % 2 === 0 } : {}),
    success,
    progress: success ? 1 : 0,
    reward: success ? 1 : 0,
    format: true,
    ...(success ? {} : { failure: "planning" as const }),
    steps: 2,
    plans: 1,
    planMs: [50 + seed],
    judged: 2,
    judgedRight: 1,
  };
}

/** Figures of a cell in which so many of ten episodes succeeded. */
function figures(cell: ResultCell, wins: number): Measured {
  const { planner } = cell.planner;
  const facts = { planner, privileged: planner === "symbolic", blind: planner === "text-only", suite: "manipulation", seed: 0 };
  if (cell.kind === "monitor test") {
    const step = { skill: "pick", args: {} };
    const judgements = Array.from({ length: 10 }, (_, i) => ({
      task: "manipulation/pick-cube",
      split: "default",
      seed: i,
      step,
      ms: 1,
      mishap: i < 5 ? ("idle" as const) : ("none" as const),
      truth: i >= 5,
      complete: i >= wins / 2,
    }));
    return { cell, kind: "judged", report: { ...monitorReport({ ...facts, episodes: 10, injectedShare: 0.5 }, judgements), judgements } };
  }
  const outcomes = Array.from({ length: 10 }, (_, seed) => outcome(cell, seed, seed < wins));
  const overall = summariseOutcomes("all", "all", outcomes);
  return { cell, kind: "success", report: { ...facts, replans: 3, monitor: "on", rows: [overall], breakdowns: [], overall, outcomes } };
}

const WINS: Readonly<Record<string, number>> = { random: 0, "no-planner": 1, "text-only": 3, sft: 7, shipped: 9, symbolic: 10 };
const measure = (sft: string | undefined): Measured[] =>
  resultCells(resultPlanners("weights", sft), 10, 0).map((cell) => figures(cell, WINS[cell.planner.id]!));

const reachedOf = (aims: readonly Aim[]): (boolean | undefined)[] => aims.map(({ reached }) => reached);

const pageOf = (measured: readonly Measured[]): string =>
  resultsPage({
    measured,
    training: readTraining(folder),
    parameters: 5_000_000,
    weights: weightFiles(join(folder, "weights")),
    sftWeights: [],
    seed: 0,
    episodes: 10,
    processor: "a processor",
    command: "node tools/results/results.mjs --run out/embedded",
    chartFolder: "results",
  });

describe("the record of a training", () => {
  test("counts hours from the metrics, and holds what each phase began and ended with", () => {
    writeRun(LINES);
    const { supervised, policy, charts, recipe } = readTraining(folder);
    const { batch } = recipe.training;
    expect(supervised).toMatchObject({ steps: 20, rows: 20 * batch, loss: { first: 3, last: 1 }, scores: { "seeds/planExact": 0.25 } });
    expect(supervised.hours).toBeCloseTo((10 * batch * (1 / 8 + 1 / 16)) / 3600, 9);
    expect(policy).toMatchObject({ iterations: 2, responses: 64, hours: 1, reward: { first: 0.25, last: 0.5 } });
    expect(policy?.scores).toEqual({ "seeds/planExact": 0.5 });
    expect(charts.map(({ file }) => file)).toEqual(["losses.svg", "scores.svg", "rewards.svg", "reward-scores.svg"]);
  });

  test("has no policy phase where there was none, and is refused where nothing was trained", () => {
    writeRun(LINES.slice(0, 4));
    const { policy, charts } = readTraining(folder);
    expect(policy).toBeUndefined();
    expect(charts.map(({ file }) => file)).toEqual(["losses.svg", "scores.svg"]);
    rmSync(join(folder, "metrics.jsonl"));
    expect(() => readTraining(folder)).toThrow("metrics.jsonl: is not there");
    expect(() => weightFiles(folder)).toThrow("holds no planner");
  });
});

describe("cells of the results", () => {
  test("have names and commands of their own", () => {
    const cells = resultCells(resultPlanners("weights", "sft"), 24, 5);
    expect(new Set(cells.map(({ id }) => id)).size).toBe(cells.length);
    expect(new Set(cells.map(commandOf)).size).toBe(cells.length);
    expect(cells.map(commandOf)).toContain(
      "npx reverie eval --planner embedded --weights weights --task manipulation/composed --split held-out-seeds --subgoals 4 --episodes 48 --seed 5",
    );
  });
});

describe("aims", () => {
  test("are reached or not by what was measured", () => {
    const aims = aimsOf(measure("sft"));
    expect(reachedOf(aims)).toEqual([true, true, true, true, true, true, true]);
    expect(aims[0]!.found).toContain("+20.0 points");
    const worse = measure("sft").map((each) => (each.cell.planner.id === "shipped" ? figures(each.cell, 6) : each));
    expect(reachedOf(aimsOf(worse))).toEqual([false, false, false, true, true, false, true]);
  });

  test("are not measured where a planner is missing", () => {
    expect(reachedOf(aimsOf(measure(undefined)))[0]).toBeUndefined();
  });
});

describe("the page", () => {
  test("says what was measured, and which aims are not reached", () => {
    writeRun(LINES);
    const page = pageOf(measure("sft").map((each) => (each.cell.planner.id === "shipped" ? figures(each.cell, 6) : each)));
    expect(page).toContain("Of 7 aims, 3 are reached.");
    expect(page).toContain("| Single skills succeed | 90.0 % or more | 60.0 % (31.3 % to 83.2 %) | **not reached** |");
    expect(page).toContain("| rewards (GRPO) | 2 iterations, 64 plans learned from | 1.0 hours | reward 0.250 to 0.500 |");
    expect(page).toContain("![Training by rewards: by iteration](results/rewards.svg)");
    expect(page).toContain("*SFT+GRPO* the shipped one");
    expect(page).not.toContain("NaN");
    expect(page).not.toContain("undefined");
  });

  test("speaks of no rewards where there were none", () => {
    writeRun(LINES.slice(0, 4));
    const page = pageOf(measure(undefined));
    expect(page).not.toContain("*SFT+GRPO*");
    expect(page).toContain("| not measured | not measured |");
    expect(page).toContain("*SFT*, trained by examples alone, is the shipped one.");
  });
});
