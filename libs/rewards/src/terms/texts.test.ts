import { InputError } from "@reverie/core";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { honestSample } from "../testing/samples.ts";
import { followUpLikelihoodReward } from "./follow-up.ts";
import { regularizedRelevance, repetitionPenalty } from "./relevance.ts";
import { embeddingSimilarity, hashedNgramEmbedding, semanticSimilarityReward } from "./semantic.ts";

// Integers: the smallest doubles vanish when they are scaled.
const vector = fc.array(fc.integer({ min: -1000, max: 1000 }), { minLength: 4, maxLength: 4 });

const like = (a: string, b: string): number => embeddingSimilarity(hashedNgramEmbedding(a), hashedNgramEmbedding(b));
const pick = (): [string, string] => ["cup on tray", "cup on table"];
const impossible = (_: string, followUp: string) => Promise.resolve({ logLikelihood: followUp.length > 3 ? -Infinity : 0, tokens: 1 });

describe("semantic similarity", () => {
  test("is symmetric, does not depend on scale, and is a number in [0, 1] also for huge ones", () => {
    fc.assert(
      fc.property(vector, vector, fc.double({ min: 0.01, max: 100, noNaN: true }), (a, b, factor) => {
        const value = embeddingSimilarity(a, b);
        expect(value).toBeCloseTo(embeddingSimilarity(b, a), 12);
        expect(value >= 0 && value <= 1).toBe(true);
        expect(
          embeddingSimilarity(
            a.map((x) => x * factor),
            b,
          ),
        ).toBeCloseTo(value, 9);
      }),
    );
    expect(embeddingSimilarity([1e308, 1e308], [1e308, 1e308])).toBeCloseTo(1, 12);
    expect(() => embeddingSimilarity([NaN], [1])).toThrow(InputError);
    expect(() => embeddingSimilarity([1], [1, 2])).toThrow("one length");
  });

  test("the default embedder finds the same words alike, other words less, and nothing in an empty text", () => {
    expect(like("Pick the red cup.", "pick THE red cup")).toBeCloseTo(1, 12);
    expect(like("Pick the red cup.", "Pick the red cups.")).toBeGreaterThan(like("Pick the red cup.", "Fly to waypoint seven."));
    expect(like("", "cup")).toBe(0);
    expect(() => hashedNgramEmbedding("cup", 0)).toThrow(InputError);
  });

  test("an empty text earns nothing and the floor cuts weak likeness", () => {
    expect(semanticSimilarityReward(() => [" ", " "])(honestSample).value).toBe(0);
    const value = semanticSimilarityReward(pick)(honestSample).value;
    expect(value).toBeGreaterThan(0.2);
    expect(semanticSimilarityReward(pick, hashedNgramEmbedding, value + 0.01)(honestSample).value).toBe(0);
  });
});

describe("regularized relevance", () => {
  test("relevance .8 with 50 words and no repetition is .4 on an open task", () => {
    const words = Array.from({ length: 48 }, (_, i) => `w${i}`).join(" ");
    const sample = { ...honestSample, predicted: [{ skill: "pick", args: { object: words, target: "tray" } }], references: [] };
    const embed = (text: string): number[] => (text === sample.instruction ? [1, 0] : [0.8, 0.6]);
    expect(regularizedRelevance({}, embed)(sample).value).toBeCloseTo(0.4, 12);
  });

  test("the prompt copied as the plan scores below a real plan, open or closed, whether or not skills are known", () => {
    const { skills: _, ...unknown } = honestSample;
    for (const base of [honestSample, unknown]) {
      for (const open of [true, false]) {
        const term = regularizedRelevance({ isOpenEnded: () => open });
        const copied = { ...base, predicted: [{ skill: base.instruction!, args: {} }] };
        expect(term(copied).value).toBeLessThan(term(base).value / 2);
      }
    }
  });

  test("repeating steps lowers it, and the range of cosines is stretched", () => {
    const term = regularizedRelevance();
    const repeated = { ...honestSample, predicted: honestSample.predicted!.flatMap((step) => [step, step]) };
    expect(term(repeated).value).toBeCloseTo(0.5 * term(honestSample).value, 12);
    expect(regularizedRelevance({ interpolate: [0.5, 0.9] }, () => [1, 2])(honestSample).value).toBe(1);
    expect(() => regularizedRelevance({ interpolate: [1, 1] })).toThrow("interpolate");
    expect(() => regularizedRelevance({ per: 0 })).toThrow("per");
    expect(() => repetitionPenalty("a", 0)).toThrow(InputError);
  });
});

describe("followUpLikelihoodReward", () => {
  const likelihoods: Record<string, number> = { good: -1, great: -2, bad: -3, awful: -4 };
  const followUps = [{ category: "relevance", positive: ["good", "great"], negative: ["bad", "awful"] }];
  const by = (tokens: number) => (_: string, followUp: string) =>
    Promise.resolve({ logLikelihood: tokens * likelihoods[followUp]!, tokens });

  test("is the difference of the means, whatever the number of tokens, and flips its sign with the sets", async () => {
    expect((await followUpLikelihoodReward(by(1), followUps)(honestSample)).value).toBe(2);
    expect((await followUpLikelihoodReward(by(2), followUps)(honestSample)).value).toBe(2);
    const swapped = followUps.map(({ category, positive, negative }) => ({ category, positive: negative, negative: positive }));
    expect((await followUpLikelihoodReward(by(1), swapped)(honestSample)).value).toBe(-2);
  });

  test("an impossible follow-up counts the limit; no number and empty sets are refused", async () => {
    const one = [{ category: "a", positive: ["yes"], negative: ["never"] }];
    expect(await followUpLikelihoodReward(impossible, one, { limit: 5 })(honestSample)).toEqual({ value: 5, max: 5 });
    await expect(followUpLikelihoodReward(() => Promise.resolve({ logLikelihood: NaN, tokens: 1 }), one)(honestSample)).rejects.toThrow(
      InputError,
    );
    expect(() => followUpLikelihoodReward(impossible, [])).toThrow("category");
    expect(() => followUpLikelihoodReward(impossible, [{ category: "a", positive: [], negative: ["no"] }])).toThrow("empty set");
  });
});
