import { Rng } from "@reverie/core";
import { optim, ParameterSet, type Grammar } from "@reverie/tensor";
import { compile } from "@reverie/tensor/node";
import { describe, expect, test } from "vitest";
import { VisionLanguageModel } from "../model/vision-language-model.ts";
import { PolicyTrainer } from "./policy-trainer.ts";
import type { IterationReport } from "./iteration-report.ts";
import type { PicturePrompt, VisionLanguagePolicyOptions } from "./vision-language-policy.ts";
import { VisionLanguagePolicy } from "./vision-language-policy.ts";

// "Is the picture bright?": token 3 for yes, 4 for no, then the end.
const END = 1;
const ASK = 2;
const YES = 3;
const NO = 4;
const EDGE = 16;

type Prompt = PicturePrompt<{ readonly answer: number }>;

function picture(rng: Rng): Prompt {
  const bright = rng.bernoulli(0.5);
  const base = bright ? 200 : 20;
  const images = Uint8Array.from({ length: EDGE * EDGE * 3 }, () => base + rng.integer(0, 40));
  return { images, promptTokens: rng.bernoulli(0.5) ? [ASK] : [ASK, ASK], meta: { answer: bright ? YES : NO } };
}

/** Nothing but one token, for ever. */
const only = (token: number): Grammar<unknown> => ({
  start: () => undefined,
  allow: (_, mask) => void (mask[token] = 1),
  advance: () => undefined,
});

async function policyOf(
  temperature = 1,
  grammarOf?: VisionLanguagePolicyOptions<Prompt["meta"]>["grammarOf"],
): Promise<VisionLanguagePolicy<Prompt["meta"]>> {
  const parameters = new ParameterSet({ seed: 4 });
  const sizes = { width: 16, layers: 1, heads: 1 };
  const model = new VisionLanguageModel(parameters, {
    vocabulary: 6,
    patchClasses: 2,
    views: 1,
    imageSize: EDGE,
    patch: 8,
    maxLength: 12,
    vision: sizes,
    decoder: sizes,
  });
  return VisionLanguagePolicy.create<Prompt["meta"]>({
    model,
    parameters,
    maxTokens: 3,
    endToken: END,
    temperature,
    ...(grammarOf && { grammarOf }),
  });
}

describe("a policy that sees", () => {
  test.each([1, 0.7])("at temperature %d draws tokens with the probabilities that the training graph gives", async (temperature) => {
    const policy = await policyOf(temperature);
    const rng = new Rng(1);
    const samples = await policy.sample([picture(rng), picture(rng), picture(rng)], 4, 9);
    expect(samples).toHaveLength(12);
    const { feeds, sequence, starts } = policy.feeds(samples);
    const graph = await compile({
      inputs: policy.inputs,
      outputs: (inputs) => ({ logProbabilities: policy.forward(inputs).logProbabilities }),
    });
    const found = (await graph.run(feeds))["logProbabilities"]!.data as Float32Array;
    samples.forEach(({ samplerLogProbabilities }, row) => {
      samplerLogProbabilities!.forEach((value, i) => expect(found[row * sequence + starts[row]! + i]).toBeCloseTo(value, 4));
    });
    await graph.release();
    await policy.release();
  });

  test("answers with the weights of its last refresh", async () => {
    const policy = await policyOf();
    const prompts = [picture(new Rng(1))];
    const before = await policy.sample(prompts, 3, 9);
    for (const { values } of policy.parameters) values.forEach((value, i) => (values[i] = 1.5 * value));
    expect(await policy.sample(prompts, 3, 9)).toEqual(before);
    await policy.refresh();
    expect(await policy.sample(prompts, 3, 9)).not.toEqual(before);
    await policy.release();
  });

  test("answers each prompt by its own grammar, with probabilities of the whole vocabulary", async () => {
    const policy = await policyOf(1, ({ meta }) => only(meta.answer));
    const rng = new Rng(3);
    const samples = await policy.sample([picture(rng), picture(rng), picture(rng)], 2, 5);
    for (const { prompt, tokens, samplerLogProbabilities } of samples) {
      expect([...tokens]).toEqual([prompt.meta.answer, prompt.meta.answer, prompt.meta.answer]);
      expect(samplerLogProbabilities!.every((value) => value < -0.1)).toBe(true);
    }
    await policy.release();
  });

  test("learns by reward alone to say what the picture shows", async () => {
    const policy = await policyOf();
    const trainer = await PolicyTrainer.create<Prompt>({
      policy,
      prompts: ({ count, rng }) => Array.from({ length: count }, () => picture(rng)),
      reward: async ({ samples }) =>
        samples.map(({ prompt, tokens }) => [prompt.meta.answer, END].filter((token, i) => tokens[i] === token).length / 2),
      algorithm: "dapo",
      truncated: "keep",
      promptsPerIteration: 8,
      samplesPerPrompt: 8,
      optimiser: optim.adam({ learningRate: 1e-2 }),
      stages: [{ name: "bright", iterations: 60 }],
      seed: 2,
    });
    const reports: IterationReport[] = [];
    await trainer.run({ onIteration: (report) => reports.push(report) });
    expect(reports[0]!.rewardMean).toBeLessThan(0.5);
    // Whoever does not look gets no more than three quarters.
    expect(reports.at(-1)!.rewardMean).toBeGreaterThan(0.9);
    expect(Math.max(...reports.map(({ update }) => update?.samplerGap ?? 0))).toBeLessThan(1e-3);
    await trainer.release();
    await policy.release();
  });
});
