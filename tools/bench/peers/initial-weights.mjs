import { Rng } from "@reverie/core";

const DEVIATION = 0.02;

/**
 * The starting weights that every peer is given, in a fixed order. Matrices are [inputs, outputs]: normal with deviation 0.02.
 * LayerNorm scales are 1, every bias is 0.
 * @param {{ layers: number, width: number, vocabulary: number, length: number, seed: number }} config
 * @returns {{ name: string, shape: number[], values: Float32Array }[]}
 */
export function initialWeights({ layers, width, vocabulary, length, seed }) {
  const random = new Rng(seed);
  const weights = [];
  const normal = (name, shape) => {
    const source = random.split(name);
    const size = shape.reduce((product, extent) => product * extent, 1);
    weights.push({ name, shape, values: Float32Array.from({ length: size }, () => DEVIATION * source.normal()) });
  };
  const constant = (name, value, size) => weights.push({ name, shape: [size], values: new Float32Array(size).fill(value) });
  const normalization = (name) => {
    constant(`${name}.scale`, 1, width);
    constant(`${name}.bias`, 0, width);
  };
  const linear = (name, inputs, outputs) => {
    normal(`${name}.weight`, [inputs, outputs]);
    constant(`${name}.bias`, 0, outputs);
  };

  normal("tokenEmbedding", [vocabulary, width]);
  normal("positionEmbedding", [length, width]);
  for (let layer = 0; layer < layers; layer++) {
    normalization(`layer${layer}.attentionNorm`);
    for (const part of ["query", "key", "value", "output"]) linear(`layer${layer}.${part}`, width, width);
    normalization(`layer${layer}.mlpNorm`);
    linear(`layer${layer}.up`, width, 4 * width);
    linear(`layer${layer}.down`, 4 * width, width);
  }
  normalization("finalNorm");
  normal("head", [width, vocabulary]);
  return weights;
}
