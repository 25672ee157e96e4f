import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { StateError } from "@reverie/core";
import { ops, optim } from "@reverie/tensor";
import { latestCheckpoint, saveCheckpointToFolder } from "@reverie/tensor/node";
import { afterEach, describe, expect, test } from "vitest";
import type { IterationReport } from "./iteration-report.ts";
import type { PolicyLossName } from "./loss-options.ts";
import { POLICY_LOSS_PRESETS } from "./loss-options.ts";
import { PolicyTrainer } from "./policy-trainer.ts";
import { levelledPrompts } from "./prompts.ts";
import type { RewardSource } from "./reward-source.ts";
import type { PolicyTrainerOptions } from "./settings.ts";
import type { Prompt, TinyOptions } from "./testing/tiny-policy.ts";
import { BEGIN, copyReward, digitPrompts, tinyPolicy } from "./testing/tiny-policy.ts";

const releases: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const release of releases.splice(0)) await release();
});

async function trainerOf(options: Partial<PolicyTrainerOptions<Prompt>> = {}, tiny: TinyOptions = {}) {
  const policy = await tinyPolicy(tiny);
  const trainer = await PolicyTrainer.create<Prompt>({
    policy,
    prompts: digitPrompts(1),
    reward: copyReward,
    optimiser: optim.adam({ learningRate: 5e-3 }),
    promptsPerIteration: 8,
    samplesPerPrompt: 8,
    truncated: "keep",
    stages: [{ name: "only", iterations: 4 }],
    seed: 5,
    ...options,
  });
  releases.push(
    () => trainer.release(),
    () => policy.release(),
  );
  return { trainer, policy };
}

const weightsOf = ({ parameters }: { readonly parameters: Iterable<{ readonly values: Float32Array }> }): number[][] =>
  [...parameters].map(({ values }) => [...values]);

function withoutTiming(report: IterationReport): Omit<IterationReport, "timing"> {
  const { timing, ...rest } = report;
  expect(timing.seconds).toBeGreaterThan(0);
  return rest;
}

const mean = (list: readonly number[]): number => list.reduce((sum, value) => sum + value, 0) / list.length;

/** Ending is worth 1, and no two samples of a group the same. */
const endReward: RewardSource<Prompt> = async ({ samples }) => samples.map(({ finish }, i) => (finish === "end" ? 1 : 0) + i / 1000);

/** Speaks for itself: only the first group teaches, without its first sample. */
const ownAdvantages: RewardSource<Prompt> = async ({ samples }) => ({
  scores: samples.map(() => 1),
  advantages: samples.map((_, i) => (i < 8 ? 1 - (i % 2) * 2 : 0)),
  mask: samples.map((_, i) => i !== 0),
  parts: samples.map((_, i) => ({ format: i % 2 })),
});

async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "reverie-policy-"));
  releases.push(() => rm(folder, { recursive: true }));
  return folder;
}

/** Gives scores of copying only after other work had its turn. */
const slowReward: RewardSource<Prompt> = async (request) => {
  await new Promise((resolve) => setTimeout(resolve, 2));
  return copyReward(request);
};

/** From the third update on, weights are thrown beyond float32, which the fourth one meets. */
const runaway: optim.Schedule = (stepsDone) => ops.add(ops.mul(ops.cast(ops.greater(stepsDone, 1), "float64"), 1e38), 1e-3);

describe("learning", () => {
  test.each(Object.keys(POLICY_LOSS_PRESETS) as PolicyLossName[])(
    "%s makes a policy copy digits that scored by chance",
    async (algorithm) => {
      const sequence = algorithm.startsWith("gspo");
      const { trainer } = await trainerOf({
        algorithm,
        loss: { maxTokens: 4, ...(sequence ? { clipLow: 0.2, clipHigh: 0.25 } : {}) },
        promptsPerIteration: 16,
        minibatches: 2,
        stages: [{ name: "copy", iterations: 40 }],
      });
      const means: number[] = [];
      await trainer.run({ onIteration: ({ rewardMean }) => means.push(rewardMean) });
      expect(mean(means.slice(0, 3))).toBeLessThan(0.25);
      expect(mean(means.slice(-3))).toBeGreaterThan(0.5);
    },
  );
});

describe("an iteration", () => {
  test("reports what was drawn and what was learned", async () => {
    const { trainer } = await trainerOf({ epochs: 2, minibatches: 2 });
    const report = await trainer.iterate();
    expect(report.iteration).toBe(1);
    expect(report.stage).toBe("only");
    expect(report.update?.updates).toBe(4);
    expect(report.update?.kl).toBeLessThan(0.05);
    // Of eleven tokens about equally likely.
    expect(report.update?.entropy).toBeGreaterThan(0.9 * Math.log(11));
    expect(report.update?.samplerGap).toBeLessThan(1e-4);
    expect(report.rewardMean).toBeGreaterThan(0);
    expect(report.lengthMean).toBeLessThanOrEqual(4);
    expect(report.timing.sampledTokensPerSecond).toBeGreaterThan(0);
    expect(report.timing.rewardIdleShare).toBeLessThan(1);
  });

  test("several updates of one batch move the ratios away from 1", async () => {
    const { trainer } = await trainerOf({ epochs: 3, optimiser: optim.adam({ learningRate: 2e-2 }) });
    const { update } = await trainer.iterate();
    expect(update!.ratioMean).not.toBeCloseTo(1, 3);
    expect(update!.clipFraction).toBeGreaterThan(0);
    const { trainer: once } = await trainerOf();
    expect((await once.iterate()).update!.ratioMean).toBeCloseTo(1, 5);
  });

  test("equal rewards teach nothing: every group is dropped and no weight moves", async () => {
    const { trainer, policy } = await trainerOf({ reward: async ({ samples }) => samples.map(() => 1) });
    const before = weightsOf(policy);
    const report = await trainer.iterate();
    expect(report.degenerateShare).toBe(1);
    expect(report.update).toBeUndefined();
    expect(weightsOf(policy)).toEqual(before);
  });

  test("dynamic sampling draws again until enough groups differ, and stops at its limit", async () => {
    let calls = 0;
    // Only every other round has groups that teach.
    const reward: RewardSource<Prompt> = async (request) =>
      calls++ % 2 === 0 ? request.samples.map(() => 0) : request.samples.map((_, i) => i % 2);
    const { trainer } = await trainerOf({ reward, samplingRounds: 5 });
    const report = await trainer.iterate();
    expect([report.samplingRounds, report.groups, report.degenerateShare]).toEqual([2, 8, 0.5]);
    const { trainer: hopeless } = await trainerOf({ reward: async ({ samples }) => samples.map(() => 0), samplingRounds: 3 });
    expect((await hopeless.iterate()).samplingRounds).toBe(3);
  });

  test("responses without end are masked when asked for, and only then", async () => {
    const masked = await (await trainerOf({ truncated: "mask", reward: endReward })).trainer.iterate();
    const kept = await (await trainerOf({ truncated: "keep", reward: endReward })).trainer.iterate();
    expect(masked.truncatedShare).toBeGreaterThan(0.3);
    expect(kept.responses).toBe(64);
    expect(masked.responses).toBe(Math.round(64 * (1 - masked.truncatedShare)));
  });

  test("the source's own advantages and masks are taken", async () => {
    const report = await (await trainerOf({ reward: ownAdvantages })).trainer.iterate();
    expect([report.groups, report.responses, report.rewardParts["format"]]).toEqual([1, 7, 0.5]);
  });

  test("micro-batches come to the same update, even where rows must be added", async () => {
    for (const algorithm of ["grpo", "dapo", "dr-grpo"] as const) {
      const common = {
        algorithm,
        loss: { maxTokens: 4 },
        samplesPerPrompt: 7,
        promptsPerIteration: 3,
        optimiser: optim.sgd({ learningRate: 0.5 }),
      };
      const whole = await trainerOf(common);
      const parts = await trainerOf({ ...common, microBatches: 4 });
      const [a, b] = [await whole.trainer.iterate(), await parts.trainer.iterate()];
      expect(b.update!.gradientNorm).toBeCloseTo(a.update!.gradientNorm, 5);
      expect(b.update!.entropy).toBeCloseTo(a.update!.entropy, 5);
      const [first, second] = [weightsOf(whole.policy).flat(), weightsOf(parts.policy).flat()];
      const apart = first.reduce((most, value, i) => Math.max(most, Math.abs(value - second[i]!)), 0);
      expect(apart).toBeLessThan(1e-5);
    }
  });
});

describe("determinism", () => {
  test.each([false, true])(
    "the same seed gives the same bits, and a restored trainer goes on bit for bit (overlap %s)",
    async (overlapRewards) => {
      const options: Partial<PolicyTrainerOptions<Prompt>> = {
        overlapRewards,
        reward: slowReward,
        minibatches: 2,
        samplingRounds: 2,
        reportKl: true,
        stages: [
          { name: "easy", iterations: 3, algorithm: "dapo" },
          { name: "hard", iterations: 3, algorithm: "grpo", renewReference: true, resetOptimiser: true },
        ],
      };
      const straight = await trainerOf(options);
      const reports: IterationReport[] = [];
      await straight.trainer.run({ onIteration: (report) => reports.push(report) });
      expect(reports.map(({ stage }) => stage)).toEqual(["easy", "easy", "easy", "hard", "hard", "hard"]);

      for (const stop of [2, 3]) {
        const first = await trainerOf(options);
        for (let i = 0; i < stop; i++) await first.trainer.iterate();
        const folder = await temporaryFolder();
        await saveCheckpointToFolder(folder, first.trainer.checkpoint(), { keep: 1 });
        // Other weights, which the checkpoint must replace.
        const second = await trainerOf(options, { seed: 77 });
        await second.trainer.restore((await latestCheckpoint(folder)).found!.checkpoint);
        const later: IterationReport[] = [];
        await second.trainer.run({ onIteration: (report) => later.push(report) });
        expect(later.map(withoutTiming)).toEqual(reports.slice(stop).map(withoutTiming));
        expect(weightsOf(second.policy)).toEqual(weightsOf(straight.policy));
      }
    },
  );

  test("a checkpoint of another seed or another kind is refused, and nothing changes", async () => {
    const { trainer, policy } = await trainerOf();
    const other = await trainerOf({ seed: 6 });
    const before = weightsOf(policy);
    await expect(trainer.restore(other.trainer.checkpoint())).rejects.toThrow("extra.seed: the checkpoint's seed is 6, the trainer's 5");
    await expect(trainer.restore({ ...other.trainer.checkpoint(), extra: null })).rejects.toThrow("not one of policy optimisation");
    expect(weightsOf(policy)).toEqual(before);
  });
});

describe("stops", () => {
  test("the signal ends a run in the middle of waiting; the folder holds the last whole iteration, and the run goes on from it", async () => {
    const folder = await temporaryFolder();
    const controller = new AbortController();
    let calls = 0;
    const reward: RewardSource<Prompt> = async (request) => {
      if (++calls === 3) {
        setTimeout(() => controller.abort(new Error("stopped by hand")), 5);
        return new Promise(() => undefined);
      }
      return copyReward(request);
    };
    const { trainer, policy } = await trainerOf({ reward });
    expect(await trainer.run({ signal: controller.signal, checkpoints: { folder } })).toEqual({ finished: false });
    expect(trainer.iteration).toBe(2);
    const { found } = await latestCheckpoint(folder);
    const resumed = await trainerOf({}, { seed: 9 });
    await resumed.trainer.restore(found!.checkpoint);
    expect(resumed.trainer.iteration).toBe(2);
    expect(weightsOf(resumed.policy)).toEqual(weightsOf(policy));
    expect(await trainer.run()).toEqual({ finished: true });
    expect(await resumed.trainer.run()).toEqual({ finished: true });
    expect(weightsOf(resumed.policy)).toEqual(weightsOf(policy));
  });

  test("an update that leaves the numbers is a StateError; the weights go back to the last whole iteration, which is on the disk", async () => {
    const folder = await temporaryFolder();
    const { trainer, policy } = await trainerOf({ epochs: 2, optimiser: optim.sgd({ learningRate: runaway }), clipNorm: 1e30 });
    let good: number[][] = [];
    const failure = trainer.run({ checkpoints: { folder }, onIteration: () => (good = weightsOf(policy)) });
    await expect(failure).rejects.toThrow(StateError);
    await expect(failure).rejects.toThrow("Update 2 of iteration 2 left the numbers; the weights are those of iteration 1.");
    expect(weightsOf(policy)).toEqual(good);
    const resumed = await trainerOf({}, { seed: 9 });
    const { found } = await latestCheckpoint(folder);
    resumed.policy.parameters.load(new Map([...policy.parameters].map(({ name }) => [name, found!.checkpoint.tensors.get(name)!])));
    expect(weightsOf(resumed.policy)).toEqual(good);
  });

  test("a reward that is no number names its sample", async () => {
    const { trainer } = await trainerOf({ reward: async ({ samples }) => samples.map((_, i) => (i === 3 ? NaN : 1)) });
    await expect(trainer.iterate()).rejects.toThrow("reward.scores[3]: expected a finite number, got NaN");
    const { trainer: short } = await trainerOf({ reward: async () => [1, 2] });
    await expect(short.iterate()).rejects.toThrow("reward.scores: expected one for each of the 64 samples, got 2");
  });

  test("a reward that failed is asked again when the run is started anew", async () => {
    let down = true;
    const reward: RewardSource<Prompt> = async (request) => {
      if (down) throw new Error("no reward today");
      return copyReward(request);
    };
    for (const overlapRewards of [false, true]) {
      down = true;
      const { trainer } = await trainerOf({ reward, overlapRewards });
      await expect(trainer.run()).rejects.toThrow("no reward today");
      down = false;
      expect(await trainer.run()).toEqual({ finished: true });
    }
  });
});

describe("overlap", () => {
  test("the next samples are drawn while rewards are awaited", async () => {
    const events: string[] = [];
    const build = async (overlapRewards: boolean) => {
      const { policy } = await trainerOf();
      const sample = policy.sample.bind(policy);
      let drawn = 0;
      policy.sample = (...call) => {
        events.push(`draw ${++drawn}`);
        return sample(...call);
      };
      let asked = 0;
      const reward: RewardSource<Prompt> = async (request) => {
        const own = ++asked;
        await new Promise((resolve) => setTimeout(resolve, 50));
        events.push(`reward ${own}`);
        return copyReward(request);
      };
      const trainer = await PolicyTrainer.create<Prompt>({
        policy,
        prompts: digitPrompts(1),
        reward,
        optimiser: optim.adam({ learningRate: 5e-3 }),
        promptsPerIteration: 8,
        samplesPerPrompt: 8,
        truncated: "keep",
        overlapRewards,
        stages: [{ name: "only", iterations: 2 }],
      });
      releases.unshift(() => trainer.release());
      await trainer.run();
    };
    await build(true);
    expect(events.slice(0, 3)).toEqual(["draw 1", "draw 2", "reward 1"]);
    events.length = 0;
    await build(false);
    expect(events).toEqual(["draw 1", "reward 1", "draw 2", "reward 2"]);
  });

  test("samples that are one update old are held against the policy that drew them", async () => {
    const fast = { optimiser: optim.adam({ learningRate: 2e-2 }), reward: slowReward };
    const ratios = async (overlapRewards: boolean): Promise<number[]> => {
      const { trainer } = await trainerOf({ ...fast, overlapRewards });
      const found: number[] = [];
      for (let i = 0; i < 3; i++) {
        const { update } = await trainer.iterate();
        // The sampler's own log probabilities are those that the ratios are taken against.
        expect(update!.samplerGap).toBeLessThan(1e-4);
        found.push(update!.ratioMean);
      }
      return found;
    };
    const [alone, overlapped] = [await ratios(false), await ratios(true)];
    for (const ratio of alone) expect(ratio).toBeCloseTo(1, 5);
    expect(overlapped[0]).toBeCloseTo(1, 5);
    for (const ratio of overlapped.slice(1)) expect(Math.abs(ratio - 1)).toBeGreaterThan(1e-3);
  });
});

describe("options", () => {
  test("those out of range are named with their stage", async () => {
    await expect(trainerOf({ samplesPerPrompt: 1 })).rejects.toThrow(
      "stages[0].samplesPerPrompt: expected a whole number of 2 or more, got 1",
    );
    await expect(trainerOf({ algorithm: "dr-grpo" })).rejects.toThrow("stages[0].loss.maxTokens");
    await expect(trainerOf({ stages: [] })).rejects.toThrow("stages: expected one stage or more");
    await expect(trainerOf({ stages: [{ name: "a", iterations: 1, loss: { clipHigh: -1 } }] })).rejects.toThrow("stages[0].loss.clipHigh");
  });

  test("levels go from easy to hard with a share of what came before", async () => {
    const seen: number[][] = [];
    const prompts = levelledPrompts<Prompt>({ levels: [[[BEGIN, 1]], [[BEGIN, 2]]], replayShare: 0.25 });
    const { trainer } = await trainerOf({
      prompts: (request) => {
        const drawn = prompts(request) as readonly Prompt[];
        seen.push(drawn.map((prompt) => prompt[1]!).sort());
        return drawn;
      },
      stages: [
        { name: "easy", iterations: 1 },
        { name: "hard", iterations: 1 },
      ],
    });
    await trainer.run();
    expect(seen).toEqual([
      [1, 1, 1, 1, 1, 1, 1, 1],
      [1, 1, 2, 2, 2, 2, 2, 2],
    ]);
  });
});
