import { InputError } from "@reverie/core";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { honestSample, partialSample } from "../testing/samples.ts";
import { checklistReward } from "./checklist.ts";
import { factVerifier, nuggetReward, planNuggets, scoreSupports } from "./nuggets.ts";

const label = fc.constantFrom("support", "partial_support", "not_support", "???");

describe("nuggetReward", () => {
  test("the size of the batches does not change the value, and no batch is larger", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(label, { minLength: 1, maxLength: 25 }), fc.constantFrom(1, 3, 10), async (labels, batch) => {
        const nuggets = labels.map((_, i) => ({ id: `n${i}`, text: String(i) }));
        const term = nuggetReward(
          nuggets,
          (_, statements) => {
            expect(statements.length).toBeLessThanOrEqual(batch);
            return Promise.resolve(statements.map((statement) => labels[Number(statement)]!));
          },
          { batch },
        );
        expect(await term(honestSample)).toEqual(scoreSupports(labels));
      }),
    );
  });

  test("facts of the goal are nuggets that the replay verifies", async () => {
    const term = nuggetReward(planNuggets(honestSample.goal!), factVerifier);
    expect((await term(honestSample)).value).toBe(1);
    expect((await term(partialSample)).value).toBe(0.5);
    expect(planNuggets(["open(door)", " open(door) "])).toEqual([{ id: "nugget-1", text: "open(door)" }]);
    expect(planNuggets([{ skill: "pick", args: { object: "cup" } }])[0]!.text).toBe("pick(cup)");
  });

  test("a batch with too few labels supports nothing and is told", async () => {
    const score = await nuggetReward(planNuggets(["a", "b"]), () => Promise.resolve(["support"]))(honestSample);
    expect(score).toMatchObject({ value: 0, why: "2 of 2 labels could not be read and count as not_support." });
  });

  test("without a third label it is the checklist of the same answers", () => {
    const answers = [true, false, true];
    const items = answers.map((yes, i) => ({ id: `nugget-${i + 1}`, question: "", check: () => yes }));
    expect(scoreSupports(answers.map((yes) => (yes ? "support" : "not_support")))).toEqual(checklistReward(items)(honestSample));
  });

  test("the worth of partial support is an option; bad options are refused at once", () => {
    expect(scoreSupports(["partial_support"], 0.2).value).toBe(0.2);
    expect(scoreSupports(["constructor", "__proto__"]).value).toBe(0);
    expect(() => nuggetReward([], factVerifier)).toThrow(InputError);
    expect(() => nuggetReward(planNuggets(["a"]), factVerifier, { batch: 0 })).toThrow("batch");
    expect(() => nuggetReward(planNuggets(["a"]), factVerifier, { partial: 2 })).toThrow("partial");
  });
});
