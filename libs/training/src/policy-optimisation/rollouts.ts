import { Rng, StateError } from "@reverie/core";
import { groupRelativeAdvantage } from "@reverie/rewards";
import { overlongPenalty } from "./loss-options.ts";
import type { PolicySample } from "./policy.ts";
import type { RewardResult } from "./reward-source.ts";
import { checkedRewards, groupsOf } from "./reward-source.ts";
import type { PolicyTrainerOptions, ResolvedStage } from "./settings.ts";
import type { SampleProbabilities, TrainingRow } from "./training-batch.ts";

/** Samples that were drawn together, whose rewards may still be on their way. */
export interface Rollout<Prompt> {
  readonly iteration: number;
  readonly round: number;
  readonly stage: ResolvedStage;
  readonly samples: readonly PolicySample<Prompt>[];
  /** Undefined while nobody was asked. */
  reward?: Promise<RewardResult> | undefined;
  /** There as soon as the policy may change before they are learned from. */
  probabilities?: readonly SampleProbabilities[] | undefined;
}

/** Samples of one prompt, scored. */
export interface ScoredGroup<Prompt> {
  readonly samples: readonly PolicySample<Prompt>[];
  /** As the reward source gave them. */
  readonly scores: readonly number[];
  /** With what is added for length. */
  readonly shaped: readonly number[];
  readonly given?: readonly (number | readonly number[])[] | undefined;
  /** Whether each sample may be learned from. */
  readonly counted: readonly boolean[];
  /** Whether its samples differ in a way that teaches. */
  readonly teaches: boolean;
  readonly parts?: readonly Readonly<Record<string, number>>[] | undefined;
  readonly probabilities?: readonly SampleProbabilities[] | undefined;
}

/** Times in milliseconds that the figures of an iteration are made of. */
export interface Stopwatch {
  samplingMs: number;
  /** Nothing else was done meanwhile. */
  rewardMs: number;
  sampledTokens: number;
}

/** Draws prompts and answers. The same weights and places give the same samples. @throws StateError when the sampler breaks its contract */
export async function drawRollout<Prompt>(
  options: PolicyTrainerOptions<Prompt>,
  stage: ResolvedStage,
  place: { readonly iteration: number; readonly round: number },
  watch: Stopwatch,
  signal: AbortSignal,
): Promise<Rollout<Prompt>> {
  const { iteration, round } = place;
  const prompts = await promptsOf(options, stage, place);
  const started = performance.now();
  const seed = new Rng(options.seed ?? 0).split(`samples/${iteration}/${round}`).uint32();
  const samples = await untilAborted(options.policy.sample(prompts, stage.samplesPerPrompt, seed, signal), signal);
  watch.samplingMs += performance.now() - started;
  if (samples.length !== prompts.length * stage.samplesPerPrompt)
    throw new StateError(
      `The policy gave ${samples.length} samples of ${prompts.length} prompts; each must have ${stage.samplesPerPrompt} of them.`,
    );
  samples.forEach(({ tokens, finish }, i) => {
    if (tokens.length === 0)
      throw new StateError(`The policy gave no token for sample ${i}, finished by "${finish}"; one or more must come.`);
    watch.sampledTokens += tokens.length;
  });
  return { iteration, round, stage, samples };
}

/** Prompts of a place, the same whenever they are asked for. @throws StateError when the source gives another number of them */
export async function promptsOf<Prompt>(
  { prompts, seed = 0 }: PolicyTrainerOptions<Prompt>,
  { name, index, level, promptsPerIteration: count }: ResolvedStage,
  { iteration, round }: { readonly iteration: number; readonly round: number },
): Promise<readonly Prompt[]> {
  const rng = new Rng(seed).split(`prompts/${iteration}/${round}`);
  const drawn = await prompts({ count, stage: { name, index, level }, iteration, round, rng });
  if (drawn.length !== count) throw new StateError(`The prompt source gave ${drawn.length} prompts where ${count} were asked for.`);
  return drawn;
}

/** Asks for the rewards of a rollout, once. What goes wrong shows when they are awaited. */
export function askRewards<Prompt>(
  rollout: Rollout<Prompt>,
  { reward }: PolicyTrainerOptions<Prompt>,
  watch: Stopwatch,
  signal: AbortSignal,
): Promise<RewardResult> {
  if (rollout.reward !== undefined) return rollout.reward;
  const started = performance.now();
  const { samples, stage } = rollout;
  const asked = (async () => {
    const answer = await reward({ samples, samplesPerPrompt: stage.samplesPerPrompt, signal });
    return checkedRewards(
      answer,
      samples.map(({ tokens }) => tokens.length),
    );
  })();
  // It is awaited later, maybe after other work; until then a failure is nobody's unhandled rejection.
  asked.catch(() => undefined);
  rollout.reward = asked;
  // A source of this process computes here, before its promise is there.
  watch.rewardMs += performance.now() - started;
  return asked;
}

/** Rewards of a rollout, waited for. */
export async function settleRewards<Prompt>(
  rollout: Rollout<Prompt>,
  options: PolicyTrainerOptions<Prompt>,
  watch: Stopwatch,
  signal: AbortSignal,
): Promise<ScoredGroup<Prompt>[]> {
  const asked = askRewards(rollout, options, watch, signal);
  const started = performance.now();
  const result = await untilAborted(asked, signal);
  watch.rewardMs += performance.now() - started;
  return scoreGroups(rollout, result);
}

/** The work, or the signal's reason: also of work that ends by another error once it sees the signal, or does not look at it. */
async function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  let stop: (() => void) | undefined;
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(signal.reason as Error);
    signal.addEventListener("abort", stop, { once: true });
  });
  try {
    const done = await Promise.race([work, aborted]);
    signal.throwIfAborted();
    return done;
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  } finally {
    signal.removeEventListener("abort", stop!);
  }
}

function scoreGroups<Prompt>({ samples, stage, probabilities }: Rollout<Prompt>, result: RewardResult): ScoredGroup<Prompt>[] {
  const { truncated, samplesPerPrompt: size } = stage;
  const shaped = samples.map(({ tokens }, i) =>
    typeof truncated === "string" ? result.scores[i]! : result.scores[i]! + overlongPenalty(tokens.length, truncated),
  );
  const counted = samples.map(({ finish }, i) => (result.mask?.[i] ?? true) && (truncated !== "mask" || finish === "end"));
  const cut = <T>(list: readonly T[], group: number): T[] => list.slice(group * size, (group + 1) * size);
  return groupsOf(samples, size).map((members, group) => {
    const own = cut(shaped, group);
    const given = result.advantages === undefined ? undefined : cut(result.advantages, group);
    const counts = cut(counted, group);
    return {
      samples: members,
      scores: cut(result.scores, group),
      shaped: own,
      given,
      counted: counts,
      teaches: counts.includes(true) && (given === undefined ? deviates(own, stage) : given.some(isSomething)),
      parts: result.parts === undefined ? undefined : cut(result.parts, group),
      probabilities: probabilities === undefined ? undefined : cut(probabilities, group),
    };
  });
}

const deviates = (rewards: readonly number[], { minimumSpread }: ResolvedStage): boolean =>
  groupRelativeAdvantage([rewards], { minimumSpread })[0]!.mask[0] === true;

const isSomething = (advantage: number | readonly number[]): boolean =>
  typeof advantage === "number" ? advantage !== 0 : advantage.some((value) => value !== 0);

/** Rows to learn from, of groups that teach. @param probabilities - of all samples of the groups, in order */
export function trainingRows<Prompt>(
  groups: readonly ScoredGroup<Prompt>[],
  probabilities: readonly SampleProbabilities[],
  { advantageScale: scale, deviation, minimumSpread }: ResolvedStage,
): TrainingRow<Prompt>[] {
  const computed = groupRelativeAdvantage(
    groups.map(({ shaped }) => shaped),
    { scale, deviation, minimumSpread },
  );
  let place = 0;
  return groups.flatMap(({ samples, given, counted }, g) =>
    samples.flatMap((sample, i) => {
      const own = probabilities[place++]!;
      return counted[i] ? [{ sample, ...own, advantage: given?.[i] ?? computed[g]!.advantages[i]! }] : [];
    }),
  );
}
