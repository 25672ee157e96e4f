import { initialWeights } from "./initial-weights.mjs";
import { BETA1, BETA2, DECAY, EPSILON, LEARNING_RATE, MASKED, NORM_LIMIT, VARIANCE_FLOOR } from "./training-recipe.mjs";

/**
 * A transformer and its AdamW step in TensorFlow.js as its documentation teaches it: variables, plain operations and
 * `tf.variableGrads` with the library's own gradients, on the wasm backend, float32, one thread.
 * @param {{ layers: number, width: number, heads: number, vocabulary: number, batch: number, length: number, seed: number }} config
 * @returns {Promise<{ name: string, step: (tokens: Int32Array, targets: Int32Array) => Promise<number>, dispose: () => void }>}
 *   `step` takes batch * length tokens and targets in [0, vocabulary) and returns the mean cross entropy before the update
 */
export async function createTrainer(config) {
  const { tf } = await import("./tfjs-with-gradients.mjs");
  const { layers, width, heads, vocabulary, batch, length } = config;
  const headWidth = width / heads;
  const start = initialWeights(config);
  const indexOf = new Map(start.map(({ name }, index) => [name, index]));
  const variablesOf = (fill, trainable) => start.map((weight) => tf.tidy(() => tf.variable(fill(weight), trainable)));
  const weights = variablesOf(({ shape, values }) => tf.tensor(values, shape), true);
  const firsts = variablesOf(({ shape }) => tf.zeros(shape), false);
  const seconds = variablesOf(({ shape }) => tf.zeros(shape), false);
  const mask = tf.tidy(() => tf.mul(tf.sub(1, tf.linalg.bandPart(tf.ones([length, length]), -1, 0)), MASKED));

  const take = (name) => weights[indexOf.get(name)];
  // Asked for float32, the kernel writes the bits of integers.
  const oneHot = (indices) => tf.cast(tf.oneHot(indices, vocabulary), "float32");
  // The library has no gradient of a product that broadcasts its matrix, so positions are rows of rank 2.
  const linear = (x, name) => tf.add(tf.matMul(x, take(`${name}.weight`)), take(`${name}.bias`));
  const normalize = (x, name) => {
    const { mean, variance } = tf.moments(x, -1, true);
    const normal = tf.mul(tf.sub(x, mean), tf.rsqrt(tf.add(variance, VARIANCE_FLOOR)));
    return tf.add(tf.mul(normal, take(`${name}.scale`)), take(`${name}.bias`));
  };
  const splitHeads = (x) => tf.transpose(tf.reshape(x, [batch, length, heads, headWidth]), [0, 2, 1, 3]);
  const attend = (x, layer) => {
    const [query, key, value] = ["query", "key", "value"].map((part) => splitHeads(linear(x, `${layer}.${part}`)));
    const scores = tf.mul(tf.matMul(query, key, false, true), 1 / Math.sqrt(headWidth));
    const mixed = tf.matMul(tf.softmax(tf.add(scores, mask)), value);
    return tf.reshape(tf.transpose(mixed, [0, 2, 1, 3]), [batch * length, width]);
  };
  const loss = (tokens, targets) => {
    // The gradient of `tf.gather` asks for a kernel, UnsortedSegmentSum, that the wasm backend does not have.
    const rows = tf.reshape(tf.matMul(oneHot(tokens), take("tokenEmbedding")), [batch, length, width]);
    let x = tf.reshape(tf.add(rows, take("positionEmbedding")), [batch * length, width]);
    for (let i = 0; i < layers; i++) {
      const layer = `layer${i}`;
      x = tf.add(x, linear(attend(normalize(x, `${layer}.attentionNorm`), layer), `${layer}.output`));
      const up = linear(normalize(x, `${layer}.mlpNorm`), `${layer}.up`);
      x = tf.add(x, linear(tf.mul(up, tf.sigmoid(up)), `${layer}.down`));
    }
    return tf.losses.softmaxCrossEntropy(oneHot(targets), tf.matMul(normalize(x, "finalNorm"), take("head")));
  };

  const update = (gradients, steps) => {
    const norm = tf.sqrt(tf.addN(gradients.map((gradient) => tf.sum(tf.square(gradient)))));
    const scale = tf.div(NORM_LIMIT, tf.maximum(norm, NORM_LIMIT));
    for (const [i, weight] of weights.entries()) {
      tf.tidy(() => {
        const gradient = tf.mul(gradients[i], scale);
        firsts[i].assign(tf.add(tf.mul(firsts[i], BETA1), tf.mul(gradient, 1 - BETA1)));
        seconds[i].assign(tf.add(tf.mul(seconds[i], BETA2), tf.mul(tf.square(gradient), 1 - BETA2)));
        const first = tf.div(firsts[i], 1 - BETA1 ** steps);
        const second = tf.div(seconds[i], 1 - BETA2 ** steps);
        const move = tf.mul(tf.div(first, tf.add(tf.sqrt(second), EPSILON)), LEARNING_RATE);
        weight.assign(tf.sub(tf.mul(weight, 1 - LEARNING_RATE * DECAY), move));
      });
    }
  };

  let steps = 0;
  return {
    name: "TensorFlow.js, its own gradients",
    async step(tokens, targets) {
      steps++;
      const mean = tf.tidy(() => {
        const [tokenIds, targetIds] = [tokens, targets].map((indices) => tf.tensor1d(indices, "int32"));
        const { value, grads } = tf.variableGrads(() => loss(tokenIds, targetIds), weights);
        update(
          weights.map(({ name }) => grads[name]),
          steps,
        );
        return value;
      });
      const [number] = await mean.data();
      mean.dispose();
      return number;
    },
    dispose() {
      tf.dispose([weights, firsts, seconds, mask]);
    },
  };
}
