import * as tf from "@tensorflow/tfjs-core";
import { MASKED, VARIANCE_FLOOR } from "./training-recipe.mjs";

const mean = (x) => tf.mean(x, -1, true);

const columnSums = (x) => tf.reshape(tf.matMul(tf.ones([1, x.shape[0]]), x), [x.shape[1]]);

const swapLast = (x) => tf.transpose(x, [0, 2, 1]);

// `tf.unstack` copies the whole tensor once for every part.
const unstack = (x) => {
  const values = x.dataSync();
  const [count, rows, columns] = x.shape;
  const size = rows * columns;
  return Array.from({ length: count }, (_, i) => tf.tensor2d(values.subarray(i * size, (i + 1) * size), [rows, columns]));
};

const multiplyBlocks = (left, right) =>
  tf.tidy(() => {
    const [lefts, rights] = [unstack(left), unstack(right)];
    return tf.stack(lefts.map((matrix, i) => tf.matMul(matrix, rights[i])));
  });

// Each gradient is a tensor of its own, since the library disposes of one when it adds it to another.
const residual = (left, right) =>
  tf.customGrad((a, b, save) => {
    save([]);
    return { value: tf.add(a, b), gradFunc: (dy) => [tf.clone(dy), tf.clone(dy)] };
  })(left, right);

const linearGradients = (dy, x, weight) => [tf.matMul(dy, tf.transpose(weight)), tf.matMul(tf.transpose(x), dy)];

const linear = (input, matrix, offset) =>
  offset === undefined
    ? tf.customGrad((x, weight, save) => {
        save([x, weight]);
        return { value: tf.matMul(x, weight), gradFunc: (dy, [a, b]) => tf.tidy(() => linearGradients(dy, a, b)) };
      })(input, matrix)
    : tf.customGrad((x, weight, bias, save) => {
        save([x, weight]);
        return {
          value: tf.fused.matMul({ a: x, b: weight, bias }),
          gradFunc: (dy, [a, b]) => tf.tidy(() => [...linearGradients(dy, a, b), columnSums(dy)]),
        };
      })(input, matrix, offset);

const normalize = (input, factor, offset) =>
  tf.customGrad((x, scale, bias, save) => {
    const centered = tf.sub(x, mean(x));
    const inverse = tf.rsqrt(tf.add(mean(tf.square(centered)), VARIANCE_FLOOR));
    const normal = tf.mul(centered, inverse);
    save([normal, inverse, scale]);
    const gradFunc = (dy, [unit, inverseDeviation, gain]) =>
      tf.tidy(() => {
        const weighted = tf.mul(dy, unit);
        const inner = tf.mul(dy, gain);
        const projected = tf.mul(unit, mean(tf.mul(inner, unit)));
        const dx = tf.mul(tf.sub(tf.sub(inner, mean(inner)), projected), inverseDeviation);
        return [dx, columnSums(weighted), columnSums(dy)];
      });
    return { value: tf.add(tf.mul(normal, scale), bias), gradFunc };
  })(input, factor, offset);

const silu = (input) =>
  tf.customGrad((x, save) => {
    const gate = tf.sigmoid(x);
    const value = tf.mul(x, gate);
    save([gate, value]);
    return { value, gradFunc: (dy, [sigmoid, y]) => tf.tidy(() => tf.mul(dy, tf.add(sigmoid, tf.mul(y, tf.sub(1, sigmoid))))) };
  })(input);

/**
 * The transformer's operations for tensors of [positions, features], with gradients of their own: in Node the library's core registers
 * none. The wasm backend multiplies matrices fast (XNNPACK) only where both have rank 2 and the call transposes neither.
 * @param {{ batch: number, length: number, heads: number, headWidth: number, vocabulary: number }} sizes
 */
export function createTransformerOps({ batch, length, heads, headWidth, vocabulary }) {
  const positions = batch * length;
  const blocks = batch * heads;
  const mask = tf.tidy(() => tf.mul(tf.sub(1, tf.linalg.bandPart(tf.ones([1, length, length]), -1, 0)), MASKED));

  const embed = (table, places, indices) =>
    tf.customGrad((weights, offsets, save) => {
      save([]);
      const rows = tf.reshape(tf.gather(weights, indices), [batch, ...offsets.shape]);
      const gradFunc = (dy) =>
        tf.tidy(() => [
          tf.scatterND(tf.reshape(indices, [positions, 1]), dy, weights.shape),
          tf.reshape(columnSums(tf.reshape(dy, [batch, offsets.size])), offsets.shape),
        ]);
      return { value: tf.reshape(tf.add(rows, offsets), [positions, weights.shape[1]]), gradFunc };
    })(table, places);

  const splitHeads = (x) =>
    tf.reshape(tf.transpose(tf.reshape(x, [batch, length, heads, headWidth]), [0, 2, 1, 3]), [blocks, length, headWidth]);
  const joinHeads = (x) =>
    tf.reshape(tf.transpose(tf.reshape(x, [batch, heads, length, headWidth]), [0, 2, 1, 3]), [positions, heads * headWidth]);
  const attend = (queries, keys, values) =>
    tf.customGrad((q, k, v, save) => {
      const query = tf.mul(splitHeads(q), 1 / Math.sqrt(headWidth));
      const [key, value] = [splitHeads(k), splitHeads(v)];
      const weights = tf.softmax(tf.add(multiplyBlocks(query, swapLast(key)), mask));
      save([query, key, value, weights]);
      const gradFunc = (dy, [scaledQuery, blockKey, blockValue, probabilities]) =>
        tf.tidy(() => {
          const dOutput = splitHeads(dy);
          const dWeights = multiplyBlocks(dOutput, swapLast(blockValue));
          const product = tf.mul(dWeights, probabilities);
          const dScores = tf.sub(product, tf.mul(probabilities, tf.sum(product, -1, true)));
          const dQuery = tf.mul(multiplyBlocks(dScores, blockKey), 1 / Math.sqrt(headWidth));
          const dKey = multiplyBlocks(swapLast(dScores), scaledQuery);
          const dValue = multiplyBlocks(swapLast(probabilities), dOutput);
          return [dQuery, dKey, dValue].map(joinHeads);
        });
      return { value: joinHeads(multiplyBlocks(weights, value)), gradFunc };
    })(queries, keys, values);

  const crossEntropy = (scores, targets) =>
    tf.customGrad((logits, save) => {
      const shifted = tf.sub(logits, tf.max(logits, -1, true));
      // Asked for float32, the kernel writes the bits of integers.
      const chosen = tf.cast(tf.oneHot(targets, vocabulary), "float32");
      const powers = tf.exp(shifted);
      const total = tf.sum(powers, -1, true);
      save([tf.div(tf.sub(tf.div(powers, total), chosen), positions)]);
      const losses = tf.sub(tf.log(total), tf.sum(tf.mul(shifted, chosen), -1, true));
      return { value: tf.mean(losses), gradFunc: (dy, [difference]) => tf.tidy(() => tf.mul(difference, dy)) };
    })(scores);

  return { embed, residual, linear, normalize, silu, attend, crossEntropy, dispose: () => mask.dispose() };
}
