import { Rng } from "@reverie/core";
import { describe, expect, test } from "vitest";
import type { HiddenResponse } from "./hidden-reward.ts";
import { exportThrSpec, hiddenRewardScores, nthrAttenuate, thrReweight } from "./hidden-reward.ts";

function randomGroup(seed: number): HiddenResponse[] {
  const rng = new Rng(seed);
  return Array.from({ length: 5 }, (_, j) => {
    const tokens = rng.integer(1, 4);
    const ids = (): number[] => rng.shuffle([0, 1, 2, 3, 4, 5]).slice(0, 3);
    return {
      correct: j % 2 === 0,
      g: Array.from({ length: tokens }, () => ({ ids: ids(), values: [rng.normal(), rng.normal(), rng.normal()] })),
      h: Array.from({ length: tokens }, () => Float32Array.from([rng.normal(), rng.normal(), rng.normal(), rng.normal()])),
    };
  });
}

const dot = (a: ArrayLike<number>, b: ArrayLike<number>): number => Array.from(a).reduce((sum, value, i) => sum + value * b[i]!, 0);
const dense = ({ ids, values }: { ids: readonly number[]; values: readonly number[] }): number[] =>
  [0, 1, 2, 3, 4, 5].map((id) => (ids.includes(id) ? values[ids.indexOf(id)]! : 0));

const single = (id: number, value: number, h: number[]): HiddenResponse => ({
  correct: true,
  g: [{ ids: [id], values: [value] }],
  h: [h],
});
const huge = (correct: boolean): HiddenResponse => ({
  correct,
  g: [{ ids: [0, 1], values: [1e308, -1e308] }],
  h: [[1e308, -1e308]],
});

describe("hiddenRewardScores", () => {
  test("the matrix form equals the double sum over tokens of correct responses", () => {
    for (let seed = 0; seed < 30; seed++) {
      const group = randomGroup(seed);
      hiddenRewardScores(group).forEach((row, j) =>
        row.forEach((score, t) => {
          let sum = 0;
          for (const other of group.filter(({ correct }) => correct)) {
            other.g.forEach((g, u) => (sum += dot(dense(group[j]!.g[t]!), dense(g)) * dot(group[j]!.h[t]!, other.h[u]!)));
          }
          expect(Math.abs(score - sum)).toBeLessThan(1e-9);
        }),
      );
    }
  });

  test("permuting the group permutes the scores", () => {
    const group = randomGroup(99);
    const [straight, reversed] = [hiddenRewardScores(group), hiddenRewardScores(group.toReversed()).toReversed()];
    straight.forEach((row, j) => row.forEach((score, t) => expect(reversed[j]![t]).toBeCloseTo(score, 12)));
  });

  test("refuses other shapes, ids that are none and numbers that are none", () => {
    expect(() => hiddenRewardScores([single(-1, 1, [1])])).toThrow("group[0].g[0].ids[0]");
    expect(() => hiddenRewardScores([single(0, NaN, [1])])).toThrow("group[0].g[0].values[0]");
    expect(() => hiddenRewardScores([single(0, 1, [1]), single(0, 1, [1, 2])])).toThrow("group[1].h[0]");
    expect(hiddenRewardScores([])).toEqual([]);
  });

  test("the largest numbers give numbers", () => {
    const scores = hiddenRewardScores([huge(true), huge(false)]);
    expect(scores.flat().every(Number.isFinite)).toBe(true);
    expect(
      thrReweight([[1e308], [-1e308]], scores, { p: 1 })
        .flat()
        .every(Number.isFinite),
    ).toBe(true);
    expect(
      nthrAttenuate([[1e308], [-1e308]], scores, [true, false])
        .flat()
        .every(Number.isFinite),
    ).toBe(true);
  });
});

describe("thrReweight and nthrAttenuate", () => {
  test.each([true, false])("a group in which every response is %s stays as it is", (correct) => {
    const group = randomGroup(1).map((response) => ({ ...response, correct }));
    const advantages = group.map(({ g }) => g.map((_, t) => t - 1));
    const scores = hiddenRewardScores(group);
    for (const mode of ["scale", "mask"] as const) expect(thrReweight(advantages, scores, { p: 0.5, mode })).toEqual(advantages);
    const verdicts = group.map(() => correct);
    expect(nthrAttenuate(advantages, scores, verdicts)).toEqual(advantages);
  });

  test("reweighting never turns an advantage around, and p = 0 changes nothing", () => {
    const group = randomGroup(2);
    const advantages = group.map(({ g }, j) => g.map(() => j - 2));
    const scores = hiddenRewardScores(group);
    for (const p of [-1, -0.3, 0.3, 1]) {
      thrReweight(advantages, scores, { p }).forEach((row, j) => row.forEach((value) => expect(value * (j - 2)).toBeGreaterThanOrEqual(0)));
    }
    expect(thrReweight(advantages, scores, { p: 0, tau: 0.2 })).toEqual(advantages);
  });

  test("attenuation touches wrong responses only, and spares none when nearly all are wrong", () => {
    const scores = [[1], [2], [0.5], [2]];
    const advantages = [[1], [-1], [-1], [-1]];
    expect(nthrAttenuate(advantages, scores, [true, false, false, false])).toEqual([[1], [-0.5], [-1], [-0.5]]);
  });

  test("p outside [-1, 1], a negative tau and other shapes are refused", () => {
    expect(() => thrReweight([[1]], [[1]], { p: 1.1 })).toThrow("p: expected a number from -1 to 1");
    expect(() => thrReweight([[1]], [[1]], { p: 0, tau: -1 })).toThrow("tau");
    expect(() => thrReweight([[1]], [[1, 2]], { p: 0 })).toThrow("scores[0]");
    expect(() => nthrAttenuate([[1]], [[1]], [])).toThrow("correct");
  });
});

test("the tensor contract is plain JSON with every array described", () => {
  const specification = exportThrSpec();
  expect(JSON.parse(JSON.stringify(specification))).toEqual(specification);
  for (const tensor of [...specification.inputs, ...specification.outputs]) {
    expect(tensor.shape.every((size) => ["G", "T", "V", "D"].includes(size))).toBe(true);
    expect(tensor.meaning).not.toBe("");
  }
});
