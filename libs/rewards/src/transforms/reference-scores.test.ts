import { expect, test } from "vitest";
import { preferenceAsReward } from "./preference-as-reward.ts";
import { ReferenceScores } from "./reference-scores.ts";

test("scores are kept by task, the newest ones", () => {
  const store = new ReferenceScores({ scoresPerTask: 3 });
  store.add("cups", [1, 2]);
  store.add("cups", [3, 4]);
  store.add("plates", [9]);
  expect([store.of("cups"), store.of("plates"), store.of("forks")]).toEqual([[2, 3, 4], [9], []]);
  expect([store.size, store.has("forks")]).toEqual([2, false]);
});

test("a reward is centred by the scores of its own task", () => {
  const store = new ReferenceScores();
  store.add("easy", [0.9]);
  store.add("hard", [0.1]);
  expect(preferenceAsReward(0.5, store.of("easy"))).toBeLessThan(0.5);
  expect(preferenceAsReward(0.5, store.of("hard"))).toBeGreaterThan(0.5);
});

test("state goes through JSON and back, hostile names included", () => {
  const store = new ReferenceScores();
  store.add("__proto__", [1]);
  store.add("constructor", [2, 3]);
  const copy = new ReferenceScores();
  copy.add("old", [5]);
  copy.restore(JSON.parse(JSON.stringify(store.state())));
  expect(copy.state()).toEqual(store.state());
  expect([copy.of("__proto__"), copy.of("toString"), copy.of("old")]).toEqual([[1], [], []]);
});

test("what came out cannot change what is inside", () => {
  const store = new ReferenceScores();
  store.add("cups", [1]);
  (store.state().tasks[0]!.scores as number[]).push(2);
  expect(store.of("cups")).toEqual([1]);
});

test("bounds are kept with a clear error", () => {
  const store = new ReferenceScores({ tasks: 1, scoresPerTask: 2 });
  store.add("a", [1]);
  expect(() => store.add("b", [1])).toThrow(/scores of 1 tasks/);
  expect(() => store.add("a", [NaN])).toThrow(/^scores\[0\]: /);
  const tooMany = [
    { taskId: "a", scores: [1] },
    { taskId: "b", scores: [1] },
  ];
  expect(() => store.restore({ tasks: tooMany })).toThrow(/^tasks: /);
  expect(() => store.restore({ tasks: [{ taskId: "a", scores: [1, 2, 3] }] })).toThrow(/^tasks\[0\]\.scores: /);
  expect(() => store.restore({ tasks: [{ taskId: "a", scores: [] }] })).toThrow(/^tasks\[0\]\.scores: /);
  expect(store.of("a")).toEqual([1]);
  expect(() => new ReferenceScores().restore({ tasks: [tooMany[0]!, tooMany[0]!] })).toThrow(/^tasks\[1\]\.taskId: /);
  expect(() => new ReferenceScores({ tasks: 0 })).toThrow(/^tasks: /);
});
