import * as tf from "@tensorflow/tfjs-core";
import { initialWeights } from "./initial-weights.mjs";
import { createTransformerOps } from "./tfjs-ops.mjs";
import { BETA1, BETA2, DECAY, EPSILON, LEARNING_RATE, NORM_LIMIT } from "./training-recipe.mjs";

function update(state, gradients, steps) {
  const norm = tf.sqrt(tf.addN(gradients.map((gradient) => tf.sum(tf.square(gradient)))));
  const scale = tf.div(NORM_LIMIT, tf.maximum(norm, NORM_LIMIT));
  const next = { weights: [], first: [], second: [] };
  gradients.forEach((unclipped, i) => {
    const [weight, m, v] = tf.tidy(() => {
      const gradient = tf.mul(unclipped, scale);
      const first = tf.add(tf.mul(state.first[i], BETA1), tf.mul(gradient, 1 - BETA1));
      const second = tf.add(tf.mul(state.second[i], BETA2), tf.mul(tf.square(gradient), 1 - BETA2));
      const root = tf.add(tf.mul(tf.sqrt(second), 1 / Math.sqrt(1 - BETA2 ** steps)), EPSILON);
      const move = tf.mul(tf.div(first, root), LEARNING_RATE / (1 - BETA1 ** steps));
      return [tf.sub(tf.mul(state.weights[i], 1 - LEARNING_RATE * DECAY), move), first, second];
    });
    next.weights.push(weight);
    next.first.push(m);
    next.second.push(v);
  });
  return next;
}

/**
 * A transformer and its AdamW step in TensorFlow.js on the wasm backend, float32. In Node the library takes its build with vector
 * instructions and refuses the one with threads, so a step runs on one thread.
 * @param {{ layers: number, width: number, heads: number, vocabulary: number, batch: number, length: number, seed: number }} config
 * @returns {Promise<{ name: string, step: (tokens: Int32Array, targets: Int32Array) => Promise<number>, dispose: () => void }>}
 *   `step` takes batch * length tokens and targets in [0, vocabulary) and returns the mean cross entropy before the update
 */
export async function createTrainer(config) {
  await import("@tensorflow/tfjs-backend-wasm");
  if (!(await tf.setBackend("wasm"))) throw new Error("the wasm backend of TensorFlow.js did not start.");
  await tf.ready();
  const { layers, width, heads, vocabulary, batch, length } = config;
  const start = initialWeights(config);
  const indexOf = new Map(start.map(({ name }, index) => [name, index]));
  const { embed, residual, linear, normalize, silu, attend, crossEntropy, dispose } = createTransformerOps({
    batch,
    length,
    heads,
    headWidth: width / heads,
    vocabulary,
  });

  const loss = (weights, tokens, targets) => {
    const take = (name) => weights[indexOf.get(name)];
    const apply = (x, name) => linear(x, take(`${name}.weight`), take(`${name}.bias`));
    const norm = (x, name) => normalize(x, take(`${name}.scale`), take(`${name}.bias`));
    let x = embed(take("tokenEmbedding"), take("positionEmbedding"), tokens);
    for (let i = 0; i < layers; i++) {
      const layer = `layer${i}`;
      const normal = norm(x, `${layer}.attentionNorm`);
      const [query, key, value] = ["query", "key", "value"].map((part) => apply(normal, `${layer}.${part}`));
      x = residual(x, apply(attend(query, key, value), `${layer}.output`));
      x = residual(x, apply(silu(apply(norm(x, `${layer}.mlpNorm`), `${layer}.up`)), `${layer}.down`));
    }
    return crossEntropy(linear(norm(x, "finalNorm"), take("head")), targets);
  };

  let state = tf.tidy(() => ({
    weights: start.map(({ shape, values }) => tf.tensor(values, shape)),
    first: start.map(({ shape }) => tf.zeros(shape)),
    second: start.map(({ shape }) => tf.zeros(shape)),
  }));
  let steps = 0;
  return {
    name: "TensorFlow.js",
    async step(tokens, targets) {
      steps++;
      const { value, next } = tf.tidy(() => {
        const [tokenIds, targetIds] = [tokens, targets].map((indices) => tf.tensor1d(indices, "int32"));
        const result = tf.valueAndGrads((...weights) => loss(weights, tokenIds, targetIds))(state.weights);
        return { value: result.value, next: update(state, result.grads, steps) };
      });
      tf.dispose(state);
      state = next;
      const [number] = await value.data();
      value.dispose();
      return number;
    },
    dispose() {
      tf.dispose(state);
      dispose();
    },
  };
}
