import { InputError, stepText, type PlanStep, type RewardReport } from "@reverie/core";
import { parsePlanLoose } from "@reverie/planning";
import { buildReward, rewardPresets, rewards, scorePlan } from "@reverie/rewards";
import { skills } from "@reverie/skills";
import * as z from "zod";
import { defineCommand } from "../define-command.ts";
import { readInput } from "../read-input.ts";

const SIGNATURES = [...skills].map((skill) => skill.signature);

interface Pair {
  /** Where it came from, for errors. */
  readonly where: string;
  readonly predicted: unknown;
  readonly reference: unknown;
}

interface ScoredPlan extends RewardReport {
  /** What cost points, in words. */
  readonly losses: readonly string[];
  readonly format: boolean;
  readonly repairs: readonly string[];
  readonly errors: readonly { readonly path: string; readonly message: string }[];
}

/** JSON when the whole text is JSON; otherwise the text itself: plan text. */
function asPlan(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    // Not JSON is no mistake here: plans may be plain text, and the plan reader judges that.
    return text;
  }
}

function isPair(value: unknown): value is { predicted: unknown; reference: unknown } {
  return typeof value === "object" && value !== null && Object.hasOwn(value, "predicted") && Object.hasOwn(value, "reference");
}

/** Reads `{predicted, reference}` rows; undefined when the text is not JSON Lines of such rows. */
function readRows(text: string, path: string): Pair[] | undefined {
  const whole = asPlan(text);
  if (isPair(whole)) return [{ where: path, predicted: whole.predicted, reference: whole.reference }];
  const lines = text.split("\n").flatMap((line, i) => (line.trim() === "" ? [] : [{ line, number: i + 1 }]));
  const first = lines[0];
  if (first === undefined || !isPair(asPlan(first.line))) return undefined;
  return lines.map(({ line, number }) => {
    const row = asPlan(line);
    const where = `${path}:${number}`;
    if (!isPair(row)) throw new InputError(where, "expected a JSON object with the fields predicted and reference.");
    return { where, predicted: row.predicted, reference: row.reference };
  });
}

function referenceSteps(value: unknown, where: string): PlanStep[] {
  const parsed = parsePlanLoose(value, { skills: SIGNATURES });
  if (parsed.plan === undefined) {
    const problem = parsed.errors[0];
    throw new InputError(
      where,
      `the reference cannot be read: ${problem === undefined ? "no steps" : `${problem.path === "" ? "" : `${problem.path}: `}${problem.message}`}`,
    );
  }
  return [...parsed.plan.steps];
}

/** Steps without a partner, and steps that are only alike. */
function lossesOf(predicted: readonly PlanStep[] | undefined, reference: readonly PlanStep[], { matches }: RewardReport): string[] {
  if (predicted === undefined) return ["no steps could be read"];
  const matchOf = (index: number) => matches.find((match) => match.predicted === index);
  return [
    ...predicted.flatMap((step, i) => {
      const found = matchOf(i);
      if (found === undefined) return [`step ${i + 1} ${stepText(step)} matches no reference step`];
      return found.similarity < 1 ? [`step ${i + 1} ${stepText(step)} is only like ${stepText(reference[found.reference]!)}`] : [];
    }),
    ...reference.flatMap((step, i) =>
      matches.some((match) => match.reference === i) ? [] : [`reference step ${i + 1} ${stepText(step)} is missing`],
    ),
  ];
}

/** What a preset goes without here, in words: no model, judge or earlier score comes with a file of plans. */
const notesOf = (id: string): readonly string[] => (rewardPresets.has(id) ? buildReward(rewardPresets.get(id)).fallbacks() : []);

export const scoreCommand = defineCommand({
  name: "score",
  summary: "Score plans against references",
  options: [
    { flags: "--predicted <file>", description: "plan text, plan JSON, or JSON Lines of {predicted, reference}; - = standard input" },
    { flags: "--reference <file>", description: "the reference plan; not needed for JSON Lines" },
    { flags: "--reward <preset>", description: `reward preset: ${rewards.ids.join(", ")} (default match)` },
  ],
  examples: [
    "npx reverie score --predicted plan.txt --reference reference.json",
    "npx reverie score --predicted pairs.jsonl --json",
    "cat pairs.jsonl | npx reverie score --predicted - --reward match",
  ],
  schema: z.object({
    predicted: z.string("name a file, or - for standard input").min(1),
    reference: z.string().min(1).optional(),
    reward: z.string().max(120).default("match"),
  }),
  async run(options, io) {
    rewards.get(options.reward);
    if (options.predicted === "-" && options.reference === "-")
      throw new InputError("--reference", "only one of the two can come from standard input.");
    const text = readInput("--predicted", options.predicted);
    const pairs =
      options.reference === undefined
        ? readRows(text, options.predicted)
        : [{ where: options.predicted, predicted: asPlan(text), reference: asPlan(readInput("--reference", options.reference)) }];
    if (pairs === undefined)
      throw new InputError("--reference", "is needed unless --predicted holds JSON Lines of {predicted, reference}.");
    const results: ScoredPlan[] = pairs.map(({ where, predicted, reference }) => {
      const references = [referenceSteps(reference, where)];
      const parsed = parsePlanLoose(predicted, { skills: SIGNATURES });
      const report = scorePlan({ predicted: parsed.plan?.steps, format: parsed.format, references }, options.reward);
      const losses = lossesOf(parsed.plan?.steps, references[report.reference] ?? [], report);
      return { ...report, losses, format: parsed.format, repairs: parsed.repairs, errors: parsed.errors };
    });
    if (io.json) {
      io.print(JSON.stringify(results, null, 2));
      return 0;
    }
    for (const note of notesOf(options.reward)) io.say(note);
    results.forEach((result, i) => {
      io.print(
        `${pairs[i]?.where ?? i}: ${result.value.toFixed(4)}  (${Object.entries(result.parts)
          .map(([name, value]) => `${name} ${Number(value.toFixed(4))}`)
          .join(", ")})`,
      );
      for (const { predicted, reference, similarity } of result.matches)
        io.print(`  step ${predicted + 1} matches reference step ${reference + 1}, similarity ${similarity.toFixed(2)}`);
      for (const loss of result.losses) io.print(`  cost: ${loss}`);
      for (const repair of result.repairs) io.print(`  repaired: ${repair}`);
      for (const error of result.errors) io.print(`  error: ${error.path === "" ? "" : `${error.path}: `}${error.message}`);
    });
    return 0;
  },
});
