import { describe, expect, test } from "vitest";
import type { PlanSample } from "../core/vocabulary.ts";
import { steps } from "../test-support.ts";
import type { StepJudgeRequest } from "./principles.ts";
import { principleProcessReward } from "./principles.ts";

const sample = (plan: string): PlanSample => ({ predicted: steps(plan), format: true, references: [] });

/** Gives picks 8 of 10 and everything else 2 of 10; answers late steps first. */
const judge = async ({ step, index }: StepJudgeRequest) => {
  for (let turn = index; turn < 5; turn++) await Promise.resolve();
  return { score: step.skill === "pick" ? 8 : 2, maximum: 10 };
};

describe("principleProcessReward", () => {
  test("gives score / maximum of every step in the order of the plan, however answers come in", async () => {
    for (const parallel of [1, 2, 8]) {
      const reward = principleProcessReward(judge, ["Moves only what the task names."], { parallel });
      expect(await reward(sample("pick(a) place(b) pick(c) push(d) pick(e)"))).toEqual([0.8, 0.2, 0.8, 0.2, 0.8]);
    }
  });

  test("the judge sees the step, its place, the sample and the principles", async () => {
    const requests: StepJudgeRequest[] = [];
    const principles = ["Safe.", "Needed."];
    const asked = sample("pick(a) place(b)");
    await principleProcessReward(async (request) => (requests.push(request), { score: 1, maximum: 1 }), principles)(asked);
    expect(requests.map(({ index, step }) => [index, step.skill])).toEqual([
      [0, "pick"],
      [1, "place"],
    ]);
    expect(requests[0]).toMatchObject({ sample: asked, principles });
  });

  test("never asks more steps at once than allowed", async () => {
    let [running, most] = [0, 0];
    const slow = async () => {
      most = Math.max(most, ++running);
      await new Promise((done) => setTimeout(done, 1));
      running--;
      return { score: 1, maximum: 1 };
    };
    await principleProcessReward(slow, ["Safe."], { parallel: 3 })(sample("pick(a) ".repeat(10)));
    expect(most).toBe(3);
  });

  test("an unreadable or empty plan has no steps, a score beyond the maximum counts as 1", async () => {
    const reward = principleProcessReward(async () => ({ score: 7, maximum: 5 }), ["Safe."]);
    expect(await reward({ predicted: undefined, format: false, references: [] })).toEqual([]);
    expect(await reward(sample(""))).toEqual([]);
    expect(await reward(sample("pick(a)"))).toEqual([1]);
  });

  test("a failing judge fails the whole and is not asked again", async () => {
    let calls = 0;
    const broken = async () => {
      calls++;
      throw new Error("no answer");
    };
    await expect(principleProcessReward(broken, ["Safe."], { parallel: 1 })(sample("pick(a) pick(b) pick(c)"))).rejects.toThrow(
      "no answer",
    );
    expect(calls).toBe(1);
  });

  test("a verdict that is no share, too long a plan and broken options are refused", async () => {
    const refused = (score: number, maximum: number) =>
      principleProcessReward(async () => ({ score, maximum }), ["Safe."])(sample("pick(a)"));
    await expect(refused(NaN, 1)).rejects.toThrow(/^verdicts\[0\]: /);
    await expect(refused(1, 0)).rejects.toThrow(/^verdicts\[0\]: /);
    await expect(principleProcessReward(judge, ["Safe."], { steps: 1 })(sample("pick(a) pick(b)"))).rejects.toThrow(/^predicted: /);
    expect(() => principleProcessReward(judge, [])).toThrow(/^principles: /);
    expect(() => principleProcessReward(judge, ["Safe."], { parallel: 0 })).toThrow(/^parallel: /);
  });
});
