import { Rng } from "@reverie/core";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { potentialShaping, shapeEpisode } from "./potential.ts";

/** A random decision process; its last state is terminal. */
interface Process {
  readonly states: number;
  readonly actions: number;
  readonly discount: number;
  /** Probability of next states by state and action. */
  readonly next: readonly (readonly (readonly number[])[])[];
  /** By state, action and next state. */
  readonly reward: readonly (readonly (readonly number[])[])[];
  readonly potential: readonly number[];
}

function randomProcess(seed: number): Process {
  const rng = new Rng(seed);
  const [states, actions] = [3 + (rng.uint32() % 4), 2 + (rng.uint32() % 2)];
  const table = (entry: () => number) =>
    Array.from({ length: states }, () => Array.from({ length: actions }, () => Array.from({ length: states }, entry)));
  const next = table(() => rng.uniform(0.01, 1)).map((row) =>
    row.map((weights) => {
      const total = weights.reduce((a, b) => a + b, 0);
      return weights.map((weight) => weight / total);
    }),
  );
  const potential = Array.from({ length: states }, () => rng.uniform(-10, 10));
  return { states, actions, discount: rng.uniform(0.3, 0.95), next, reward: table(() => rng.uniform(-1, 1)), potential };
}

/** Optimal values of state and action, by value iteration. */
function solve(process: Process, reward: (state: number, action: number, next: number) => number): number[][] {
  const { states, actions, discount, next } = process;
  const terminal = states - 1;
  let values = Array.from({ length: states }, () => 0);
  let table: number[][] = [];
  for (let sweep = 0; sweep < 800; sweep++) {
    table = next
      .slice(0, terminal)
      .map((row, state) =>
        Array.from({ length: actions }, (_, action) =>
          row[action]!.reduce((sum, probability, to) => sum + probability * (reward(state, action, to) + discount * values[to]!), 0),
        ),
      );
    values = [...table.map((row) => Math.max(...row)), 0];
  }
  return table;
}

describe("potentialShaping", () => {
  test("changes no optimal policy: values of all actions of a state move by minus its potential", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1e6 }), (seed) => {
        const process = randomProcess(seed);
        const { reward, potential, discount, states } = process;
        const plain = solve(process, (s, a, to) => reward[s]![a]![to]!);
        const shaped = solve(
          process,
          (s, a, to) => reward[s]![a]![to]! + potentialShaping(potential[s]!, potential[to]!, discount, { terminal: to === states - 1 }),
        );
        plain.forEach((row, s) => row.forEach((value, a) => expect(shaped[s]![a]).toBeCloseTo(value - potential[s]!, 7)));
      }),
      { numRuns: 40 },
    );
  });

  test("the potential of a terminal state must not count, or policies change", () => {
    // From state 0 one action ends well paid, the other ends poorly paid in a state of high potential.
    const discount = 0.9;
    const ends = [
      { reward: 1, potential: 0 },
      { reward: 0, potential: 5 },
    ];
    const totals = (terminal: boolean) => ends.map((end) => end.reward + potentialShaping(0, end.potential, discount, { terminal }));
    const [good, poor] = totals(true);
    expect(good).toBeGreaterThan(poor!);
    const [wrongGood, wrongPoor] = totals(false);
    expect(wrongGood).toBeLessThan(wrongPoor!);
  });

  test("a discount outside [0, 1] is refused", () => {
    for (const discount of [-0.1, 1.1, NaN]) expect(() => potentialShaping(0, 1, discount)).toThrow(/^discount: /);
  });
});

describe("shapeEpisode", () => {
  const potentials = fc.array(fc.double({ min: -10, max: 10, noNaN: true }), { minLength: 2, maxLength: 10 });
  const discounts = fc.double({ min: 0, max: 1, noNaN: true });

  test("the discounted sum telescopes to minus the first potential, plus the last one where the episode was cut off", () => {
    fc.assert(
      fc.property(potentials, discounts, (values, discount) => {
        const total = (terminal: boolean) =>
          shapeEpisode(values, discount, { terminal }).reduce((sum, reward, t) => sum + discount ** t * reward, 0);
        expect(total(true)).toBeCloseTo(-values[0]!, 9);
        expect(total(false)).toBeCloseTo(discount ** (values.length - 1) * values.at(-1)! - values[0]!, 9);
      }),
    );
  });

  test("walking in a circle pays nothing without a discount", () => {
    expect(shapeEpisode([1, 4, 2, 1], 1, { terminal: false }).reduce((a, b) => a + b, 0)).toBe(0);
  });

  test("fewer than two states have no transition", () => {
    expect([shapeEpisode([], 0.9), shapeEpisode([3], 0.9)]).toEqual([[], []]);
  });
});
