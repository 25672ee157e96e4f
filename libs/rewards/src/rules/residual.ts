import { InputError, Rng } from "@reverie/core";
import { standardDeviation } from "../core/numbers.ts";
import type { PreferencePair } from "../core/vocabulary.ts";
import { mapConcurrently } from "../judges/judge.ts";
import type { MergeOptions } from "./merge.ts";
import { firstOfSame } from "./merge.ts";
import type { Rule } from "./rule.ts";

// What does a reward really reward? All of it: Language Models Surface the Unwritten Code of Science and Society 2025, section 3,
// https://arxiv.org/abs/2505.18942.

/** Proposals of one round that are looked at. */
const MOST_OFFERED = 200;

/** One opinion whether a rule explains a pair. */
export interface RuleVote {
  readonly label: 0 | 1;
  /** In [0, 10]. */
  readonly confidence: number;
}

/**
 * The label with the larger sum of confidence; 0 for equal sums and for no votes.
 *
 * @throws InputError when a confidence is not in [0, 10]
 *
 * Unwritten Code 2025, section 3, https://arxiv.org/abs/2505.18942.
 */
export function confidenceVote(votes: readonly RuleVote[]): 0 | 1 {
  let balance = 0;
  votes.forEach(({ label, confidence }, i) => {
    if (!(confidence >= 0 && confidence <= 10)) {
      throw new InputError(`votes[${i}].confidence`, `expected a number from 0 to 10, got ${confidence}.`);
    }
    balance += label === 1 ? confidence : -confidence;
  });
  return balance > 0 ? 1 : 0;
}

/** The pairs in which the better score leads by more than so many standard deviations of all scores of the pairs. */
export function decisivePairs<P>(
  pairs: readonly P[],
  scoresOf: (pair: P) => readonly [better: number, worse: number],
  {
    deviations = 1,
  }: {
    /** @defaultValue 1 */
    readonly deviations?: number;
  } = {},
): P[] {
  const scores = pairs.map(scoresOf);
  const least = deviations * standardDeviation(scores.flat());
  return pairs.filter((_, i) => scores[i]![0] - scores[i]![1] > least);
}

/** The opinion of the rule's own code: 1 when only the chosen answer keeps it; a rule without code explains nothing. */
export function compiledRuleVote({ compiled }: Rule, { chosen, rejected }: PreferencePair): RuleVote {
  const explains = compiled !== undefined && compiled(chosen) && !compiled(rejected);
  return { label: explains ? 1 : 0, confidence: 10 };
}

export interface ResidualSearchOptions extends MergeOptions {
  /** Unexplained pairs that the proposer sees in a round. @defaultValue 50 */
  readonly batch?: number;
  /** Hypotheses that are taken from a round. @defaultValue 5 */
  readonly per?: number;
  /** Opinions on each hypothesis and pair. @defaultValue 3 */
  readonly votes?: number;
  /** The search ends when less than this share of the pairs is unexplained, in [0, 1]. @defaultValue 0.05 */
  readonly stop?: number;
  /** @defaultValue 8, our choice */
  readonly maxRounds?: number;
  /** What the proposer says when asked without data, one list of rules for each time. @defaultValue never asked */
  readonly unprompted?: readonly (readonly Rule[])[];
  /** Seed of the sampling, an integer in [0, 2^32). @defaultValue 0 */
  readonly seed?: number;
  /** Tests at once. @defaultValue 8 */
  readonly concurrency?: number;
}

export interface TestedRule {
  readonly rule: Rule;
  /** Share of all pairs that the rule explains, in [0, 1]. */
  readonly posterior: number;
  /** Share of the lists without data that name the rule, in [0, 1]; null when never asked. */
  readonly prior: number | null;
}

export interface ResidualSearchResult {
  /** In the order of discovery. A high posterior with a low prior is a criterion that nobody spoke of, such as a reward hack. */
  readonly rules: readonly TestedRule[];
  /** Share of the pairs that no rule explains, in [0, 1]. */
  readonly unexplained: number;
  readonly rounds: number;
  /** Proposals that said again what was known. */
  readonly duplicates: number;
}

/**
 * Looks for rules until they explain the pairs: in each round a proposer sees some unexplained pairs and offers new rules, every new
 * rule is tested on all pairs by a vote weighted with confidence, and explained pairs leave. Ends when few enough are left, or after
 * `maxRounds`, also when the proposer has nothing new to say.
 *
 * Unwritten Code 2025, section 3, https://arxiv.org/abs/2505.18942; the defaults 50, 5, 3 and 5 % are the paper's.
 *
 * @param propose - sees the sampled pairs and the rules so far
 * @param test - one opinion; `vote` counts from 0
 * @throws InputError when an option is out of range; whatever the callbacks throw
 */
export async function residualHypothesisSearch<P>(
  pairs: readonly P[],
  propose: (unexplained: readonly P[], known: readonly Rule[]) => Promise<readonly Rule[]>,
  test: (rule: Rule, pair: P, vote: number) => Promise<RuleVote>,
  options: ResidualSearchOptions = {},
): Promise<ResidualSearchResult> {
  const { batch = 50, per = 5, votes = 3, stop = 0.05, maxRounds = 8, concurrency = 8, unprompted } = options;
  for (const [path, value] of Object.entries({ batch, per, votes, maxRounds })) {
    if (!Number.isInteger(value) || value < 1) throw new InputError(path, `expected an integer from 1, got ${value}.`);
  }
  if (!(stop >= 0 && stop <= 1)) throw new InputError("stop", `expected a number in [0, 1], got ${stop}.`);
  const rng = new Rng(options.seed ?? 0);
  const rules: TestedRule[] = [];
  let [left, rounds, duplicates] = [pairs.map((_, i) => i), 0, 0];
  while (left.length > 0 && left.length / pairs.length >= stop && rounds < maxRounds) {
    rounds++;
    const seen = rng.shuffle(left).slice(0, batch);
    const known = rules.map(({ rule }) => rule);
    const offered = await propose(
      seen.map((i) => pairs[i]!),
      known,
    );
    const heard = offered.slice(0, MOST_OFFERED);
    const fresh = newRules(known, heard, options);
    duplicates += heard.length - fresh.length;
    for (const rule of fresh.slice(0, per)) {
      const labels = await mapConcurrently(pairs, concurrency, async (pair) => {
        const opinions: RuleVote[] = [];
        for (let vote = 0; vote < votes; vote++) opinions.push(await test(rule, pair, vote));
        return confidenceVote(opinions);
      });
      const posterior = labels.filter((label) => label === 1).length / pairs.length;
      rules.push({ rule, posterior, prior: unprompted === undefined ? null : priorOf(rule, unprompted, options) });
      left = left.filter((i) => labels[i] === 0);
    }
  }
  return { rules, unexplained: pairs.length === 0 ? 0 : left.length / pairs.length, rounds, duplicates };
}

/** Those of the offered rules that neither a known nor an earlier offered one says already, by id or by text. */
function newRules(known: readonly Rule[], offered: readonly Rule[], options: MergeOptions): Rule[] {
  const all = [...known, ...offered];
  const first = firstOfSame(
    all.map(({ text }) => text),
    options,
  );
  return all.filter((rule, i) => i >= known.length && first[i] === i && all.findIndex(({ id }) => id === rule.id) === i);
}

/** Share of the lists that say the rule. */
function priorOf(rule: Rule, lists: readonly (readonly Rule[])[], options: MergeOptions): number {
  const saying = lists.filter((list) => list.some(({ text }) => firstOfSame([rule.text, text], options)[1] === 0));
  return lists.length === 0 ? 0 : saying.length / lists.length;
}
