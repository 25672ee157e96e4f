import { expect, test } from "vitest";
import type { PreferencePair } from "../core/vocabulary.ts";
import { steps } from "../test-support.ts";
import { compileRules } from "./compile.ts";
import { compiledRuleVote, confidenceVote, decisivePairs, residualHypothesisSearch } from "./residual.ts";
import type { Rule, RuleCheck } from "./rule.ts";

const numbers = Array.from({ length: 100 }, (_, i) => i);
const modulo = (k: number): Rule => ({ id: `mod${k}`, text: `the index is ${k} modulo 4` });
const explains = async (rule: Rule, index: number) => ({ label: rule.id === `mod${index % 4}` ? 1 : 0, confidence: 8 }) as const;
/** Names the rule of the first pair that it sees. */
const proposeOne = async (unexplained: readonly number[]) => [modulo(unexplained[0]! % 4)];

test("four rules that explain a quarter each are found in four rounds", async () => {
  const result = await residualHypothesisSearch(numbers, proposeOne, explains);
  expect(result.rounds).toBe(4);
  expect(result.unexplained).toBe(0);
  expect(result.rules.map(({ rule }) => rule.id).toSorted()).toEqual(["mod0", "mod1", "mod2", "mod3"]);
  expect(result.rules.every(({ posterior, prior }) => posterior === 0.25 && prior === null)).toBe(true);
});

test("the search stops as soon as less than the given share is unexplained", async () => {
  const result = await residualHypothesisSearch(numbers, proposeOne, explains, { stop: 0.3 });
  expect([result.rounds, result.unexplained]).toEqual([3, 0.25]);
  expect((await residualHypothesisSearch(numbers, proposeOne, explains, { stop: 0.25 })).rounds).toBe(4);
});

test("it ends after the last round when nothing explains anything", async () => {
  let round = 0;
  const result = await residualHypothesisSearch(
    numbers,
    async () => [{ id: `useless${round}`, text: `guess number ${round++}` }],
    async () => ({ label: 0, confidence: 10 }),
    { maxRounds: 3 },
  );
  expect([result.rounds, result.unexplained, result.rules.length]).toEqual([3, 1, 3]);
});

test("a proposer that repeats itself is tested once, and the repeats are counted", async () => {
  let tests = 0;
  const result = await residualHypothesisSearch(
    numbers,
    async () => [modulo(0), modulo(0), { id: "other", text: modulo(0).text }, { id: "mod0", text: "something else entirely" }],
    (rule, index) => {
      tests++;
      return explains(rule, index);
    },
    { maxRounds: 2, votes: 1 },
  );
  expect([result.rules.length, result.duplicates, tests]).toEqual([1, 3 + 4, 100]);
});

test("a round sees at most a batch of unexplained pairs and takes at most so many rules", async () => {
  const seen: number[][] = [];
  const result = await residualHypothesisSearch(
    numbers,
    async (unexplained) => {
      seen.push([...unexplained]);
      return [modulo(0), modulo(1), modulo(2)];
    },
    explains,
    { batch: 7, per: 1, maxRounds: 3, votes: 1 },
  );
  expect(seen.map(({ length }) => length)).toEqual([7, 7, 7]);
  expect(seen[1]!.some((index) => index % 4 === 0)).toBe(false);
  expect(result.rules.map(({ rule }) => rule.id)).toEqual(["mod0", "mod1", "mod2"]);
});

async function firstSeen(seed: number): Promise<readonly number[]> {
  let first: readonly number[] = [];
  await residualHypothesisSearch(
    numbers,
    async (unexplained) => {
      first = unexplained;
      return [];
    },
    explains,
    { seed, maxRounds: 1, batch: 10 },
  );
  return first;
}

test("the sampling follows the seed", async () => {
  expect(await firstSeen(3)).toEqual(await firstSeen(3));
  expect(await firstSeen(3)).not.toEqual(await firstSeen(4));
});

test("every pair gets so many opinions, weighed by confidence", async () => {
  const opinions = [
    { label: 1, confidence: 3 },
    { label: 0, confidence: 5 },
    { label: 1, confidence: 3 },
  ] as const;
  const result = await residualHypothesisSearch(
    [0],
    async () => [modulo(0)],
    async (_, __, vote) => opinions[vote]!,
  );
  expect(result.unexplained).toBe(0);
});

test("votes: the larger confidence wins, equal ones and none say no, and confidence has bounds", () => {
  expect(
    confidenceVote([
      { label: 1, confidence: 5 },
      { label: 0, confidence: 5 },
    ]),
  ).toBe(0);
  expect(confidenceVote([])).toBe(0);
  for (const confidence of [-1, 11, NaN, Infinity]) expect(() => confidenceVote([{ label: 1, confidence }])).toThrow("votes[0]");
});

test("no pairs need no round, and options have bounds", async () => {
  expect(await residualHypothesisSearch([], proposeOne, explains)).toEqual({ rules: [], unexplained: 0, rounds: 0, duplicates: 0 });
  for (const options of [{ batch: 0 }, { per: 0 }, { votes: 1.5 }, { maxRounds: Infinity }, { stop: 2 }]) {
    await expect(residualHypothesisSearch(numbers, proposeOne, explains, options)).rejects.toThrow(Object.keys(options)[0]!);
  }
});

const sized = (n: number) => ({ predicted: steps("push(a) ".repeat(n)), format: true, references: [] });

test("a reward that secretly pays for length is found out: high posterior, low prior", async () => {
  const pairs = Array.from({ length: 30 }, (_, i): PreferencePair => ({
    taskId: `${i}`,
    chosen: sized(4 + (i % 3)),
    rejected: sized(1 + (i % 3)),
    source: "learned reward",
  }));
  const candidates = compileRules([
    { id: "long", text: "at least 4 steps" },
    { id: "push", text: "use push" },
  ]);
  const result = await residualHypothesisSearch(
    pairs,
    async () => candidates,
    async (rule, one) => compiledRuleVote(rule, one),
    { votes: 1, unprompted: [[candidates[1]!], [{ id: "x", text: "use push at least once" }], []] },
  );
  expect(result.rules).toEqual([
    { rule: candidates[0], posterior: 1, prior: 0 },
    { rule: candidates[1], posterior: 0, prior: 2 / 3 },
  ]);
});

const isPush: RuleCheck = ({ predicted }) => predicted![0]!.skill === "push";
const of = (skill: string) => ({ predicted: steps(`${skill}(a)`), format: true, references: [] });

test("a rule explains a pair only when the better answer alone keeps it; without code it explains none", () => {
  const vote = (chosen: string, rejected: string): number =>
    compiledRuleVote({ id: "r", text: "", compiled: isPush }, { taskId: "", chosen: of(chosen), rejected: of(rejected), source: "" }).label;
  expect([vote("push", "pick"), vote("push", "push"), vote("pick", "push")]).toEqual([1, 0, 0]);
  expect(compiledRuleVote({ id: "r", text: "be kind" }, { taskId: "", chosen: of("push"), rejected: of("pick"), source: "" }).label).toBe(
    0,
  );
});

test("decisive pairs lead by more than a standard deviation of the scores", () => {
  // Scores 5, 1, 3, 3: standard deviation 1.4142.
  const pairs = [[5, 1] as const, [3, 3] as const];
  expect(decisivePairs(pairs, (one) => one)).toEqual([[5, 1]]);
  expect(decisivePairs(pairs, (one) => one, { deviations: 3 })).toEqual([]);
});
