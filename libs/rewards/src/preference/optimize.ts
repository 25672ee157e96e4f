/** A smooth convex function of a vector: fills `gradient` with its derivative at `at`. */
export type GradientOf = (at: Float64Array, gradient: Float64Array) => void;

export interface DescentOptions {
  /** Bound on how fast the gradient changes (the largest curvature); positive. */
  readonly curvature: number;
  /** Moves a vector to the nearest allowed one, in place. */
  readonly project: (at: Float64Array) => void;
  readonly iterations: number;
  /** Ends when no coordinate moves further than this in a step. */
  readonly tolerance: number;
}

/**
 * Minimises a smooth convex function under a projection by accelerated gradient steps that restart when momentum
 * points uphill (Beck & Teboulle 2009; O'Donoghue & Candes 2015). No randomness: the same input gives the same bits.
 */
export function minimizeConvex(gradientOf: GradientOf, start: Float64Array, options: DescentOptions): Float64Array {
  const { curvature, project, iterations, tolerance } = options;
  const size = start.length;
  let current = Float64Array.from(start);
  project(current);
  const ahead = Float64Array.from(current);
  let momentum = 1;
  const gradient = new Float64Array(size);
  for (let iteration = 0; iteration < iterations; iteration++) {
    gradientOf(ahead, gradient);
    const next = new Float64Array(size);
    for (let i = 0; i < size; i++) next[i] = ahead[i]! - gradient[i]! / curvature;
    project(next);
    let uphill = 0;
    let furthest = 0;
    for (let i = 0; i < size; i++) {
      uphill += (ahead[i]! - next[i]!) * (next[i]! - current[i]!);
      furthest = Math.max(furthest, Math.abs(next[i]! - current[i]!));
    }
    const grown = uphill > 0 ? 1 : (1 + Math.sqrt(1 + 4 * momentum * momentum)) / 2;
    const carry = uphill > 0 ? 0 : (momentum - 1) / grown;
    for (let i = 0; i < size; i++) ahead[i] = next[i]! + carry * (next[i]! - current[i]!);
    momentum = grown;
    current = next;
    if (furthest < tolerance) break;
  }
  return current;
}
