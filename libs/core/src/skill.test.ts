import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { FactSet, factText } from "./facts.ts";
import type { Fact } from "./facts.ts";
import { stepText } from "./plan.ts";
import { applyEffects, deriveFacts, expectedChanges, unmetPreconditions } from "./skill.ts";
import type { SceneObject, SkillSignature } from "./skill.ts";

fc.configureGlobal({ seed: 7 });

const object = (id: string, ...types: string[]): SceneObject => ({ id, types, description: id });
const objects = [
  object("red", "graspable", "support"),
  object("blue", "graspable", "support"),
  object("table", "support"),
  object("drawer", "container", "openable"),
  object("bowl", "container"),
];

const pick: SkillSignature = {
  name: "pick",
  description: "Lifts an object.",
  parameters: [{ name: "object", type: "graspable", description: "what" }],
  preconditions: [{ fact: ["handEmpty"] }, { fact: ["clear", "?object"] }, { fact: ["accessible", "?object"] }],
  effects: [
    {
      adds: [["holding", "?object"]],
      deletes: [
        ["on", "?object", "*"],
        ["in", "?object", "*"],
      ],
    },
  ],
};
const place: SkillSignature = {
  name: "place",
  description: "Puts the held object down.",
  parameters: [
    { name: "object", type: "graspable", description: "what" },
    { name: "target", type: "support", description: "where" },
  ],
  preconditions: [{ fact: ["holding", "?object"] }, { fact: ["same", "?object", "?target"], negated: true }],
  effects: [
    { adds: [], deletes: [["holding", "?object"]] },
    { when: [{ fact: ["support", "?target"] }], adds: [["on", "?object", "?target"]], deletes: [] },
    { when: [{ fact: ["container", "?target"] }], adds: [["in", "?object", "?target"]], deletes: [] },
  ],
};

const texts = (facts: Iterable<Fact>): string[] => [...facts].map(factText).sort();
const reach = (...facts: Fact[]): boolean => deriveFacts(new FactSet(facts), objects).has(["accessible", "red"]);
const start = new FactSet([
  ["on", "red", "table"],
  ["on", "blue", "red"],
]);

describe("FactSet", () => {
  const fact = fc.tuple(fc.constantFrom("on", "in", "open"), fc.constantFrom("a", "b"), fc.constantFrom("a", "c")) as fc.Arbitrary<
    [string, string, string]
  >;
  test("Is a set: order and repetition do not change its key, and clones are apart.", () => {
    fc.assert(
      fc.property(fc.array(fact), fact, (facts, extra) => {
        const set = new FactSet(facts);
        expect(set.size).toBe(new Set(facts.map(factText)).size);
        expect(new FactSet(facts.toReversed()).key()).toBe(set.key());
        const key = set.key();
        const copy = set.clone().add(extra);
        expect(copy.has(extra)).toBe(true);
        expect(set.key()).toBe(key);
        expect(copy.delete(extra)).toBe(true);
        expect(copy.has(extra)).toBe(false);
      }),
    );
  });

  test("What is not in the set is false.", () => {
    expect(start.satisfies({ fact: ["on", "red", "table"] })).toBe(true);
    expect(start.satisfies({ fact: ["on", "table", "red"] })).toBe(false);
    expect(start.satisfies({ fact: ["on", "table", "red"], negated: true })).toBe(true);
    expect(texts(start.of("on"))).toEqual(["on(blue, red)", "on(red, table)"]);
    expect(texts(start.of("in"))).toEqual([]);
  });
});

describe("deriveFacts", () => {
  test("What carries something is not clear, and the empty hand is known.", () => {
    const derived = deriveFacts(start, objects);
    expect(derived.has(["handEmpty"])).toBe(true);
    expect(derived.has(["clear", "red"])).toBe(false);
    expect(derived.has(["clear", "blue"])).toBe(true);
    expect(start.has(["handEmpty"])).toBe(false);
  });

  test("What is held is not clear and the hand is not empty.", () => {
    const derived = deriveFacts(new FactSet([["holding", "red"]]), objects);
    expect([derived.has(["handEmpty"]), derived.has(["clear", "red"])]).toEqual([false, false]);
  });

  test("What is in a shut drawer cannot be reached; in an open one or in a bowl it can.", () => {
    expect(reach(["in", "red", "drawer"])).toBe(false);
    expect(reach(["in", "red", "drawer"], ["open", "drawer"])).toBe(true);
    expect(reach(["in", "red", "bowl"])).toBe(true);
  });
});

describe("unmetPreconditions", () => {
  test("Names each literal that does not hold, with the objects filled in.", () => {
    expect(unmetPreconditions(pick, { object: "blue" }, start, objects)).toEqual([]);
    expect(unmetPreconditions(pick, { object: "red" }, start, objects)).toEqual([{ fact: ["clear", "red"], negated: false }]);
    const holding = new FactSet([["holding", "red"]]);
    expect(unmetPreconditions(place, { object: "red", target: "red" }, holding, objects)).toEqual([
      { fact: ["same", "red", "red"], negated: true },
    ]);
  });
});

describe("applyEffects", () => {
  test("Deletes by pattern, adds what is stated and stores nothing derived.", () => {
    const after = applyEffects(pick, { object: "blue" }, deriveFacts(start, objects), objects);
    expect(texts(after)).toEqual(["holding(blue)", "on(red, table)"]);
    expect(texts(start)).toEqual(["on(blue, red)", "on(red, table)"]);
  });

  test("An effect applies only where its condition on types holds.", () => {
    const holding = new FactSet([["holding", "red"]]);
    expect(texts(applyEffects(place, { object: "red", target: "table" }, holding, objects))).toEqual(["on(red, table)"]);
    expect(texts(applyEffects(place, { object: "red", target: "bowl" }, holding, objects))).toEqual(["in(red, bowl)"]);
  });

  test("Picking and placing back restores the facts.", () => {
    const held = applyEffects(pick, { object: "blue" }, start, objects);
    expect(applyEffects(place, { object: "blue", target: "red" }, held, objects).key()).toBe(start.key());
  });

  test("expectedChanges is the difference that applyEffects makes.", () => {
    expect(expectedChanges(pick, { object: "blue" }, start, objects)).toEqual([
      { fact: ["holding", "blue"] },
      { fact: ["on", "blue", "red"], negated: true },
    ]);
  });
});

test("stepText writes arguments in the order of the parameters, and a mark for a missing one.", () => {
  const step = { skill: "place", args: { target: "table", object: "red" } };
  expect(stepText(step)).toBe("place(table, red)");
  expect(stepText(step, ["object", "target"])).toBe("place(red, table)");
  expect(stepText(step, ["object", "where"])).toBe("place(red, ?)");
});
