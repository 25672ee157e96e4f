import { finite } from "../transforms/finite.ts";
import type { FilterResult, NamedScores } from "../core/vocabulary.ts";
import type { DeviationKind } from "./moments.ts";
import { checkChoice, checkNumber, moments } from "./moments.ts";

// What one task's samples are worth against each other. Option names follow TRL's GRPO trainer.

/** Samples of one task: a reward each, or the numbers of several terms. A term that is absent does not apply to that sample. */
export type GroupScores = readonly (number | NamedScores)[];

/** One advantage for each sample of a group; false in `mask` for samples that are not learned from. */
export interface GroupAdvantages {
  readonly advantages: readonly number[];
  readonly mask: readonly boolean[];
}

export interface GroupAdvantageOptions {
  /**
   * What the centred rewards are divided by: the deviation of their group, that of all rewards of the batch, or nothing
   * (Dr. GRPO, 2025, https://arxiv.org/abs/2503.20783). Without effect under "normalize_then_sum". @defaultValue "group"
   */
  readonly scale?: "group" | "batch" | "none";
  /**
   * "sum_then_normalize" weighs and adds the terms first, so the term that varies most rules. "normalize_then_sum" centres and
   * scales each term within its group, weighs and adds, then divides by the deviation of the sums in the batch, as TRL does.
   * @defaultValue "sum_then_normalize"
   */
  readonly aggregate?: "sum_then_normalize" | "normalize_then_sum";
  /** Added to every deviation before dividing; TRL's default. 0 makes affine maps of a reward vanish exactly. @defaultValue 1e-4 */
  readonly epsilon?: number;
  /** Divisor of the deviation; TRL takes "sample". @defaultValue "population" */
  readonly deviation?: DeviationKind;
  /** Groups whose deviation is not above this are masked: their differences are noise. Our choice. @defaultValue 1e-8 */
  readonly minimumSpread?: number;
  /** Weight of each term by name; 1 where absent. */
  readonly weights?: NamedScores;
}

const REWARD = "reward";
const namesOf = (sample: number | NamedScores): readonly string[] => (typeof sample === "number" ? [REWARD] : Object.keys(sample));
const scoreOf = (sample: number | NamedScores, name: string): number | undefined => {
  if (typeof sample === "number") return name === REWARD ? sample : undefined;
  return Object.hasOwn(sample, name) ? sample[name] : undefined;
};

/**
 * Advantage of each sample against the others of its task: GRPO (DeepSeekMath, 2024, https://arxiv.org/abs/2402.03300, section 4.1),
 * with the normalisations of TRL's trainer. Advantages of every group have mean 0. A group without spread gets zeros and is masked.
 *
 * @param groups - the batch: one list of samples for each task
 * @throws InputError when a score, a weight or an option is no finite number, epsilon or minimumSpread is negative, or a name is unknown
 */
export function groupRelativeAdvantage(groups: readonly GroupScores[], options: GroupAdvantageOptions = {}): GroupAdvantages[] {
  const { scale = "group", aggregate = "sum_then_normalize", deviation = "population" } = options;
  const { epsilon = 1e-4, minimumSpread = 1e-8, weights = {} } = options;
  checkChoice("scale", scale, ["group", "batch", "none"]);
  checkChoice("aggregate", aggregate, ["sum_then_normalize", "normalize_then_sum"]);
  checkChoice("deviation", deviation, ["population", "sample"]);
  checkNumber("epsilon", epsilon, 0);
  checkNumber("minimumSpread", minimumSpread, 0);
  for (const [name, weight] of Object.entries(weights)) checkNumber(`weights.${name}`, weight);
  const names = termNames(groups);
  const settings = { ...options, epsilon, minimumSpread, weights };
  return aggregate === "sum_then_normalize" ? sumThenNormalize(groups, names, settings) : normalizeThenSum(groups, names, settings);
}

type Settings = GroupAdvantageOptions & Required<Pick<GroupAdvantageOptions, "epsilon" | "minimumSpread" | "weights">>;

/** Names of all terms in the batch, sorted, so that sums do not depend on the order of keys. */
function termNames(groups: readonly GroupScores[]): readonly string[] {
  const names = new Set<string>();
  groups.forEach((group, g) =>
    group.forEach((sample, i) => {
      for (const name of namesOf(sample)) {
        checkNumber(`groups[${g}][${i}].${name}`, scoreOf(sample, name)!);
        names.add(name);
      }
    }),
  );
  return [...names].sort();
}

const weightOf = (settings: Settings, name: string): number => (Object.hasOwn(settings.weights, name) ? settings.weights[name]! : 1);

function sumThenNormalize(groups: readonly GroupScores[], names: readonly string[], settings: Settings): GroupAdvantages[] {
  const { scale = "group", deviation, epsilon, minimumSpread } = settings;
  const sums = groups.map((group) =>
    group.map((sample) => names.reduce((sum, name) => finite(sum + weightOf(settings, name) * (scoreOf(sample, name) ?? 0)), 0)),
  );
  const batchDeviation = scale === "batch" ? moments(sums.flat(), deviation).deviation : 0;
  return sums.map((rewards) => {
    const group = moments(rewards, deviation);
    if (group.equal || group.deviation <= minimumSpread) return masked(rewards.length);
    const divisor = scale === "none" ? 1 : (scale === "batch" ? batchDeviation : group.deviation) + epsilon;
    return { advantages: group.centred.map((value) => finite(value / divisor)), mask: rewards.map(() => true) };
  });
}

function normalizeThenSum(groups: readonly GroupScores[], names: readonly string[], settings: Settings): GroupAdvantages[] {
  const { deviation, epsilon, minimumSpread } = settings;
  const spread: boolean[] = [];
  const sums = groups.map((group, g) => {
    const total = group.map(() => 0);
    spread[g] = false;
    for (const name of names) {
      const members = group.flatMap((sample, i) => (scoreOf(sample, name) === undefined ? [] : [i]));
      const term = moments(
        members.map((i) => scoreOf(group[i]!, name)!),
        deviation,
      );
      if (term.equal || term.deviation <= minimumSpread) continue;
      spread[g] = true;
      const factor = weightOf(settings, name);
      members.forEach((i, place) => (total[i] = finite(total[i]! + factor * (term.centred[place]! / (term.deviation + epsilon)))));
    }
    return total;
  });
  const batch = moments(sums.flat(), deviation).deviation + epsilon;
  return sums.map((total, g) => {
    // Terms that cancel each other leave sums of rounding errors.
    const own = moments(total, deviation);
    if (!spread[g] || own.equal || own.deviation <= minimumSpread) return masked(total.length);
    return { advantages: own.centred.map((value) => finite(value / batch)), mask: total.map(() => true) };
  });
}

function masked(size: number): GroupAdvantages {
  return { advantages: Array.from({ length: size }, () => 0), mask: Array.from({ length: size }, () => false) };
}

export interface DegenerateGroupOptions {
  /** Deviation of the task below which differences are noise. @defaultValue 1e-8 */
  readonly minimumSpread?: number;
}

/**
 * Groups that teach something, as their places in the batch: dynamic sampling of DAPO (2025, https://arxiv.org/abs/2503.14476,
 * section 3.2), which keeps prompts with some but not all answers right. A least spread in place of "all equal" is our choice: dividing
 * by a tiny deviation would blow noise up to full size.
 *
 * @throws InputError when a reward is no finite number or minimumSpread is negative
 */
export function dropDegenerateGroups(groups: readonly (readonly number[])[], options: DegenerateGroupOptions = {}): FilterResult<number> {
  const { minimumSpread = 1e-8 } = options;
  checkNumber("minimumSpread", minimumSpread, 0);
  const kept: number[] = [];
  const dropped: { item: number; reason: string }[] = [];
  groups.forEach((rewards, item) => {
    rewards.forEach((reward, i) => checkNumber(`groups[${item}][${i}]`, reward));
    const { equal, deviation } = moments(rewards);
    if (rewards.length < 2) dropped.push({ item, reason: "fewer than two samples" });
    else if (equal) dropped.push({ item, reason: "all rewards are equal" });
    else if (deviation <= minimumSpread) dropped.push({ item, reason: `deviation ${deviation} is not above ${minimumSpread}` });
    else kept.push(item);
  });
  return { kept, dropped, changed: [] };
}
