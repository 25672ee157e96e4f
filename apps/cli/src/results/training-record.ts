import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { InputError } from "@reverie/core";
import * as z from "zod";
import { curvesSvg, readCurves, type Curve } from "../evaluation/learning-curve.ts";
import { readRecipe, type Recipe } from "../training/recipe.ts";

const scores = z.record(z.string(), z.number());
const lineSchema = z.union([
  z.object({ type: z.literal("step"), step: z.number(), loss: z.number(), rowsPerSecond: z.number(), tokensPerSecond: z.number() }),
  z.object({
    type: z.literal("iteration"),
    iteration: z.number(),
    rewardMean: z.number(),
    lengthMean: z.number(),
    degenerateShare: z.number(),
    responses: z.number(),
    update: z.object({ entropy: z.number() }).optional(),
    timing: z.object({ seconds: z.number(), sampledTokensPerSecond: z.number(), rewardIdleShare: z.number() }),
  }),
  z.object({ type: z.literal("evaluation"), step: z.number(), scores }),
  z.object({ type: z.literal("evaluation"), iteration: z.number(), scores }),
]);
type Line = z.output<typeof lineSchema>;
type Step = Extract<Line, { type: "step" }>;
type Iteration = Extract<Line, { type: "iteration" }>;

/** What a phase of a training began and ended with: means over its first and last tenth. */
export interface Change {
  readonly first: number;
  readonly last: number;
}

export interface TrainingRecord {
  readonly recipe: Recipe;
  readonly supervised: {
    readonly steps: number;
    readonly rows: number;
    /** Hours of making steps; evaluations and checkpoints left out. */
    readonly hours: number;
    readonly loss: Change;
    /** Of the last evaluation. */
    readonly scores: Readonly<Record<string, number>>;
  };
  /** Absent when the training had no phase of rewards. */
  readonly policy?: {
    readonly iterations: number;
    readonly responses: number;
    readonly hours: number;
    readonly reward: Change;
    readonly entropy: Change;
    readonly length: Change;
    readonly degenerateShare: Change;
    readonly sampledTokensPerSecond: number;
    readonly rewardIdleShare: number;
    readonly scores: Readonly<Record<string, number>>;
  };
  /** SVG by file name, with what it shows. */
  readonly charts: readonly { readonly file: string; readonly title: string; readonly svg: string }[];
}

const mean = (values: readonly number[]): number =>
  values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;

function changeOf(values: readonly number[]): Change {
  const tenth = Math.max(1, Math.floor(values.length / 10));
  return { first: mean(values.slice(0, tenth)), last: mean(values.slice(-tenth)) };
}

function readLines(path: string): { readonly text: string; readonly lines: Line[] } {
  if (!existsSync(path)) throw new InputError(path, "is not there; expected the metrics of a training.");
  const text = readFileSync(path, "utf8");
  const lines = text.split("\n").flatMap((line, i) => {
    if (line.trim() === "") return [];
    try {
      const read = lineSchema.safeParse(JSON.parse(line));
      return read.success ? [read.data] : [];
    } catch (error) {
      throw new InputError(`${path}:${i + 1}`, "is no JSON; expected the metrics of a training.", { cause: error });
    }
  });
  return { text, lines };
}

function supervisedOf(steps: readonly Step[], lines: readonly Line[], batch: number): TrainingRecord["supervised"] {
  const seconds = steps.reduce((sum, { step, rowsPerSecond }, i) => sum + ((step - (steps[i - 1]?.step ?? 0)) * batch) / rowsPerSecond, 0);
  const last = steps.at(-1)?.step ?? 0;
  const asked = lines.filter((line) => line.type === "evaluation" && "step" in line).at(-1);
  return {
    steps: last,
    rows: last * batch,
    hours: seconds / 3600,
    loss: changeOf(steps.map(({ loss }) => loss)),
    scores: asked?.type === "evaluation" ? asked.scores : {},
  };
}

function policyOf(iterations: readonly Iteration[], lines: readonly Line[]): NonNullable<TrainingRecord["policy"]> {
  const asked = lines.filter((line) => line.type === "evaluation" && "iteration" in line).at(-1);
  const timings = iterations.map(({ timing }) => timing);
  return {
    iterations: iterations.at(-1)!.iteration,
    responses: iterations.reduce((sum, { responses }) => sum + responses, 0),
    hours: timings.reduce((sum, { seconds }) => sum + seconds, 0) / 3600,
    reward: changeOf(iterations.map(({ rewardMean }) => rewardMean)),
    entropy: changeOf(iterations.flatMap(({ update }) => (update === undefined ? [] : [update.entropy]))),
    length: changeOf(iterations.map(({ lengthMean }) => lengthMean)),
    degenerateShare: changeOf(iterations.map(({ degenerateShare }) => degenerateShare)),
    sampledTokensPerSecond: mean(timings.map(({ sampledTokensPerSecond }) => sampledTokensPerSecond)),
    rewardIdleShare: mean(timings.map(({ rewardIdleShare }) => rewardIdleShare)),
    scores: asked?.type === "evaluation" ? asked.scores : {},
  };
}

/** Scores by iteration as curves. */
function scoreCurves(lines: readonly Line[], wanted: RegExp): Curve[] {
  const curves = new Map<string, [number, number][]>();
  for (const line of lines) {
    if (line.type !== "evaluation" || !("iteration" in line)) continue;
    for (const [name, value] of Object.entries(line.scores)) {
      if (!wanted.test(name)) continue;
      const points = curves.get(name) ?? [];
      points.push([line.iteration, value]);
      curves.set(name, points);
    }
  }
  return [...curves].map(([name, points]) => ({ name, points }));
}

function chartsOf(text: string, path: string, lines: readonly Line[], iterations: readonly Iteration[]): TrainingRecord["charts"] {
  const { losses, scores: known } = readCurves(text, path);
  const rewards: Curve[] = [
    { name: "reward", points: iterations.map(({ iteration, rewardMean }) => [iteration, rewardMean] as const) },
    {
      name: "entropy (nats)",
      points: iterations.flatMap(({ iteration, update }) => (update === undefined ? [] : [[iteration, update.entropy] as const])),
    },
    { name: "groups of equal rewards", points: iterations.map(({ iteration, degenerateShare }) => [iteration, degenerateShare] as const) },
  ];
  const charts: [file: string, title: string, curves: Curve[]][] = [
    ["losses.svg", "Supervised training: loss by step", losses],
    [
      "scores.svg",
      "Supervised training: plans that equal the reference, and right verdicts, on rows that nothing was trained on",
      known.filter(({ name }) => !name.endsWith("planReward")),
    ],
    ["rewards.svg", "Training by rewards: by iteration", rewards],
    [
      "reward-scores.svg",
      "Training by rewards: plans that equal the reference, and right verdicts",
      scoreCurves(lines, /planExact|verdictRight/),
    ],
  ];
  return charts
    .map(([file, title, curves]) => ({ file, title, curves: curves.filter(({ points }) => points.length > 0) }))
    .filter(({ curves }) => curves.length > 0)
    .map(({ file, title, curves }) => ({ file, title, svg: curvesSvg(title, curves) }));
}

/**
 * What a training's folder tells: its recipe and its metrics.
 * @throws InputError when there is no recipe, no metrics, or a line is no JSON
 */
export function readTraining(folder: string): TrainingRecord {
  const recipe = readRecipe(join(folder, "recipe.json"));
  const path = join(folder, "metrics.jsonl");
  const { text, lines } = readLines(path);
  const steps = lines.filter((line) => line.type === "step");
  const iterations = lines.filter((line) => line.type === "iteration");
  return {
    recipe,
    supervised: supervisedOf(steps, lines, recipe.training.batch),
    ...(iterations.length === 0 ? {} : { policy: policyOf(iterations, lines) }),
    charts: chartsOf(text, path, lines, iterations),
  };
}
