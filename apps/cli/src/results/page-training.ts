import { markdownTable, percent } from "../evaluation/markdown.ts";
import type { PageFacts } from "./page.ts";
import type { Change, TrainingRecord } from "./training-record.ts";

const hours = (value: number): string => (value < 1 ? `${(60 * value).toFixed(0)} minutes` : `${value.toFixed(1)} hours`);
const change = ({ first, last }: Change, show: (value: number) => string): string => `${show(first)} to ${show(last)}`;

function taskNames({ recipe }: TrainingRecord): string {
  return [...new Set(Object.values(recipe.source.parts).map(({ task }) => task))].map((id) => `\`${id}\``).join(", ");
}

const cell = (value: number | undefined): string => (value === undefined ? "-" : percent(value));

function scoresTable({ supervised, policy }: TrainingRecord): string[] {
  const names = [...new Set([...Object.keys(supervised.scores), ...Object.keys(policy?.scores ?? {})])].filter((name) =>
    /planExact|verdictRight/.test(name),
  );
  if (names.length === 0) return [];
  return [
    "",
    "Rows that nothing was trained on, asked at the end of each phase: share of plans that equal the reference plan to the letter, and of right verdicts.",
    "",
    ...markdownTable(
      ["rows", "after examples", ...(policy === undefined ? [] : ["after rewards"])],
      names.map((name) => [name, cell(supervised.scores[name]), ...(policy === undefined ? [] : [cell(policy.scores[name])])]),
    ),
  ];
}

/** What was trained, on what, and for how long. */
export function trainingSection({ training, parameters, chartFolder, weights }: PageFacts): string[] {
  const { recipe, supervised, policy, charts } = training;
  const megabytes = weights.reduce((sum, { bytes }) => sum + bytes, 0) / 1e6;
  const phases = [
    [
      "examples (SFT)",
      `${supervised.steps} steps of ${recipe.training.batch} rows: ${supervised.rows} rows`,
      hours(supervised.hours),
      `loss ${change(supervised.loss, (value) => value.toFixed(3))}`,
    ],
    ...(policy === undefined
      ? []
      : [
          [
            "rewards (GRPO)",
            `${policy.iterations} iterations, ${policy.responses} plans learned from`,
            hours(policy.hours),
            `reward ${change(policy.reward, (value) => value.toFixed(3))}`,
          ],
        ]),
  ];
  return [
    "## What was trained",
    "",
    `${parameters} parameters (${megabytes.toFixed(1)} MB on disk), on rows from seeded scenes of ${taskNames(training)}. Seed ${recipe.seed}, ${recipe.training.threads} ${recipe.training.threads === 1 ? "thread" : "threads"}` +
      ` for the network, ${recipe.workers} ${recipe.workers === 1 ? "worker" : "workers"} for scenes. ${recipe.description} [Training the planner](planner-training.md) tells how it is done.`,
    "",
    ...markdownTable(["phase", "what", "time", "first to last tenth"], phases),
    ...(policy === undefined
      ? []
      : [
          "",
          `Under rewards, from the first to the last tenth of the iterations: entropy ${change(policy.entropy, (value) => value.toFixed(3))} nats, length ${change(policy.length, (value) => value.toFixed(1))} tokens, ` +
            `groups whose plans were all worth the same (and taught nothing) ${change(policy.degenerateShare, percent)}. Plans were drawn at ${policy.sampledTokensPerSecond.toFixed(0)} tokens a second; ` +
            `${percent(policy.rewardIdleShare)} of the time went by waiting for rewards.`,
        ]),
    ...scoresTable(training),
    ...charts.flatMap(({ file, title }) => ["", `![${title}](${chartFolder}/${file})`]),
  ];
}
