import { describe, expect, it } from "vitest";
import type { PlanSample } from "../core/vocabulary.ts";
import { groupRelativeAdvantage } from "../advantage/group.ts";
import { ensembleDiversity } from "../diagnostics/ensembles.ts";
import { OccupancyDiscriminator } from "../regularize/occupancy.ts";
import { assertGroupContract } from "../testing/group-contract.ts";
import { honestSample, partialSample } from "../testing/samples.ts";
import { buildReward } from "./build.ts";
import type { BuildOptions } from "./built.ts";

type Change = Readonly<Record<string, unknown>>;
const build = (change: Change = {}, options: BuildOptions = {}) =>
  buildReward({ id: "group", terms: [{ term: "measure", measure: "quality" }], ...change }, options);
const sample = (quality: number, change: Partial<PlanSample> = {}): PlanSample => ({
  ...honestSample,
  rollout: { ...honestSample.rollout!, measures: { quality, other: 1 - quality } },
  ...change,
});
const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
const chain = { terms: [{ term: "measure", measure: "quality" }, { term: "execution" }], group: { rule: "chain" } };

const views = () => build({ terms: [{ term: "cross-reference" }], gate: "plan", collapse: { majorityShare: 0.95 } });
const round = (majorityShare: number, passRate: number) => ({ majorityShare, passRate });
const response = (correct: boolean, ...signs: readonly number[]) => ({
  correct,
  g: signs.map((sign) => ({ ids: [0, 1], values: [sign / 2, -sign / 2] })),
  h: signs.map(() => [1, 0]),
});
const features = ({ rollout }: PlanSample) => [10 * rollout!.measures!["quality"]!];
const states = ({ rollout }: PlanSample) => [[rollout!.measures!["quality"]!]];

describe("groups of a built reward", () => {
  it.each<[string, Change]>([
    ["relative", {}],
    ["without scale", { group: { rule: "relative", scale: "none" } }],
    ["scaled by the batch", { group: { rule: "relative", scale: "batch" } }],
    ["normalised by term", { group: { rule: "relative", aggregate: "normalize_then_sum" } }],
    ["a chain", chain],
  ])("keep the promises of a group rule: %s", (_name, change) => {
    const reward = build(change);
    assertGroupContract((rewards) => reward.scoreGroup(rewards.map((r) => sample((r + 10) / 20))));
  });

  it("see the batch where the scale is that of the batch", () => {
    const reward = build({ group: { rule: "relative", scale: "batch" } });
    const groups = [
      { samples: [sample(0), sample(1)] },
      { samples: [sample(0.5), sample(0.6)].map((own) => ({ ...own, taskId: "other" })) },
    ];
    const [wide, narrow] = reward.scoreBatch(groups);
    expect(wide!.advantages[1]! / narrow!.advantages[1]!).toBeCloseTo(10, 6);
  });

  it("are left out, with the reason, when their spread is noise", () => {
    for (const rule of ["relative", "chain"]) {
      const reward = build({ ...chain, group: { rule, minimumSpread: 0.01 } });
      const { mask, advantages, dropped } = reward.scoreGroup([sample(0.5), sample(0.51)]);
      expect([mask, advantages]).toEqual([
        [false, false],
        [0, 0],
      ]);
      expect(dropped).toContain("is not above 0.01");
      expect(reward.scoreGroup([sample(0.5), sample(0.6)]).dropped).toBeUndefined();
    }
  });

  it("refuse a context that the spec does not use", () => {
    expect(() => build().scoreGroup([sample(1)], { hidden: [] })).toThrow("context.hidden: only the modifier");
    expect(() => build().scoreGroup([sample(1)], { view: { samples: [] } })).toThrow("context.view: only the term");
  });
});

// Interactions that silently cancel work; those that a spec alone shows are refused, see the tests of the spec.
describe("what cancels out in a group", () => {
  it("an affine map of a reward, and so the scale of all weights", () => {
    const rewards = [0.1, 0.7, 0.4];
    const [own] = groupRelativeAdvantage([rewards], { epsilon: 0 });
    const [mapped] = groupRelativeAdvantage([rewards.map((r) => 3 * r + 2)], { epsilon: 0 });
    own!.advantages.forEach((advantage, i) => expect(mapped!.advantages[i]).toBeCloseTo(advantage, 9));
    const weighing = (factor: number) =>
      build({
        terms: [
          { term: "measure", measure: "quality", weight: factor },
          { term: "execution", weight: 2 * factor },
        ],
      }).scoreGroup(rewards.map((quality) => sample(quality))).advantages;
    weighing(1).forEach((advantage, i) => expect(weighing(8)[i]).toBeCloseTo(advantage, 9));
  });

  it("every increasing map of two values, whose advantages depend on counts only", () => {
    const failed = { ...sample(0), rollout: { ...honestSample.rollout!, success: false } };
    const { advantages } = build({ terms: [{ term: "execution" }] }).scoreGroup([honestSample, failed, failed, failed]);
    expect(advantages[0]).toBeCloseTo(Math.sqrt(3), 3);
    expect(advantages[1]).toBeCloseTo(-1 / Math.sqrt(3), 3);
  });

  it("terms of small variance under sum_then_normalize, and not under normalize_then_sum", () => {
    const terms = [
      { term: "measure", measure: "wide", weight: 1 },
      { term: "measure", measure: "narrow", weight: 1.5 },
    ];
    const group = [
      [0, 0.02],
      [1, 0],
    ].map(([wide, narrow]) => ({ ...sample(0), rollout: { ...honestSample.rollout!, measures: { wide: wide!, narrow: narrow! } } }));
    expect(build({ terms }).scoreGroup(group).advantages[0]).toBeLessThan(0);
    const byTerm = build({ terms, group: { rule: "relative", aggregate: "normalize_then_sum" } });
    expect(byTerm.scoreGroup(group).advantages[0]).toBeGreaterThan(0);
  });

  it("copies of one scorer, which are worth one member", () => {
    const errors = ["distinct-steps", "repetition"].map((term) => {
      const reward = build({ terms: [{ term }] });
      return [honestSample, partialSample, { ...honestSample, predicted: [...honestSample.predicted!, ...honestSample.predicted!] }].map(
        (own) => reward.score(own).value,
      );
    });
    expect(ensembleDiversity(errors).rho).toBeCloseTo(1, 9);
  });
});

describe("views of one task", () => {
  const [p, q] = [honestSample, partialSample];
  it("are rewarded by each other's majority", () => {
    const { scores, view, majorityShare } = views().scoreGroup([p, p, q], { view: { samples: [q, q, p] } });
    expect(scores.map(({ value }) => value)).toEqual([0, 0, 1]);
    expect(view!.scores.map(({ value }) => value)).toEqual([0, 0, 1]);
    expect([majorityShare, view!.majorityShare]).toEqual([2 / 3, 2 / 3]);
    expect(sum(view!.advantages)).toBeCloseTo(0, 9);
  });

  it("vote by the meaning of a plan: the order of slots, aliases and the way back from the view make no difference", () => {
    const named = (object: string) => ({ ...p, predicted: [{ skill: "place", args: { target: "tray", object } }] });
    const other = { ...p, predicted: [{ skill: "place", args: { object: "left_cup", target: "tray" } }] };
    const view = {
      samples: [other, other],
      toTask: (plan: readonly { skill: string; args: Readonly<Record<string, string>> }[]) =>
        plan.map(({ skill, args }) => ({ skill, args: { ...args, object: args["object"]!.replace("left_", "") } })),
    };
    const reward = build({ terms: [{ term: "cross-reference" }] });
    expect(reward.scoreGroup([named("cup")], { view }).scores[0]!.value).toBe(1);
    expect(reward.scoreGroup([named("mug")], { view }).scores[0]!.value).toBe(0);
    expect(reward.scoreGroup([named("mug")], { view: { ...view, aliases: { mug: "cup" } } }).scores[0]!.value).toBe(1);
  });

  it("must be given, and be of one task each", () => {
    expect(() => views().score(p)).toThrow("context.view: the term");
    expect(() => views().scoreGroup([p])).toThrow("use scoreGroup with a view");
    expect(() => views().scoreGroup([p], { view: { samples: [p, { ...p, taskId: "other" }] } })).toThrow(
      "a group holds samples of one task",
    );
  });

  it("raise the alarm when answers agree while fewer labelled tasks are solved", () => {
    expect(views().collapsed([round(0.5, 0.4), round(0.97, 0.3)])).toBe(true);
    expect(views().collapsed([round(0.5, 0.4), round(0.97, 0.6)])).toBe(false);
    expect(views().collapsed([round(0.5, 0.4), round(0.9, 0.3)])).toBe(false);
    expect(views().collapsed([round(0.97, 0.4)])).toBe(false);
    expect(build().collapsed([round(0.5, 0.4), round(0.97, 0.3)])).toBe(false);
    expect(() => views().collapsed([round(2, 0.4)])).toThrow("rounds[0].majorityShare");
  });
});

describe("modifiers of a built reward", () => {
  const thr = {
    kind: "token-hidden-reward",
    schedule: [
      { p: -0.2, until: 0.5 },
      { p: 0.2, until: 1 },
    ],
  };
  it("weigh tokens by the schedule's p of the progress of the training", () => {
    const reward = build({ modifiers: [thr] });
    const hidden = [response(true, 1), response(false, 1, -1)];
    const group = [sample(1), sample(0)];
    const late = reward.scoreGroup(group, { hidden, progress: 0.5 });
    const [up, down] = late.tokenAdvantages![1]!;
    expect(up! / late.advantages[1]!).toBeCloseTo(0.8, 9);
    expect(down! / late.advantages[1]!).toBeCloseTo(1.2, 9);
    const early = reward.scoreGroup(group, { hidden, progress: 0.1 }).tokenAdvantages!;
    expect(early[1]).toEqual([down, up]);
    expect(reward.scoreGroup(group, { hidden, progress: 1 }).tokenAdvantages).toEqual(late.tokenAdvantages);
  });

  it("leave the tokens alone without hidden responses, and refuse incomplete ones", () => {
    const reward = build({ modifiers: [thr] });
    expect(reward.scoreGroup([sample(1), sample(0)]).tokenAdvantages).toBeUndefined();
    expect(() => reward.scoreGroup([sample(1)], { hidden: [], progress: 0 })).toThrow("context.hidden: expected 1 entries");
    expect(() => reward.scoreGroup([sample(1)], { hidden: [response(true, 1)] })).toThrow("context.progress");
    expect(() => build({ modifiers: [thr] }, { strict: true }).scoreGroup([sample(1)])).toThrow("context.hidden: the modifier");
  });

  it("drop answers far from what the reward was checked on, and centre the rest again", () => {
    const modifiers = [{ kind: "confidence-gate", tau: 0.5 }];
    const reward = build({ modifiers }, { confidence: { centroids: [[0], [5]], features } });
    const group = [0, 0.5, 0.52, 1].map((quality) => sample(quality));
    const { mask, advantages, scores } = reward.scoreGroup(group);
    expect(mask).toEqual([true, true, true, false]);
    expect(advantages[3]).toBe(0);
    expect(sum(advantages)).toBeCloseTo(0, 9);
    expect(scores).toEqual(build().scoreGroup(group).scores);
    expect(reward.scoreGroup([sample(1), sample(0.5)])).toMatchObject({
      mask: [false, false],
      dropped: expect.stringContaining("told apart"),
    });
    expect(build({ modifiers }).fallbacks()).toEqual(["confidence: the confidence gate keeps every answer."]);
    const byFeatures = build({ modifiers }, { confidence: { centroids: [Array.from({ length: 10 }, () => 0)] } });
    expect(byFeatures.scoreGroup(group).mask).toEqual([false, false, false, false]);
  });
});

describe("the occupancy regulariser", () => {
  const discriminator = new OccupancyDiscriminator();
  discriminator.fit([[1], [1], [0.9], [0]], [[0], [0], [0.1], [1]]);
  const regularized = (correlation: number, change: Change = {}, deviation?: number) =>
    build(
      { regularizer: { kind: "occupancy" }, ...change },
      {
        occupancy: { discriminator, states, correlation, ...(deviation !== undefined && { deviation }) },
      },
    );
  const group = [sample(0), sample(0.5), sample(1)];

  it("takes from answers whose states the base policy hardly visits, and nothing for a perfect proxy", () => {
    const plain = build().scoreGroup(group).advantages;
    const { advantages, penalties } = regularized(0.5).scoreGroup(group);
    expect(penalties![2]).toBeGreaterThan(penalties![0]!);
    expect(advantages[2]! - advantages[0]!).toBeLessThan(plain[2]! - plain[0]!);
    expect(sum(advantages)).toBeCloseTo(0, 9);
    regularized(1)
      .scoreGroup(group)
      .advantages.forEach((advantage, i) => expect(advantage).toBeCloseTo(plain[i]!, 9));
    expect(build({ regularizer: { kind: "occupancy" } }).fallbacks()).toEqual(["occupancy: advantages have no occupancy penalty."]);
  });

  it("weighs the penalty by the reward's deviation where advantages keep the reward's unit", () => {
    const none = { group: { rule: "relative", scale: "none" } };
    expect(() => regularized(0.5, none).scoreGroup(group)).toThrow("options.occupancy.deviation: is needed");
    const [one, two] = [1, 2].map((deviation) => regularized(0.5, none, deviation).scoreGroup(group).penalties!);
    one!.forEach((penalty, i) => expect(two![i]).toBeCloseTo(2 * penalty, 9));
  });

  it("works under a chain, and only on the chain", () => {
    const { advantages, mask } = regularized(0.5, chain).scoreGroup(group);
    expect(mask).toEqual([true, true, true]);
    expect(sum(advantages)).toBeCloseTo(0, 9);
  });
});
