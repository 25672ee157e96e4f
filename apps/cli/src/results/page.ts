import { markdownTable, percent } from "../evaluation/markdown.ts";
import { summariseOutcomes, type EvaluationRow } from "../evaluation/run-evaluation.ts";
import { FAILURE_KINDS } from "../evaluation/failure-kind.ts";
import { aimsOf, isHeldOut, isLong, isSingleSkill, type Aim } from "./aims.ts";
import { commandOf, type SceneSet } from "./cells.ts";
import { figuresOf, outcomesOf, plannersOf, setsOf } from "./figures.ts";
import { monitorSection } from "./page-monitor.ts";
import { trainingSection } from "./page-training.ts";
import type { WeightFile } from "./planners.ts";
import type { Measured } from "./run-cells.ts";
import type { TrainingRecord } from "./training-record.ts";

/** Everything that the page says. */
export interface PageFacts {
  readonly measured: readonly Measured[];
  readonly training: TrainingRecord;
  readonly parameters: number;
  /** Of the planner that comes with the program. */
  readonly weights: readonly WeightFile[];
  /** Of the planner after supervised training alone. */
  readonly sftWeights: readonly WeightFile[];
  readonly seed: number;
  readonly episodes: number;
  /** Where plans were timed. */
  readonly processor: string;
  /** The command that wrote the page. */
  readonly command: string;
  /** Folder of the charts, from the page. */
  readonly chartFolder: string;
}

const success = (row: EvaluationRow | undefined): string =>
  row === undefined ? "-" : `${percent(row.success)} (${percent(row.low)} to ${percent(row.high)})`;

const reachedWords = ({ reached }: Aim): string => (reached === undefined ? "not measured" : reached ? "reached" : "**not reached**");

function successTable(measured: readonly Measured[], sets: readonly SceneSet[]): string[] {
  const planners = plannersOf(measured);
  const rows = sets.map((set) => {
    const own = planners.map(({ id }) => figuresOf(measured, { kind: "success", planner: id, set: ({ id: other }) => other === set.id }));
    return [set.name, String(own.find((row) => row !== undefined)?.episodes ?? 0), ...own.map(success)];
  });
  return markdownTable(["scenes", "episodes", ...planners.map(({ name }) => name)], rows);
}

/** Planners on some sets together. */
function pooledTable(
  measured: readonly Measured[],
  groups: readonly (readonly [name: string, set: (set: SceneSet) => boolean])[],
): string[] {
  return markdownTable(
    ["planner", ...groups.map(([name]) => name), "match reward on the held-out splits"],
    plannersOf(measured).map(({ id, name }) => [
      name,
      ...groups.map(([, set]) => success(figuresOf(measured, { kind: "success", planner: id, set }))),
      figuresOf(measured, { kind: "success", planner: id, set: isHeldOut })?.reward.toFixed(3) ?? "-",
    ]),
  );
}

function pictureTable(measured: readonly Measured[]): string[] {
  const row = (id: Parameters<typeof outcomesOf>[1]["planner"], needed: boolean): EvaluationRow | undefined => {
    const own = outcomesOf(measured, { kind: "success", planner: id, set: (set) => isHeldOut(set) || isLong(set) }).filter(
      ({ needsPicture }) => needsPicture === needed,
    );
    return own.length === 0 ? undefined : summariseOutcomes("all", "all", own);
  };
  return markdownTable(
    ["planner", "picture needed", "episodes", "picture not needed", "episodes"],
    plannersOf(measured).map(({ id, name }) => {
      const [needed, not] = [row(id, true), row(id, false)];
      return [name, success(needed), String(needed?.episodes ?? 0), success(not), String(not?.episodes ?? 0)];
    }),
  );
}

function lengthTable(measured: readonly Measured[]): string[] {
  const own = outcomesOf(measured, { kind: "success", planner: "shipped" }).filter(({ subgoals }) => subgoals !== undefined);
  const lengths = [...new Set(own.map(({ referenceSteps }) => referenceSteps))].toSorted((a, b) => a - b);
  return markdownTable(
    ["steps of the reference plan", "episodes", "success", "match reward"],
    lengths.map((steps) => {
      const row = summariseOutcomes(
        "all",
        "all",
        own.filter(({ referenceSteps }) => referenceSteps === steps),
      );
      return [String(steps), String(row.episodes), success(row), row.reward.toFixed(3)];
    }),
  );
}

const MOST_SHOWN = 12;

function failures(measured: readonly Measured[]): string[] {
  const planners = plannersOf(measured);
  const kinds = planners.map(({ id, name }) => {
    const row = figuresOf(measured, { kind: "success", planner: id, set: (set) => isHeldOut(set) || isLong(set) })!;
    return [
      name,
      String(row.episodes),
      String(Math.round(row.success * row.episodes)),
      ...FAILURE_KINDS.map((kind) => String(row.failures[kind])),
    ];
  });
  const lost = outcomesOf(measured, { kind: "success", planner: "shipped", set: (set) => isHeldOut(set) || isLong(set) }).filter(
    (outcome) => !outcome.success,
  );
  // Spread over all that failed, so that one split does not fill the table.
  const shown = lost.filter((_outcome, i) => i % Math.max(1, Math.ceil(lost.length / MOST_SHOWN)) === 0);
  return [
    "## What fails",
    "",
    "Why episodes of the held-out splits and of the long-horizon sets did not succeed. *format*: the first plan could not be read. *perception*: the plan would have been right " +
      "had two things of one kind changed names, or the drawer or what lies on what been otherwise. *execution*: the plan was right and physics did not get there. " +
      "*monitor*: as execution, but a complete step was taken for a failed one. *planning*: the rest.",
    "",
    ...markdownTable(["planner", "episodes", "succeeded", ...FAILURE_KINDS], kinds),
    "",
    lost.length === 0
      ? "The shipped planner failed in none of these episodes."
      : `The shipped planner failed in ${lost.length} of these episodes. Some of them, evenly spread:`,
    ...(lost.length === 0
      ? []
      : [
          "",
          ...markdownTable(
            ["split", "seed", "instruction", "why", "goal reached"],
            shown.map(({ split, seed, instruction, failure, progress }) => [
              split,
              String(seed),
              instruction.replaceAll("|", "/"),
              failure ?? "",
              percent(progress),
            ]),
          ),
        ]),
  ];
}

function weightsSection({ weights, sftWeights }: PageFacts): string[] {
  return [
    "## The weights",
    "",
    ...markdownTable(
      ["file", "bytes", "SHA-256"],
      [...weights, ...sftWeights].map(({ path, bytes, sha256 }) => [`\`${path}\``, String(bytes), `\`${sha256}\``]),
    ),
  ];
}

function commandsSection({ measured }: PageFacts): string[] {
  return [
    "## The commands",
    "",
    "Each makes some of the figures above again; with `--out DIR` it also writes every episode. Success and judgements come out the same each time, milliseconds do not.",
    "",
    "```text",
    ...measured.map(({ cell }) => commandOf(cell)),
    "```",
  ];
}

/** The page of results as Markdown. */
export function resultsPage(facts: PageFacts): string {
  const { measured, seed, episodes, processor, command } = facts;
  const sets = setsOf(measured);
  const aims = aimsOf(measured);
  const reached = aims.filter((aim) => aim.reached === true).length;
  const latency = figuresOf(measured, { kind: "latency", planner: "shipped" });
  const rewarded = plannersOf(measured).some(({ id }) => id === "sft");
  const total = measured.reduce((sum, each) => sum + (each.kind === "success" ? each.report.outcomes.length : 0), 0);
  return [
    "# Results of the embedded planner",
    "",
    `A vision-language model of ${(facts.parameters / 1e6).toFixed(1)} million parameters, trained from nothing in simulation, plans for a simulated arm. ` +
      `This page says how often its plans succeed in physics, beside planners that know less and one that knows everything. It is written by \`${command}\` ` +
      "from what that command measured; no figure in it was typed.",
    "",
    `Of ${aims.length} aims, ${reached} ${reached === 1 ? "is" : "are"} reached. Intervals are of 95 %; an aim counts as reached by the measured value alone.`,
    "",
    ...markdownTable(
      ["aim", "wanted", "measured (95 % interval)", ""],
      aims.map((aim) => [aim.aim, aim.wanted, aim.found, reachedWords(aim)]),
    ),
    "",
    ...trainingSection(facts),
    "",
    "## How good the plans are",
    "",
    `Success is what physics says at the end of an episode, never what a planner says of itself. ${total} episodes in all, seeds from ${seed} ` +
      `(training draws its own from 2147483648), ${episodes} for each set of scenes or twice as many. Planners judge their own steps and may plan anew three times; random and no planner: not at all.`,
    "",
    ...pooledTable(measured, [
      ["single tasks", ({ group }) => group === "single task"],
      ["single skill", isSingleSkill],
      ["held-out splits", isHeldOut],
      ["long horizon", isLong],
    ]),
    "",
    "*random* draws skills and objects. *no planner* takes each instruction for one skill. *text-only* is the shipped planner with black pictures. " +
      (rewarded
        ? "*SFT* is the planner after examples alone, *SFT+GRPO* the shipped one, trained on by rewards. "
        : "*SFT*, trained by examples alone, is the shipped one. ") +
      "The *teacher* searches over the world's facts: what it misses, physics and skills miss.",
    "",
    "*Single skill*: composed tasks whose reference plan has one step. *Held-out splits*: composed tasks of one to six sub-goals with scenes, wordings, colour pairs or compositions that training never had. " +
      "*Long horizon*: four sub-goals on held-out seeds, five and six (more than in training) in held-out compositions.",
    "",
    ...successTable(measured, sets),
    "",
    "### With and without need of the picture",
    "",
    "A composed task needs the picture when its words and the names of the things leave the right plan open: it refers to places, or the drawer or a stack is not as one would guess. On the held-out splits and the long-horizon sets:",
    "",
    ...pictureTable(measured),
    "",
    "### By length",
    "",
    "The shipped planner on all composed tasks above, by the number of steps of the reference plan.",
    "",
    ...lengthTable(measured),
    "",
    ...monitorSection(measured),
    "",
    ...failures(measured),
    "",
    ...(latency === undefined
      ? []
      : [
          "## How long a plan takes",
          "",
          `Median ${latency.msPerPlanMedian.toFixed(0)} ms, mean ${latency.msPerPlan.toFixed(0)} ms, 95 % within ${latency.msPerPlan95.toFixed(0)} ms: rendering the pictures, looking, and writing the plan, ` +
            `over ${latency.episodes} plans of held-out compositions, on one core of ${processor}, with nothing else of this command running.`,
          "",
        ]),
    ...weightsSection(facts),
    "",
    ...commandsSection(facts),
    "",
  ].join("\n");
}
