import { Rng } from "@reverie/core";
import { describe, expect, it } from "vitest";
import { imitate, PlanPolicy, decisionAdvantages, successWithin, train, trueSuccessRate } from "./learner.ts";
import { look, pick, place, stepIndex, tabletop } from "./world.ts";

const shape = { steps: 3, maxSteps: 4, contexts: [{ table: 0, looks: [0, 1, 0] }, { table: 1 }] };

function randomPolicy(seed: number): PlanPolicy {
  const policy = new PlanPolicy(shape);
  const rng = new Rng(seed);
  for (let i = 0; i < policy.weights.length; i++) policy.weights[i] = rng.normal();
  return policy;
}

describe("PlanPolicy", () => {
  it("has the gradient of finite differences, with one advantage or one for each decision", () => {
    const policy = randomPolicy(3);
    for (const [context, plan] of [
      [0, [1, 0]],
      [0, [2, 2, 1, 0]],
      [1, []],
      [1, [0, 1, 2]],
    ] as const) {
      const gradient = new Float64Array(policy.weights.length);
      policy.addGradient(context, plan, 2, gradient);
      const byDecision = new Float64Array(policy.weights.length);
      policy.addGradient(
        context,
        plan,
        policy.decisions(plan).map(() => 2),
        byDecision,
      );
      for (let i = 0; i < gradient.length; i++) {
        const [up, down] = [policy.clone(), policy.clone()];
        up.weights[i] += 1e-5;
        down.weights[i] -= 1e-5;
        const slope = (2 * (up.logProbability(context, plan) - down.logProbability(context, plan))) / 2e-5;
        expect(gradient[i]).toBeCloseTo(slope, 6);
        expect(byDecision[i]).toBe(gradient[i]);
      }
    }
  });

  it("gives a later decision only its own advantage", () => {
    const policy = randomPolicy(4);
    const only = new Float64Array(policy.weights.length);
    policy.addGradient(1, [2], [0, 1], only);
    // Before the first step nothing moves: previous = start (3), position 0.
    for (let action = 0; action <= shape.steps; action++) {
      for (const place of policy.features(1, 3, 0, action)) expect(only[place]).toBe(0);
    }
    expect(only.some((slope) => slope !== 0)).toBe(true);
  });

  it("has probabilities that sum to 1 over all plans", () => {
    const policy = randomPolicy(5);
    let total = 0;
    const visit = (plan: number[]): void => {
      total += Math.exp(policy.logProbability(0, plan));
      if (plan.length === shape.maxSteps) return;
      for (let step = 0; step < shape.steps; step++) visit([...plan, step]);
    };
    visit([]);
    expect(total).toBeCloseTo(1, 9);
  });

  it("draws plans as often as their probability says", () => {
    const policy = randomPolicy(6);
    const rng = new Rng(1);
    let hits = 0;
    for (let i = 0; i < 5000; i++) if (policy.sample(1, rng).join() === "2,0") hits++;
    expect(hits / 5000).toBeCloseTo(Math.exp(policy.logProbability(1, [2, 0])), 1.7);
  });

  it("shares a look between contexts, and nothing else", () => {
    const policy = new PlanPolicy({
      steps: 2,
      maxSteps: 2,
      contexts: [
        { table: 0, looks: [0, 1] },
        { table: 1, looks: [1, 0] },
      ],
    });
    const shared = policy.features(0, 2, 0, 0).filter((place) => policy.features(1, 2, 0, 1).includes(place));
    expect(shared).toHaveLength(1);
    expect(policy.features(0, 2, 0, 0).filter((place) => policy.features(1, 2, 0, 0).includes(place))).toHaveLength(0);
  });

  it("refuses a shape without steps", () => {
    expect(() => new PlanPolicy({ ...shape, steps: 0 })).toThrow(/steps/);
  });
});

describe("train", () => {
  const task = tabletop("mug", [pick("mug"), place("mug", "tray"), look("table")], ["on(mug, tray)"]);
  const run = (seed: number): { policy: PlanPolicy; rate: number } => {
    const rng = new Rng(seed);
    const policy = new PlanPolicy({ steps: 3, maxSteps: 4, contexts: [{ table: 0 }] });
    const solved = [stepIndex(task, "pick", "mug"), stepIndex(task, "place", "mug", "tray")].join();
    train(policy, rng, {
      updates: 60,
      samples: 16,
      learningRate: 1,
      advantages: (groups) => groups.map((group) => group.map((plan) => (plan.join() === solved ? 1 : -0.1))),
    });
    return { policy, rate: trueSuccessRate(policy, [task], rng) };
  };

  it("learns a plan that is rewarded", () => expect(run(1).rate).toBeGreaterThan(0.9));

  it("is the same for the same seed, bit for bit, and another for another", () => {
    expect(run(7).policy.weights).toEqual(run(7).policy.weights);
    expect(run(7).policy.weights).not.toEqual(run(8).policy.weights);
  });

  it("imitates its demonstrations", () => {
    const policy = new PlanPolicy(shape);
    imitate(policy, [{ context: 1, plan: [2, 1] }], { updates: 60, learningRate: 0.5 });
    expect(Math.exp(policy.logProbability(1, [2, 1]))).toBeGreaterThan(0.8);
  });
});

describe("successWithin", () => {
  const mug = tabletop("mug", [pick("mug"), pick("spoon")], ["held(mug)"], { stepBudget: 1 });
  const spoon = tabletop("spoon", mug.steps, ["held(spoon)"], { stepBudget: 1 });
  const untrained = new PlanPolicy({ steps: 2, maxSteps: 1, contexts: [{ table: 0 }] });

  it("is the success rate for one attempt, and rises with attempts as independent draws do", () => {
    for (const attempts of [1, 2, 4]) {
      const expected = 1 - (2 / 3) ** attempts;
      expect(Math.abs(successWithin(untrained, [mug, spoon], attempts, new Rng(5), 2000) - expected)).toBeLessThan(0.03);
    }
  });

  it("counts every task alike, and those that no plan solves as failures", () => {
    const impossible = tabletop("impossible", mug.steps, ["held(plate)"]);
    expect(successWithin(untrained, [impossible], 4, new Rng(1))).toBe(0);
    expect(successWithin(untrained, [mug, impossible], 40, new Rng(1))).toBe(0.5);
  });
});

describe("decisionAdvantages", () => {
  it("is the return-to-go less the group's mean at the position", () => {
    expect(
      decisionAdvantages(
        [
          [1, 2, 0],
          [3, 0],
        ],
        "none",
      ),
    ).toEqual([
      [0, 1, 0],
      [0, -1],
    ]);
  });

  it("is 0 where all plans earn the same under group scale", () => {
    expect(
      decisionAdvantages(
        [
          [1, 0],
          [1, 0],
        ],
        "group",
      ),
    ).toEqual([
      [0, 0],
      [0, 0],
    ]);
  });
});
