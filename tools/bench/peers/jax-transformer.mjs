import { importWithWorkers } from "./browser-worker.mjs";
import { initialWeights } from "./initial-weights.mjs";
import { BETA1, BETA2, DECAY, EPSILON, LEARNING_RATE, MASKED, NORM_LIMIT, VARIANCE_FLOOR } from "./training-recipe.mjs";

const loadLibrary = () => import("@jax-js/jax");

/**
 * A transformer and its AdamW step in jax-js, the whole step compiled by `jit` for the wasm backend, float32. The first call compiles.
 * In Node the library keeps to one thread of its own accord; `threads` above 1 lends it workers. The first trainer of a process
 * fixes that choice.
 * @param {{ layers: number, width: number, heads: number, vocabulary: number, batch: number, length: number, seed: number, threads?: number }} config
 * @returns {Promise<{ name: string, step: (tokens: Int32Array, targets: Int32Array) => Promise<number>, dispose: () => void }>}
 *   `step` takes batch * length tokens and targets in [0, vocabulary) and returns the mean cross entropy before the update
 */
export async function createTrainer(config) {
  const { layers, width, heads, vocabulary, batch, length, threads = 1 } = config;
  const {
    blockUntilReady,
    numpy: np,
    nn,
    jit,
    valueAndGrad,
  } = await (threads > 1 ? importWithWorkers(threads, loadLibrary) : loadLibrary());
  const headWidth = width / heads;
  const positions = batch * length;
  const start = initialWeights(config);
  const indexOf = new Map(start.map(({ name }, index) => [name, index]));

  // Every function here consumes its arrays, as the library asks; `.ref` keeps one for a further use.
  const loss = (weights, tokens, targets) => {
    const take = (name) => weights[indexOf.get(name)];
    const linear = (x, name) => np.matmul(x, take(`${name}.weight`)).add(take(`${name}.bias`));
    const normalize = (x, name) => {
      const centered = x.ref.sub(np.mean(x, -1, { keepdims: true }));
      const variance = np.mean(centered.ref.mul(centered.ref), -1, { keepdims: true });
      return centered
        .div(np.sqrt(variance.add(VARIANCE_FLOOR)))
        .mul(take(`${name}.scale`))
        .add(take(`${name}.bias`));
    };
    const splitHeads = (x) => np.transpose(x.reshape([batch, length, heads, headWidth]), [0, 2, 1, 3]);
    const attention = (x, layer) => {
      const query = splitHeads(linear(x.ref, `${layer}.query`));
      const key = splitHeads(linear(x.ref, `${layer}.key`));
      const value = splitHeads(linear(x, `${layer}.value`));
      const scores = np.matmul(query, np.transpose(key, [0, 1, 3, 2])).mul(1 / Math.sqrt(headWidth));
      const earlier = np.arange(length).reshape([length, 1]).greaterEqual(np.arange(length));
      const mixed = np.matmul(nn.softmax(np.where(earlier, scores, MASKED), -1), value);
      return linear(np.transpose(mixed, [0, 2, 1, 3]).reshape([positions, width]), `${layer}.output`);
    };
    const oneHot = (indices) => indices.reshape([positions, 1]).equal(np.arange(vocabulary)).astype(np.float32);

    let x = np.take(take("tokenEmbedding"), tokens.reshape([batch, length]), 0);
    x = x.add(take("positionEmbedding")).reshape([positions, width]);
    for (let i = 0; i < layers; i++) {
      const layer = `layer${i}`;
      x = x.ref.add(attention(normalize(x, `${layer}.attentionNorm`), layer));
      const hidden = nn.silu(linear(normalize(x.ref, `${layer}.mlpNorm`), `${layer}.up`));
      x = x.add(linear(hidden, `${layer}.down`));
    }
    const logits = np.matmul(normalize(x, "finalNorm"), take("head"));
    const chosen = np.sum(logits.ref.mul(oneHot(targets)));
    return np.sum(nn.logsumexp(logits, -1)).sub(chosen).div(positions);
  };

  const step = jit((weights, first, second, tokens, targets, correction1, correction2) => {
    const [value, gradients] = valueAndGrad(loss)(
      weights.map((weight) => weight.ref),
      tokens,
      targets,
    );
    const norm = np.sqrt(gradients.map((gradient) => np.sum(gradient.ref.mul(gradient.ref))).reduce((sum, square) => sum.add(square)));
    const scale = np.reciprocal(np.maximum(norm, NORM_LIMIT)).mul(NORM_LIMIT);
    const next = { weights: [], first: [], second: [], loss: value };
    weights.forEach((weight, i) => {
      const gradient = gradients[i].mul(scale.ref);
      const m = first[i].mul(BETA1).add(gradient.ref.mul(1 - BETA1));
      const v = second[i].mul(BETA2).add(gradient.ref.mul(gradient).mul(1 - BETA2));
      const update = m.ref.mul(correction1.ref).div(np.sqrt(v.ref.mul(correction2.ref)).add(EPSILON));
      next.first.push(m);
      next.second.push(v);
      next.weights.push(weight.ref.mul(1 - LEARNING_RATE * DECAY).sub(update.mul(LEARNING_RATE)));
      weight.dispose();
    });
    for (const used of [scale, correction1, correction2]) used.dispose();
    return next;
  });

  const zeros = () => start.map(({ shape }) => np.zeros(shape));
  let state = { weights: start.map(({ shape, values }) => np.array(values).reshape(shape)), first: zeros(), second: zeros() };
  let steps = 0;
  return {
    name: threads > 1 ? `jax-js, ${threads} threads` : "jax-js",
    async step(tokens, targets) {
      steps++;
      const correction = (beta) => np.array(1 / (1 - beta ** steps));
      const { loss: value, ...next } = step(
        state.weights,
        state.first,
        state.second,
        np.array(tokens),
        np.array(targets),
        correction(BETA1),
        correction(BETA2),
      );
      state = next;
      const [number] = await value.data();
      // With workers the loss is there before the update is.
      await blockUntilReady(state);
      return number;
    },
    dispose() {
      for (const list of Object.values(state)) for (const array of list) array.dispose();
      step.dispose();
    },
  };
}
