import { InputError, StateError } from "@reverie/core";
import { sigmoid, softplus } from "../core/numbers.ts";

export interface DiscriminatorOptions {
  /** Ridge penalty on the weights of standardised features, above 0. @defaultValue 0.001 */
  readonly ridge?: number;
  /** Newton steps at most. @defaultValue 50 */
  readonly maxIterations?: number;
}

/** State of a discriminator as plain JSON. */
export interface DiscriminatorState {
  readonly version: 1;
  /** Mean and scale of each feature when it was fitted. */
  readonly centre: readonly number[];
  readonly scale: readonly number[];
  /** Weights of the standardised features, then the constant. */
  readonly weights: readonly number[];
}

const MOST_FEATURES = 256;
const LARGEST_FEATURE = 1e100;

/**
 * Logistic regression that tells states of the current policy from those of the base policy, so that its output estimates the log-ratio of
 * their occupancies: the discriminator of Correlated Proxies (2024, https://arxiv.org/abs/2403.03185), there a network, here linear in the
 * features, which is our choice. Both sides weigh the same whatever their sizes. The same samples give the same numbers.
 */
export class OccupancyDiscriminator {
  #state: DiscriminatorState | undefined;
  readonly #ridge: number;
  readonly #maxIterations: number;

  /** @throws InputError when an option is outside its range */
  constructor(options: DiscriminatorOptions = {}) {
    const { ridge = 1e-3, maxIterations = 50 } = options;
    if (!(ridge > 0 && ridge < Infinity)) throw new InputError("ridge", `expected a finite number above 0, got ${ridge}.`);
    if (!(Number.isInteger(maxIterations) && maxIterations >= 1 && maxIterations <= 10_000)) {
      throw new InputError("maxIterations", `expected an integer from 1 to 10000, got ${maxIterations}.`);
    }
    this.#ridge = ridge;
    this.#maxIterations = maxIterations;
  }

  /**
   * Fits anew to feature vectors of states that each policy visited. Minimises mean softplus(-d) over the policy's states plus mean
   * softplus(d) over the base's, with a ridge, by damped Newton steps; time grows with samples x features^2.
   *
   * @throws InputError when a side is empty, lengths differ or exceed 256, or a number is not within +-1e100
   */
  fit(policy: readonly (readonly number[])[], base: readonly (readonly number[])[]): void {
    const size = policy[0]?.length ?? 0;
    if (size > MOST_FEATURES) throw new InputError("policy[0]", `expected at most ${MOST_FEATURES} features, got ${size}.`);
    checkSamples("policy", policy, size);
    checkSamples("base", base, size);
    const { centre, scale } = standardisation(policy, base, size);
    const rows = (samples: readonly (readonly number[])[]): number[][] => samples.map((sample) => standardised(sample, centre, scale));
    const weights = fitLogistic(rows(policy), rows(base), size + 1, this.#ridge, this.#maxIterations);
    this.#state = { version: 1, centre, scale, weights };
  }

  /**
   * Estimate of log(occupancy of the policy / of the base) at a state.
   *
   * @throws StateError before `fit` or `restore`; InputError when the length differs or a number is not within +-1e100
   */
  logRatio(features: readonly number[]): number {
    const state = this.#fitted();
    checkSamples("features", [features], state.centre.length);
    return dot(state.weights, standardised(features, state.centre, state.scale));
  }

  /** The state as plain JSON. @throws StateError before `fit` or `restore` */
  save(): DiscriminatorState {
    const { version, centre, scale, weights } = this.#fitted();
    return { version, centre: [...centre], scale: [...scale], weights: [...weights] };
  }

  /**
   * Continues from what `save` returned.
   *
   * @throws InputError when it is no such state
   */
  restore(state: DiscriminatorState): void {
    const { version, centre, scale, weights } = state;
    if (version !== 1) throw new InputError("version", `expected 1, got ${String(version)}.`);
    for (const [name, list] of Object.entries({ centre, scale, weights })) {
      if (!Array.isArray(list) || list.length > MOST_FEATURES + 1 || !list.every((value) => Number.isFinite(value))) {
        throw new InputError(name, `expected a list of at most ${MOST_FEATURES} finite numbers.`);
      }
    }
    if (centre.length > MOST_FEATURES || scale.length !== centre.length || weights.length !== centre.length + 1) {
      throw new InputError("weights", "expected one centre and one scale for each feature, and one weight more than features.");
    }
    if (scale.some((value) => value <= 0)) throw new InputError("scale", "expected numbers above 0.");
    this.#state = { version: 1, centre: [...centre], scale: [...scale], weights: [...weights] };
  }

  #fitted(): DiscriminatorState {
    if (this.#state === undefined) throw new StateError("The discriminator knows no states yet; call fit or restore first.");
    return this.#state;
  }
}

function checkSamples(path: string, samples: readonly (readonly number[])[], size: number): void {
  if (samples.length === 0) throw new InputError(path, "expected at least one state, got none.");
  samples.forEach((sample, i) => {
    if (sample.length !== size) throw new InputError(`${path}[${i}]`, `expected ${size} features, got ${sample.length}.`);
    sample.forEach((value, j) => {
      if (!(Math.abs(value) <= LARGEST_FEATURE)) {
        throw new InputError(`${path}[${i}][${j}]`, `expected a number within +-${LARGEST_FEATURE}, got ${value}.`);
      }
    });
  });
}

function standardisation(
  policy: readonly (readonly number[])[],
  base: readonly (readonly number[])[],
  size: number,
): { centre: number[]; scale: number[] } {
  const all = [...policy, ...base];
  const centre = Array.from({ length: size }, (_, j) => all.reduce((sum, sample) => sum + sample[j]! / all.length, 0));
  const scale = centre.map((mean, j) => {
    const squares = all.reduce((sum, sample) => sum + (sample[j]! - mean) * ((sample[j]! - mean) / all.length), 0);
    // A feature that hardly varies beside its size is a constant, and rounding noise must not be blown up.
    return Math.sqrt(squares) > 1e-12 * Math.abs(mean) ? Math.sqrt(squares) : Math.max(1, Math.abs(mean));
  });
  return { centre, scale };
}

const standardised = (features: readonly number[], centre: readonly number[], scale: readonly number[]): number[] => [
  ...features.map((value, j) => (value - centre[j]!) / scale[j]!),
  1,
];

function dot(a: readonly number[], b: readonly number[]): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

/** Minimises the mean logistic loss of each side plus ridge / 2 |w|^2; the last weight is the constant, which is not penalised. */
function fitLogistic(
  positives: readonly (readonly number[])[],
  negatives: readonly (readonly number[])[],
  size: number,
  ridge: number,
  maxIterations: number,
): number[] {
  const sides = [
    { rows: positives, sign: 1 },
    { rows: negatives, sign: -1 },
  ];
  const lossOf = (weights: readonly number[]): number => {
    let loss = 0;
    for (const { rows, sign } of sides) for (const row of rows) loss += softplus(-sign * dot(weights, row)) / rows.length;
    for (let j = 0; j + 1 < size; j++) loss += (ridge / 2) * weights[j]! * weights[j]!;
    return loss;
  };
  let weights = Array.from({ length: size }, () => 0);
  let loss = lossOf(weights);
  for (let iteration = 0; iteration < maxIterations; iteration++) {
    const gradient = weights.map((weight, j) => (j + 1 < size ? ridge * weight : 0));
    // The tiny share on the constant's diagonal keeps the matrix definite when both sides are told apart without doubt.
    const curvature = weights.map((_, j) => weights.map((__, k) => (j !== k ? 0 : j + 1 < size ? ridge : 1e-9)));
    for (const { rows, sign } of sides) {
      for (const row of rows) {
        const probability = sigmoid(sign * dot(weights, row));
        const slope = (-sign * (1 - probability)) / rows.length;
        const bend = (probability * (1 - probability)) / rows.length;
        for (let j = 0; j < size; j++) {
          gradient[j]! += slope * row[j]!;
          for (let k = 0; k <= j; k++) curvature[j]![k]! += bend * row[j]! * row[k]!;
        }
      }
    }
    if (gradient.every((value) => Math.abs(value) < 1e-10)) break;
    const step = solveDefinite(curvature, gradient);
    let [share, next, nextLoss] = [1, weights, loss];
    while (share > 1e-6) {
      next = weights.map((weight, j) => weight - share * step[j]!);
      nextLoss = lossOf(next);
      if (nextLoss < loss) break;
      share /= 2;
    }
    if (!(nextLoss < loss)) break;
    [weights, loss] = [next, nextLoss];
  }
  return weights;
}

/** Solves A x = b for a symmetric positive definite A, whose lower triangle is given (Cholesky). */
function solveDefinite(matrix: readonly (readonly number[])[], right: readonly number[]): number[] {
  const lower = matrix.map((row) => [...row]);
  const size = right.length;
  for (let j = 0; j < size; j++) {
    for (let i = j; i < size; i++) {
      let sum = lower[i]![j]!;
      for (let k = 0; k < j; k++) sum -= lower[i]![k]! * lower[j]![k]!;
      lower[i]![j] = i === j ? Math.sqrt(Math.max(sum, 1e-300)) : sum / lower[j]![j]!;
    }
  }
  const x = [...right];
  for (let i = 0; i < size; i++) {
    for (let k = 0; k < i; k++) x[i]! -= lower[i]![k]! * x[k]!;
    x[i]! /= lower[i]![i]!;
  }
  for (let i = size - 1; i >= 0; i--) {
    for (let k = i + 1; k < size; k++) x[i]! -= lower[k]![i]! * x[k]!;
    x[i]! /= lower[i]![i]!;
  }
  return x;
}
