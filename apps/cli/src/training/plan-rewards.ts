import { stepText, type PlanStep } from "@reverie/core";
import { parsePlanLoose, type Tokenizer } from "@reverie/planning";
import { planWellFormed, scorePlan, type PlanSample, type Rollout } from "@reverie/rewards";
import { skills } from "@reverie/skills";
import { httpReward, specReward, type PolicySample, type RewardSource } from "@reverie/training";
import type { PlanPrompt } from "./policy-prompts.ts";
import { rewardOfSetting, type RewardSetting } from "./policy-settings.ts";
import type { PolicyWorkers } from "./policy-workers.ts";

/** Who tries plans in physics. */
export type Replayer = Pick<PolicyWorkers, "ask">;

export interface PlanRewardsOptions {
  readonly tokenizer: Tokenizer;
  readonly workers: Replayer;
  /** What each stage pays for, by its place. */
  readonly settings: readonly RewardSetting[];
}

type Sample = PolicySample<PlanPrompt>;

/** Positional arguments get the names that skills have for them. */
const SIGNATURES = skills.ids.map((id) => skills.get(id).signature);

/**
 * The rewards of a curriculum. Parts that are reported beside the reward: `format` and `match`, and where plans are tried `success` and
 * `progress`; means over all answers, those without a plan counting 0.
 * @throws InputError when a stage's reward is none
 */
export function planRewards({ tokenizer, workers, settings }: PlanRewardsOptions): RewardSource<PlanPrompt> {
  const read = (sample: Sample): PlanSample => planSampleOf(sample, tokenizer);
  const sources = settings.map((setting, i) => rewardSource(setting, `policyOptimisation.stages.${i}.reward`, read, workers));
  // All samples of a request are of one stage.
  return async (request) => sources[request.samples[0]!.prompt.meta.stage]!(request);
}

function rewardSource(
  setting: RewardSetting,
  path: string,
  read: (sample: Sample) => PlanSample,
  workers: Replayer,
): RewardSource<PlanPrompt> {
  const made = rewardOfSetting(setting, path);
  if (made === undefined) return httpReward({ url: (setting as { readonly http: string }).http, encode: read });
  const { reward, simulated } = made;
  return async (request) => {
    const texts = request.samples.map(read);
    const rollouts = simulated ? await replayAll(request.samples, texts, workers) : [];
    const scored = new Map(request.samples.map((sample, i) => [sample, simulated ? { ...texts[i]!, rollout: rollouts[i]! } : texts[i]!]));
    const rewards = specReward<PlanPrompt>({
      reward,
      toPlanSample: (sample) => scored.get(sample)!,
      // A spec that says how groups are compared does so itself.
      advantages: reward.spec.group === undefined ? "trainer" : "spec",
    });
    const result = await rewards(request);
    return { ...("scores" in result ? result : { scores: result }), parts: [...scored.values()].map(partsOf) };
  };
}

/** What a reward may look at of an answer. */
export function planSampleOf({ prompt, tokens, finish }: Sample, tokenizer: Tokenizer): PlanSample {
  const { job, facts } = prompt.meta;
  const text = tokenizer.decode(tokens);
  const { plan, format } = parsePlanLoose(text, { skills: SIGNATURES });
  return {
    taskId: `${job.part}/${job.split}/${job.seed}`,
    instruction: facts.instruction,
    text,
    predicted: plan?.steps,
    // What was cut off did not keep the format, even if what is there can be read.
    format: format && finish === "end",
    references: facts.references,
    skills: facts.skills,
    objects: facts.objects,
    ...(plan?.reasoning === undefined ? {} : { reasoning: plan.reasoning }),
  };
}

function partsOf(sample: PlanSample): Record<string, number> {
  const { predicted, format, references, rollout } = sample;
  return {
    format: format ? 1 : 0,
    match: references.length === 0 ? 0 : scorePlan({ predicted, format, references }, "match").value,
    ...(rollout === undefined ? {} : { success: rollout.success ? 1 : 0, progress: rollout.progress }),
  };
}

const NOT_TRIED: Rollout = { steps: [], success: false, progress: 0 };
const planKey = (plan: readonly PlanStep[]): string => plan.map((step) => stepText(step)).join(";");

/** Tries plans in physics; equal plans of one task once. What breaks the format or names what there is not is not tried. */
async function replayAll(samples: readonly Sample[], texts: readonly PlanSample[], workers: Replayer): Promise<Rollout[]> {
  const replays = new Map<string, Promise<Rollout>>();
  const asked = texts.map(({ taskId, predicted, format, skills: known, objects }, i) => {
    if (!format || predicted === undefined || !planWellFormed(predicted, known, objects)) return NOT_TRIED;
    const key = `${taskId}: ${planKey(predicted)}`;
    let replay = replays.get(key);
    if (replay === undefined) {
      replay = workers.ask<"replay">({ kind: "replay", job: samples[i]!.prompt.meta.job, plan: predicted });
      replays.set(key, replay);
    }
    return replay;
  });
  return Promise.all(asked);
}
