import { InputError } from "@reverie/core";
import { buildReward, rewardPresets, SCORERS, type BuiltReward, type RewardSpec } from "@reverie/rewards";
import * as z from "zod";

// How a recipe asks for training by rewards. Without the makers themselves.

const share = z.number().gt(0).max(1_000_000);
const text = z.string().min(1).max(200);

/** A name, a spec as JSON, or a server. */
const rewardSchema = z.union([
  text,
  z.strictObject({ http: z.url({ protocol: /^https?$/ }).max(2_000) }),
  z.looseObject({ id: text, terms: z.array(z.unknown()).min(1).max(32) }),
]);

const lossSchema = z.strictObject({
  ratio: z.enum(["token", "sequence", "sequence-token"]).optional(),
  aggregation: z.enum(["response-mean", "token-mean", "constant"]).optional(),
  clipLow: z.number().gt(0).max(1).optional(),
  clipHigh: z.number().gt(0).max(100).optional(),
  klWeight: z.number().min(0).max(100).optional(),
  entropyWeight: z.number().min(0).max(100).optional(),
  maxTokens: z.int().min(1).max(4096).optional(),
});

const count = (most: number): z.ZodInt => z.int().min(1).max(most);

/** Section `policyOptimisation` of a recipe. */
export const policySchema = z.strictObject({
  algorithm: z.enum(["grpo", "dr-grpo", "dapo", "gspo", "gspo-token"]).default("dapo"),
  /** Departures from the algorithm's own settings. */
  loss: lossSchema.default({}),
  learningRate: z.strictObject({
    peak: z.number().gt(0).max(1),
    warmupSteps: z.int().min(0).default(0),
    final: z.number().min(0).max(1).default(0),
  }),
  /** Groups of one iteration. */
  promptsPerIteration: count(1024).default(16),
  samplesPerPrompt: z.int().min(2).max(256).default(8),
  epochs: count(64).default(1),
  minibatches: count(64).default(1),
  samplingRounds: count(16).default(1),
  temperature: z.number().gt(0).max(10).default(1),
  /** Longest answer. */
  maxTokens: count(1024).default(128),
  /** Answers written at once. */
  maxBatch: count(1024).default(64),
  /** What becomes of answers that did not come to an end. */
  truncated: z.enum(["mask", "keep"]).default("keep"),
  overlapRewards: z.boolean().default(true),
  reportKl: z.boolean().default(false),
  microBatches: count(1024).default(1),
  forwardRows: count(1024).default(32),
  clipNorm: z.number().gt(0).max(1_000).default(1),
  threads: count(256).default(1),
  checkpointSeconds: z.number().min(1).max(86_400).default(180),
  /** Iterations between evaluations. */
  evaluateEvery: count(1_000_000).default(25),
  /** Added to the recipe's seed. */
  seed: z.int().min(0).max(0xffff_ffff).default(1),
  /** `match`, `simulation`, a preset's name, a reward spec, or `{"http": url}`. */
  reward: rewardSchema.default("match"),
  /** Curriculum, easy to hard. */
  stages: z
    .array(
      z.strictObject({
        name: text,
        iterations: count(1_000_000),
        mix: z
          .array(z.strictObject({ part: z.string(), split: z.string().max(64).default("train"), weight: share }))
          .min(1)
          .max(64),
        reward: rewardSchema.optional(),
        promptsPerIteration: count(1024).optional(),
        samplesPerPrompt: z.int().min(2).max(256).optional(),
        renewReference: z.boolean().default(false),
        resetOptimiser: z.boolean().default(false),
      }),
    )
    .min(1)
    .max(64),
});

export type PolicySettings = z.output<typeof policySchema>;
export type RewardSetting = z.output<typeof rewardSchema>;

/** Rewards that need no spec. Weights are our choice: what is done outranks what is written. */
export const NAMED_REWARDS: Readonly<Record<"match" | "simulation", RewardSpec>> = {
  match: {
    id: "match",
    description: "Nothing without the format, else F1 of the ordered matching with the best reference plan.",
    terms: [{ term: "ordered-match" }],
    gate: "format",
  },
  simulation: {
    id: "simulation",
    description: "Success in physics first, then the ordered matching, then how far the goal was reached.",
    terms: [
      { term: "execution", weight: 0.5 },
      { term: "ordered-match", weight: 0.35 },
      { term: "progress", weight: 0.15 },
    ],
    gate: "format",
  },
};

/** A reward of this process, and whether plans must be tried for it. */
export interface RewardOfSetting {
  readonly reward: BuiltReward;
  readonly simulated: boolean;
}

const GIVEN: ReadonlySet<string> = new Set(["reference", "replay"]);

/**
 * Makes a setting score; undefined for a server.
 * @throws InputError when there is no such reward, or it needs what a training does not give: a judge, views, measures
 */
export function rewardOfSetting(setting: RewardSetting, path: string): RewardOfSetting | undefined {
  if (typeof setting !== "string" && "http" in setting) return undefined;
  const reward = buildReward(typeof setting === "string" ? namedReward(setting, path) : setting);
  const { terms, process, veto = [] } = reward.spec;
  for (const { term } of terms) {
    const missing = SCORERS.get(term).needs.find((need) => !GIVEN.has(need)) ?? (term === "measure" ? "measures" : undefined);
    if (missing !== undefined) throw new InputError(path, `the term "${term}" needs what training by rewards does not give: ${missing}.`);
  }
  const replayed = terms.some(({ term }) => SCORERS.get(term).needs.includes("replay"));
  return { reward, simulated: replayed || process !== undefined || veto.some((name) => name !== "unknown-skill") };
}

function namedReward(name: string, path: string): RewardSpec {
  if (Object.hasOwn(NAMED_REWARDS, name)) return NAMED_REWARDS[name as keyof typeof NAMED_REWARDS];
  if (rewardPresets.has(name)) return rewardPresets.get(name);
  throw new InputError(path, `there is no reward "${name}"; rewards: ${[...Object.keys(NAMED_REWARDS), ...rewardPresets.ids].join(", ")}.`);
}

/**
 * The same curriculum with another number of iterations in all; each stage keeps its share, and one that has none left falls out.
 * @param iterations - 1 or more
 */
export function withIterations(settings: PolicySettings, iterations: number): PolicySettings {
  const total = settings.stages.reduce((sum, stage) => sum + stage.iterations, 0);
  const place = (done: number): number => Math.round((done / total) * iterations);
  let done = 0;
  const stages = settings.stages.map((stage) => {
    const start = place(done);
    done += stage.iterations;
    return { ...stage, iterations: place(done) - start };
  });
  return { ...settings, stages: stages.filter((stage) => stage.iterations > 0) };
}
