import { expect, test } from "vitest";
import { assertAsyncRewardContract } from "../testing/contract.ts";
import { guardJudge } from "./guard.ts";
import { critiqueThenScore, judgeReward } from "./pointwise.ts";
import { answer, scriptedJudge, shown } from "./test-support.ts";

const plan = answer("pick(cup) place(tray)");

test.each([
  ["good [[7]]", 0.7],
  ["[[ 10 ]]", 1],
  ["half [[2.5]]", 0.25],
  ["[[0]]", 0],
])("the rating in %s is scaled to %d", async (text, value) => {
  expect(await judgeReward(scriptedJudge(() => text).judge)(plan)).toMatchObject({ value, max: 1 });
  expect((await judgeReward(scriptedJudge(() => text).judge, { max: 4 })(plan)).value).toBeCloseTo(4 * value, 12);
});

test.each(["", "seven", "[[11]]", "[[3]] or [[4]]", `[[9]]${"x".repeat(100)}`, "[[-1]]", "[[1e9]]"])(
  "%j is no rating and earns nothing, without confidence",
  async (text) => {
    expect(await judgeReward(scriptedJudge(() => text).judge)(plan)).toMatchObject({ value: 0, confidence: 0 });
  },
);

test("the critique is made first, shown to the rating, and kept as the reason", async () => {
  const { judge, requests } = scriptedJudge((_, call) => (call === 0 ? "Step 2 has no free hand. [[10]]" : "so [[4]]"));
  const score = await critiqueThenScore(judge)(plan);
  expect(score).toEqual({ value: 0.4, max: 1, why: "Step 2 has no free hand. [[10]]" });
  expect(requests).toHaveLength(2);
  expect(shown(requests[0]!, "critique")).toBe("");
  expect(shown(requests[1]!, "critique")).toBe("Step 2 has no free hand. [ [10]]");
});

test("what the guard refuses is vetoed without a call", async () => {
  const { judge, requests } = scriptedJudge(() => "[[10]]");
  for (const term of [judgeReward(guardJudge(judge)), critiqueThenScore(guardJudge(judge))]) {
    expect(await term(answer("Done."))).toMatchObject({ value: 0, vetoed: true });
  }
  expect(requests).toHaveLength(0);
});

test("guarded terms keep the contract of rewards for hostile answers", async () => {
  const reading = scriptedJudge((request) => (shown(request, "answer").startsWith("pick(cup)\nplace(cup, tray)") ? "[[8]]" : "[[1]]"));
  await assertAsyncRewardContract(judgeReward(guardJudge(reading.judge)), { runs: 50 });
  await assertAsyncRewardContract(critiqueThenScore(guardJudge(reading.judge)), { runs: 50 });
});

test("a judge that fails makes the term fail, and max must be positive", async () => {
  await expect(judgeReward(() => Promise.reject(new Error("away")))(plan)).rejects.toThrow("away");
  expect(() => judgeReward(scriptedJudge(() => "").judge, { max: 0 })).toThrow("max");
});
