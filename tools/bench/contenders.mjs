// What the training and decoding measurements run, by name. Each is made in a process of its own (see contender-process.mjs).

import { hostTensor, Graph, nn, ops, optim, ParameterSet } from "@reverie/tensor";
import { Generator, Session, Trainer } from "@reverie/tensor/node";
import { initialWeights } from "./peers/initial-weights.mjs";
import { createRandomBatch } from "./peers/random-batch.mjs";
import { BETA1, BETA2, DECAY, EPSILON, LEARNING_RATE, NORM_LIMIT } from "./peers/training-recipe.mjs";

/** The model of all contenders: 5.0 million parameters. */
export const MODEL = { layers: 6, width: 256, heads: 8, vocabulary: 512, batch: 16, length: 128, seed: 1 };
/** Edge of the matrices of ONNX Runtime's own product. */
export const MATRIX_EDGE = 2048;
/** Tokens that each sequence is continued by, after a prompt of PROMPT tokens. */
export const NEW_TOKENS = 96;
const PROMPT = 32;

function createModel() {
  const parameters = new ParameterSet({ seed: MODEL.seed });
  const { width, heads, layers, vocabulary, length } = MODEL;
  return { parameters, model: new nn.LanguageModel(parameters, { width, heads, layers, vocabulary, maxLength: length }) };
}

/** The peers' starting weights, under our names: query, key and value are one matrix here. */
function startingWeights(parameters) {
  const start = new Map(initialWeights(MODEL).map(({ name, values }) => [name, values]));
  const joined = (layer, kind, rows) => {
    const parts = ["query", "key", "value"].map((part) => start.get(`layer${layer}.${part}.${kind}`));
    const all = new Float32Array(parts[0].length * 3);
    for (let row = 0; row < rows; row++)
      parts.forEach((part, i) => all.set(part.subarray(row * MODEL.width, (row + 1) * MODEL.width), (row * 3 + i) * MODEL.width));
    return all;
  };
  const sources = {
    "tokens.weight": start.get("tokenEmbedding"),
    positions: start.get("positionEmbedding"),
    "head.weight": start.get("head"),
  };
  for (const kind of ["scale", "bias"]) sources[`transformer.norm.${kind}`] = start.get(`finalNorm.${kind}`);
  for (let layer = 0; layer < MODEL.layers; layer++) {
    const block = `transformer.blocks.${layer}`;
    for (const kind of ["scale", "bias"]) {
      sources[`${block}.attentionNorm.${kind}`] = start.get(`layer${layer}.attentionNorm.${kind}`);
      sources[`${block}.networkNorm.${kind}`] = start.get(`layer${layer}.mlpNorm.${kind}`);
    }
    for (const kind of ["weight", "bias"]) {
      sources[`${block}.attention.queryKeyValue.${kind}`] = joined(layer, kind, kind === "weight" ? MODEL.width : 1);
      sources[`${block}.attention.output.${kind}`] = start.get(`layer${layer}.output.${kind}`);
      for (const part of ["up", "down"]) sources[`${block}.${part}.${kind}`] = start.get(`layer${layer}.${part}.${kind}`);
    }
  }
  parameters.load(new Map([...parameters].map(({ name, shape }) => [name, { dtype: "float32", shape, data: sources[name] }])));
}

async function createOurTrainer({ threads, spin = false, microBatches = 1 }) {
  const { parameters, model } = createModel();
  startingWeights(parameters);
  const spec = { dtype: "int32", shape: ["batch", "length"] };
  const trainer = await Trainer.create({
    parameters,
    inputs: { tokens: spec, targets: spec },
    loss: ({ tokens, targets }) => ops.crossEntropy(model.apply(tokens), targets),
    optimiser: optim.adamW({ learningRate: LEARNING_RATE, beta1: BETA1, beta2: BETA2, epsilon: EPSILON, weightDecay: DECAY }),
    clipNorm: NORM_LIMIT,
    microBatches,
    session: { threads, spin },
  });
  const shape = [MODEL.batch, MODEL.length];
  return {
    flops: trainer.flops({ batch: MODEL.batch, length: MODEL.length }),
    step: async (tokens, targets) => (await trainer.step({ tokens: hostTensor(tokens, shape), targets: hostTensor(targets, shape) })).loss,
  };
}

/** Trains on one fixed batch, so that the first losses of all contenders can be compared. */
function training(create) {
  return async (options) => {
    const trainer = await create({ ...MODEL, ...options });
    const { tokens, targets } = createRandomBatch(MODEL, MODEL.seed);
    return { facts: { flops: trainer.flops }, step: () => trainer.step(tokens, targets) };
  };
}

/** ONNX Runtime's own rate for one large matrix product. */
async function createProduct({ threads, spin = false }) {
  const graph = new Graph();
  const shape = [MATRIX_EDGE, MATRIX_EDGE];
  const session = await Session.create(
    graph.toModel({ c: ops.matMul(graph.input("a", "float32", shape), graph.input("b", "float32", shape)) }),
    { threads, spin },
  );
  const numbers = () =>
    hostTensor(
      Float32Array.from({ length: MATRIX_EDGE ** 2 }, (_, i) => Math.sin(i)),
      shape,
    );
  const [feeds, into] = [{ a: numbers(), b: numbers() }, { c: numbers() }];
  return {
    facts: { flops: 2 * MATRIX_EDGE ** 3 },
    step: async () => {
      await session.run(feeds, into);
    },
  };
}

async function createDecoder({ threads }) {
  const { model } = createModel();
  const generator = await Generator.create({ model, session: { threads } });
  const { tokens } = createRandomBatch({ ...MODEL, length: PROMPT }, MODEL.seed);
  const prompts = Array.from({ length: MODEL.batch }, (_, row) => tokens.subarray(row * PROMPT, (row + 1) * PROMPT));
  return {
    facts: {},
    step: async () => {
      await generator.generate({ prompts, maxTokens: NEW_TOKENS, sampling: { temperature: 1 }, seed: 1 });
    },
  };
}

/** Peers are imported only where they run: each installs things into its process. */
const peer = (file) =>
  training(async (config) => {
    const { createTrainer } = await import(`./peers/${file}.mjs`);
    return createTrainer(config);
  });

export const CONTENDERS = {
  ours: training(createOurTrainer),
  product: createProduct,
  decoder: createDecoder,
  "jax-js": peer("jax-transformer"),
  tfjs: peer("tfjs-plain-transformer"),
  "tfjs, gradients tuned by hand": peer("tfjs-transformer"),
};
