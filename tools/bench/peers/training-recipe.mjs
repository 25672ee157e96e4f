// What every peer trains with: AdamW (Loshchilov & Hutter 2019, https://arxiv.org/abs/1711.05101), its decay on all weights,
// after the gradient's norm over all weights is clipped.
export const BETA1 = 0.9;
export const BETA2 = 0.999;
export const EPSILON = 1e-8;
export const DECAY = 0.01;
export const LEARNING_RATE = 3e-4;
export const NORM_LIMIT = 1;

/** Added to the variance in every LayerNorm. */
export const VARIANCE_FLOOR = 1e-5;

/** The score of a later position before softmax: its weight comes out as exactly 0. */
export const MASKED = -1e9;
