import { InputError, Rng } from "@reverie/core";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { COLOR_NAMES } from "../props/colors.ts";
import { planKey, totalOrders, unseenScene, partialPlan } from "./references.ts";
import { isHidden, visualReferences } from "./referring.ts";
import { sampleComposed, type ComposedSample } from "./sample.ts";
import {
  COMPOSED_SPLITS,
  hasHeldOutPair,
  isHeldOutCombination,
  lengthsOf,
  LONGEST_IN_TRAINING,
  readComposedOptions,
  seedOfSplit,
  type ComposedSplit,
} from "./splits.ts";
import { isHeldOutSubgoal } from "./subgoals.ts";
import { reaches, shortestLength } from "./testing/symbolic.ts";
import { ADDITIONS, ALL_WORDINGS, CLAUSES, CUBE_NOUNS, OPENERS, SEQUELS } from "./wordings.ts";

const draw = (seed: number, split: ComposedSplit = "train", subgoals?: number): ComposedSample =>
  sampleComposed(new Rng(seed), split, subgoals);
const many = (count: number, split?: ComposedSplit, subgoals?: number): ComposedSample[] =>
  Array.from({ length: count }, (_, seed) => draw(seed, split, subgoals));
const anySplit = fc.constantFrom(...COMPOSED_SPLITS);
const anySeed = fc.nat(0xffffffff);
const kindsOf = ({ subgoals }: ComposedSample) => subgoals.map(({ kind }) => kind);
const wordsOf = (text: string): string[] => text.toLowerCase().match(/[a-z]+/g) ?? [];

describe("a composed task", () => {
  test("The same generator, split and number give the same one; another seed or split gives another.", () => {
    fc.assert(
      fc.property(anySeed, anySplit, (seed, split) => {
        const sample = draw(seed, split);
        expect(draw(seed, split)).toEqual(sample);
        expect(draw((seed ^ 0x10) >>> 0, split)).not.toEqual(sample);
        for (const other of COMPOSED_SPLITS) if (other !== split) expect(draw(seed, other).scene).not.toEqual(sample.scene);
      }),
      { numRuns: 40 },
    );
  });

  test("Every reference can run, reaches the goal in its order, and all of them take the same number of steps.", () => {
    fc.assert(
      fc.property(anySeed, anySplit, (seed, split) => {
        const { scene, references, goal, order } = draw(seed, split);
        expect(references.length).toBeGreaterThan(0);
        expect(new Set(references.map((plan) => JSON.stringify(plan))).size).toBe(references.length);
        for (const plan of references) {
          expect(plan.length).toBe(references[0]!.length);
          expect(reaches(scene, plan, { goal, order })).toBe(true);
          expect(reaches(scene, plan.slice(0, -1), { goal, order })).toBe(false);
        }
      }),
      { numRuns: 400 },
    );
  });

  test("No plan of fewer steps reaches the goal.", () => {
    let compared = 0;
    for (const { scene, references, goal, order } of many(150)) {
      const length = references[0]!.length;
      if (length > 4) continue;
      compared++;
      expect(shortestLength(scene, { goal, order }, length)).toBe(length);
    }
    expect(compared).toBeGreaterThan(50);
  });

  test("The goal never holds from the start, and asks nothing of one thing twice.", () => {
    for (const split of COMPOSED_SPLITS) {
      for (const { scene, goal, order, subgoals, constraints } of many(300, split)) {
        expect(reaches(scene, [], { goal, order })).toBe(false);
        expect(goal.length).toBe(subgoals.length + constraints.length);
        expect(new Set(subgoals.map(({ object }) => object)).size).toBe(subgoals.length);
        const holds = subgoals.findIndex(({ kind }) => kind === "hold");
        if (holds >= 0) expect(holds).toBe(subgoals.length - 1);
      }
    }
  });

  test("A plan whose blocks wait for one another has no total order.", () => {
    const { plan } = draw(1, "train", 3);
    expect(totalOrders(plan).length).toBeGreaterThan(0);
    expect(totalOrders({ ...plan, before: plan.blocks.map((_, i) => [i, (i + 1) % plan.blocks.length] as const) })).toEqual([]);
  });

  test("As many sub-goals come as are asked for, in every split that has them.", () => {
    for (const split of COMPOSED_SPLITS) {
      const [fewest, most] = lengthsOf(split);
      for (let asked = fewest; asked <= most; asked++) {
        for (const { subgoals } of many(15, split, asked)) expect(subgoals.length).toBe(asked);
      }
    }
  });
});

describe("instructions", () => {
  const samples = COMPOSED_SPLITS.flatMap((split) => many(400, split));

  test("Are one to three tidy sentences that fit the observation and name what the goal does.", () => {
    for (const { instruction, scene, subgoals, visual } of samples) {
      expect(instruction).toMatch(/^[A-Z][^{}]*[.?]$/);
      expect(instruction).not.toMatch(/ {2}| [.,;?]|[.,;]{2}|\. [a-z]|undefined/);
      expect(instruction.length).toBeLessThanOrEqual(500);
      const present = [...scene.cubes, ...scene.pads, ...scene.bins, ...scene.buttons].map(({ color }) => color as string);
      for (const word of wordsOf(instruction)) if ((COLOR_NAMES as readonly string[]).includes(word)) expect(present).toContain(word);
      if (visual) continue;
      for (const { object } of subgoals) expect(wordsOf(instruction)).toContain(object.split("_")[0]);
    }
  });

  test("Descriptions by place are true of one thing alone, by 4 cm.", () => {
    let seen = 0;
    for (const { scene, subgoals } of samples) {
      for (const cube of scene.cubes) {
        for (const { relation, to } of visualReferences(scene, subgoals, cube.id)) {
          seen++;
          const others = scene.cubes.filter(({ id }) => id !== cube.id);
          if (relation === "leftmost") expect(Math.min(...others.map(({ y }) => y)) - cube.y).toBeGreaterThanOrEqual(0.04 - 1e-9);
          else if (relation === "rightmost") expect(cube.y - Math.max(...others.map(({ y }) => y))).toBeGreaterThanOrEqual(0.04 - 1e-9);
          else if (relation === "nearest" || relation === "farthest") {
            const far = ({ x, y }: { x: number; y: number }): number => (relation === "nearest" ? 1 : -1) * Math.hypot(x, y);
            expect(Math.min(...others.map(far)) - far(cube)).toBeGreaterThanOrEqual(0.04 - 1e-9);
          } else if (relation === "under-cube")
            expect(scene.cubes.filter(({ where }) => where === cube.id).map(({ id }) => id)).toEqual([to]);
          else {
            expect(cube.where).toBe(to);
            expect(others.map(({ where }) => where)).not.toContain(to);
            expect(subgoals.some(({ target, object }) => target === to && object !== cube.id)).toBe(false);
          }
          if (relation.endsWith("most") || relation.endsWith("est")) expect(isHidden(scene, cube)).toBe(false);
        }
      }
    }
    expect(seen).toBeGreaterThan(1000);
  });

  test("About half of them need the picture, and where they do not, the guess from the words alone is right.", () => {
    const drawn = many(2000);
    const share = drawn.filter(({ needsPicture }) => needsPicture).length / drawn.length;
    expect(share).toBeGreaterThan(0.45);
    expect(share).toBeLessThan(0.7);
    let misled = 0;
    for (const { scene, subgoals, order, goal, references, needsPicture, visual, plan } of drawn) {
      if (visual) continue;
      const guess = partialPlan(unseenScene(scene, subgoals), subgoals, order);
      expect(planKey(guess) === planKey(plan)).toBe(!needsPicture);
      const [first] = totalOrders(guess, 1);
      const right = first !== undefined && first.length === references[0]!.length && reaches(scene, first, { goal, order });
      if (needsPicture) misled += right ? 0 : 1;
      else expect(right).toBe(true);
    }
    const unseen = drawn.filter(({ needsPicture, visual }) => needsPicture && !visual).length;
    expect(misled / unseen).toBeGreaterThan(0.9);
  });

  test("Hardly one is drawn twice, and two clauses alone make more than a million.", () => {
    const drawn = many(3000, "train", 3);
    expect(new Set(drawn.map(({ instruction }) => instruction)).size).toBeGreaterThan(2950);
    // "Put the red cube in the green bin and stack the blue cube on top of the yellow block.": names only, no constraints.
    const nouns = new Set(CUBE_NOUNS.train).size;
    const verbs = CLAUSES["in-bin"].train.length * CLAUSES.stack.train.length;
    const joints = SEQUELS.train.length + ADDITIONS.train.length;
    let colours = 0;
    for (const binned of COLOR_NAMES) {
      for (const bin of COLOR_NAMES) {
        for (const top of COLOR_NAMES) {
          for (const base of COLOR_NAMES) {
            const apart = new Set([binned, top, base]).size === 3;
            if (apart && !isHeldOutCombination(binned, bin) && !isHeldOutCombination(top, base)) colours++;
          }
        }
      }
    }
    expect(colours * verbs * nouns ** 3 * joints * new Set(OPENERS.train).size).toBeGreaterThan(1_000_000);
  });
});

describe("splits", () => {
  test("Draw from disjoint seeds.", () => {
    fc.assert(
      fc.property(anySeed, anySeed, anySplit, anySplit, (a, b, one, other) => {
        const seed = seedOfSplit(a, one);
        expect(Number.isInteger(seed) && seed >= 0 && seed < 2 ** 32).toBe(true);
        if (one !== other) expect(seed).not.toBe(seedOfSplit(b, other));
      }),
    );
  });

  const train = many(4000);
  const heldOutTemplates = new Set(ALL_WORDINGS.flatMap(({ heldOut }) => heldOut));
  const trainWords = new Set(ALL_WORDINGS.flatMap(({ train: known }) => known.flatMap(wordsOf)));

  test("Every held-out wording has a word that no wording of training has.", () => {
    for (const wording of heldOutTemplates) {
      expect([wording, wordsOf(wording).filter((word) => !trainWords.has(word) && word.length > 1)]).not.toEqual([wording, []]);
    }
  });

  test("Training shows no held-out wording, combination of objects, pair of kinds or length.", () => {
    const unseen = new Set([...heldOutTemplates].flatMap(wordsOf).filter((word) => word.length > 1 && !trainWords.has(word)));
    for (const sample of train) {
      expect(sample.wordings.filter((wording) => heldOutTemplates.has(wording))).toEqual([]);
      expect(wordsOf(sample.instruction).filter((word) => unseen.has(word))).toEqual([]);
      expect(sample.subgoals.some(isHeldOutSubgoal)).toBe(false);
      expect(hasHeldOutPair(kindsOf(sample))).toBe(false);
      expect(sample.subgoals.length).toBeLessThanOrEqual(LONGEST_IN_TRAINING);
    }
  });

  test("Each held-out split always shows what it holds out, and nothing else of what is held out.", () => {
    for (const split of COMPOSED_SPLITS) {
      for (const sample of many(400, split)) {
        const shown = {
          wordings: sample.wordings.some((wording) => heldOutTemplates.has(wording)),
          objects: sample.subgoals.some(isHeldOutSubgoal),
          compositions: hasHeldOutPair(kindsOf(sample)) || sample.subgoals.length > LONGEST_IN_TRAINING,
        };
        expect(shown).toEqual({
          wordings: split === "held-out-wordings",
          objects: split === "held-out-objects",
          compositions: split === "held-out-compositions",
        });
      }
    }
  });

  test("Another split, and more sub-goals than one has, are refused by name.", () => {
    expect(readComposedOptions({})).toEqual({ split: "train", subgoals: undefined });
    expect(() => readComposedOptions({ split: "test" })).toThrow("options.split: expected train, held-out-seeds");
    expect(() => readComposedOptions({ subgoals: 5 })).toThrow("options.subgoals: expected an integer from 1 to 4 for the split train");
    for (const subgoals of [0, 1.5, "2", null]) expect(() => readComposedOptions({ subgoals })).toThrow(InputError);
  });
});
