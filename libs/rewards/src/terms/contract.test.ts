import { describe, expect, test } from "vitest";
import type { PlanSample } from "../core/vocabulary.ts";
import { assertAsyncRewardContract, assertRewardContract } from "../testing/contract.ts";
import { honestSample } from "../testing/samples.ts";
import { checklistReward } from "./checklist.ts";
import { followUpLikelihoodReward } from "./follow-up.ts";
import { hybridReward } from "./hybrid.ts";
import { factVerifier, nuggetReward, planNuggets } from "./nuggets.ts";
import { orderedMatchReward } from "./ordered-match.ts";
import { executionReward, groundingJaccard, partialRewardSuite, partialScores } from "./partial-rewards.ts";
import { regularizedRelevance, relevanceReward } from "./relevance.ts";
import { rubricReward } from "./rubric.ts";
import { hashedNgramEmbedding, semanticSimilarityReward } from "./semantic.ts";

const executed = (sample: PlanSample): boolean => sample.rollout?.success ?? false;
const items = [
  { id: "done", question: "Is the goal reached?", check: executed, veto: true },
  { id: "short", question: "Are there at most six steps?", check: (sample: PlanSample) => (sample.predicted?.length ?? 0) <= 6 },
];

const embed = (text: string): Promise<number[]> => Promise.resolve(hashedNgramEmbedding(text));
const likelihood = (context: string, followUp: string) =>
  Promise.resolve({ logLikelihood: context.includes("place(cup, tray)") === followUp.startsWith("Well") ? -1 : -Infinity, tokens: 2 });

describe("every term keeps the contract", () => {
  test.each([
    ["orderedMatchReward", orderedMatchReward(), {}],
    ["executionReward", executionReward, {}],
    ["partialRewardSuite", (sample: PlanSample) => partialRewardSuite()(partialScores(sample)), { additive: true }],
    ["checklistReward", checklistReward(items), { additive: true }],
    ["regularizedRelevance", regularizedRelevance(), {}],
    // Relevance alone is what the papers show to be farmed.
    ["relevanceReward", relevanceReward(), { except: ["padding"] as const }],
    ["semanticSimilarityReward", semanticSimilarityReward(({ reasoning = "" }) => [reasoning, honestSample.reasoning!]), {}],
    [
      "rubricReward",
      rubricReward(
        {
          dimensions: [
            { id: "done", criterion: "", weight: 2, measure: (sample) => sample.rollout?.progress ?? 0, veto: { below: 0.5 } },
            { id: "grounded", criterion: "", measure: ({ predicted = [], references }) => groundingJaccard(predicted, references[0]!) },
          ],
        },
        { saturation: 3, interactions: [["done", "grounded", 0.2]], stretch: { knee: 0.6, power: 2 } },
      ),
      {},
    ],
    [
      "hybridReward",
      hybridReward({
        verify: ({ rollout }) => rollout && { value: rollout.success ? 1 : 0, confidence: 0.8 },
        model: orderedMatchReward(),
        aspects: { format: ({ format }) => ({ value: format ? 1 : 0, max: 1 }) },
        weights: { format: 0.1 },
      }),
      { additive: true },
    ],
  ])("%s", (_, term, options) => assertRewardContract(term, options));

  test("nuggetReward, semanticSimilarityReward and followUpLikelihoodReward, which wait for a model", async () => {
    await assertAsyncRewardContract(nuggetReward(planNuggets(honestSample.goal!), factVerifier), { additive: true });
    await assertAsyncRewardContract(semanticSimilarityReward(({ reasoning = "" }) => [reasoning, honestSample.reasoning!], embed));
    const followUps = [{ category: "relevance", positive: ["Well done."], negative: ["You forgot a step."] }];
    await assertAsyncRewardContract(followUpLikelihoodReward(likelihood, followUps), { except: ["signed"] });
  });

  test("without references the ordered matching has nothing to say and says so", () => {
    expect(() => orderedMatchReward()({ ...honestSample, references: [] })).toThrow("at least one reference");
  });
});
