// Teaches a language model of eleven tokens to repeat two digits, by nothing but a score of its answers. `node docs/examples/copy-digits.mjs`
import { nn, optim, ParameterSet } from "@reverie/tensor";
import { LanguageModelPolicy, PolicyTrainer } from "@reverie/training";

const END = 10;
const parameters = new ParameterSet({ seed: 1 });
const model = new nn.LanguageModel(parameters, { vocabulary: 11, width: 32, heads: 2, layers: 2, maxLength: 8 });
const policy = await LanguageModelPolicy.create({ model, parameters, maxTokens: 4, endToken: END });

const trainer = await PolicyTrainer.create({
  policy,
  prompts: ({ count, rng }) => Array.from({ length: count }, () => [rng.integer(0, 9), rng.integer(0, 9)]),
  // One third for each place that is right: first digit, second digit, end.
  reward: async ({ samples }) =>
    samples.map(({ prompt, tokens }) => [...prompt, END].filter((token, place) => tokens[place] === token).length / 3),
  algorithm: "dapo",
  truncated: "keep",
  promptsPerIteration: 16,
  samplesPerPrompt: 8,
  minibatches: 2,
  optimiser: optim.adam({ learningRate: 5e-3 }),
  stages: [{ name: "copy", iterations: 150 }],
  seed: 1,
});
const rewards = [];
await trainer.run({ onIteration: ({ rewardMean }) => rewards.push(rewardMean) });
process.stdout.write(`mean reward from ${rewards[0].toFixed(2)} to ${rewards.at(-1).toFixed(2)}\n`);
await trainer.release();
await policy.release();
