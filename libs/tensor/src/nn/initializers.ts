import type { Initializer } from "../graph/parameters.ts";

/** Every value the same. */
export const constant =
  (value: number): Initializer =>
  (values) => {
    values.fill(value);
  };

export const zeros: Initializer = constant(0);
export const ones: Initializer = constant(1);

/** Normal around 0. */
export const normal =
  (standardDeviation: number): Initializer =>
  (values, _shape, rng) => {
    for (let i = 0; i < values.length; i++) values[i] = rng.normal(0, standardDeviation);
  };

/** Uniform in [-limit, limit). */
export const uniform =
  (limit: number): Initializer =>
  (values, _shape, rng) => {
    for (let i = 0; i < values.length; i++) values[i] = rng.uniform(-limit, limit);
  };

/**
 * Numbers of values that go into one output and that one input goes into: [in, out] for matrices, [out, in, height, width] for
 * kernels of convolutions.
 */
function fans(shape: readonly number[]): { fanIn: number; fanOut: number } {
  if (shape.length === 4) {
    const area = shape[2]! * shape[3]!;
    return { fanIn: shape[1]! * area, fanOut: shape[0]! * area };
  }
  return { fanIn: shape[0] ?? 1, fanOut: shape[1] ?? 1 };
}

/** Uniform with the variance 2 / (fanIn + fanOut) (Glorot & Bengio 2010, https://proceedings.mlr.press/v9/glorot10a.html, equation 16). */
export const glorotUniform: Initializer = (values, shape, rng) => {
  const { fanIn, fanOut } = fans(shape);
  uniform(Math.sqrt(6 / (fanIn + fanOut)))(values, shape, rng);
};

/** Normal with the variance 2 / fanIn, for layers before a rectifier (He et al. 2015, https://arxiv.org/abs/1502.01852, equation 10). */
export const heNormal: Initializer = (values, shape, rng) => {
  normal(Math.sqrt(2 / fans(shape).fanIn))(values, shape, rng);
};

/** Normal with the variance 1 / fanIn (LeCun et al. 1998, Efficient BackProp, section 4.6). */
export const lecunNormal: Initializer = (values, shape, rng) => {
  normal(Math.sqrt(1 / fans(shape).fanIn))(values, shape, rng);
};
