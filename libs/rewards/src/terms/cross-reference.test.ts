import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { honestSample, partialSample } from "../testing/samples.ts";
import { canonicalPlanKey, crossReferenceReward, crossReferenceSamples, majorityVote } from "./cross-reference.ts";
import { mirrorPlan, mirrorTask, viewPairs } from "./views.ts";

const keys = fc.array(fc.constantFrom("p", "q", "r", undefined), { maxLength: 8 });
const task = {
  instruction: "Put the Left mug on the tray; move the plate right.",
  aliases: { "Left mug": "left_cup", "Left cup": "left_cup", plate: "plate_1", dish: "plate_1", tray: "tray_1" },
};

const key = (skill: string, args: Record<string, string>) => canonicalPlanKey([{ skill, args }], { mug: "cup" });
const turned = (skill: string) => ({ ...honestSample, predicted: [{ skill, args: { object: "cup" } }] });

describe("crossed votes", () => {
  test("each side is judged by the other, so a habit does not reward itself", () => {
    expect(crossReferenceReward(["p", "p", "q"], ["q", "q", "p"])).toEqual({ a: [0, 0, 1], b: [0, 0, 1] });
    fc.assert(
      fc.property(keys, keys, (a, b) => {
        const forth = crossReferenceReward(a, b);
        expect(crossReferenceReward(b, a)).toEqual({ a: forth.b, b: forth.a });
        forth.a.forEach((reward, i) => expect(reward).toBe(a[i] !== undefined && a[i] === majorityVote(b)?.label ? 1 : 0));
      }),
    );
  });

  test("plans that differ in spelling or order of slots only vote together; empty ones do not vote", () => {
    expect(key("Place", { target: "Big Tray", object: "mug" })).toBe(key("place", { object: "cup", target: "big-tray" }));
    expect(key("place", { object: "a", target: "b" })).not.toBe(key("place", { object: "b", target: "a" }));
    expect(key("pick", { object: "constructor" })).toContain("constructor");
    expect([canonicalPlanKey(undefined), canonicalPlanKey([])]).toEqual([undefined, undefined]);
    expect(majorityVote([])).toBeUndefined();
  });

  test("samples of a mirrored view are turned back before they vote", () => {
    const left = turned("push_left");
    expect(crossReferenceSamples([left, partialSample], [turned("push_right"), turned("push_right")], mirrorPlan)).toEqual({
      a: [1, 0],
      b: [1, 1],
    });
  });
});

describe("viewPairs", () => {
  test("mirroring twice is the identity, for tasks and plans", () => {
    const word = fc.constantFrom(
      "left",
      "Right",
      "RIGHTMOST",
      "clockwise",
      "the left_cup",
      "leftover",
      "upright",
      "Counterclockwise",
      "mug",
    );
    fc.assert(
      fc.property(fc.array(word, { maxLength: 10 }), (words) => {
        const some = { instruction: words.join(" "), aliases: { [words.join("_")]: words.join("-") } };
        expect(mirrorTask(mirrorTask(some))).toEqual(some);
        const plan = [{ skill: words.join("_"), args: { left_hand: words.join(" ") } }];
        expect(mirrorPlan(mirrorPlan(plan))).toEqual(plan);
      }),
    );
    expect(mirrorTask({ instruction: "the upright leftover, RIGHT of left_cup", aliases: {} }).instruction).toBe(
      "the upright leftover, LEFT of right_cup",
    );
  });

  test("a task is mirrored, renamed and reordered, and plans for the mirror turn back", () => {
    const views = new Map(viewPairs(task).map((view) => [view.kind, view]));
    expect(views.get("mirror")!.task).toEqual({
      instruction: "Put the Right mug on the tray; move the plate left.",
      aliases: { "Right mug": "right_cup", "Right cup": "right_cup", plate: "plate_1", dish: "plate_1", tray: "tray_1" },
    });
    expect(views.get("mirror")!.toTask([{ skill: "pick", args: { object: "right_cup" } }])).toEqual([
      { skill: "pick", args: { object: "left_cup" } },
    ]);
    expect(views.get("rename")!.task.instruction).toBe("Put the Left cup on the tray; move the dish right.");
    expect(views.get("reorder")!.task.instruction).toBe("move the plate right; Put the Left mug on the tray.");
  });

  test("clauses whose order means something stay, and names full of signs are taken literally", () => {
    expect(viewPairs({ instruction: "Pick the cup; then wait.", aliases: {} })).toEqual([]);
    expect(viewPairs({ instruction: "Pick the cup; wipe it.", aliases: {} })).toEqual([]);
    const odd = { instruction: "Pick a.* now, constructor", aliases: { "a.*": "x", "(b": "x" } };
    expect(viewPairs(odd).map(({ task: { instruction } }) => instruction)).toEqual(["Pick (b now, constructor"]);
  });
});
