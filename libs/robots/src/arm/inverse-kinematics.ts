import { rotationVectorBetween, type Pose } from "@reverie/core";
import { ARM_HOME, ARM_JOINT_COUNT, ARM_LINKS } from "./arm-model.ts";
import { ArmKinematics } from "./kinematics.ts";

export interface InverseKinematicsOptions {
  /** Posture that spare freedom is spent on, radians. @defaultValue ARM_HOME */
  readonly posture?: readonly number[];
  /** @defaultValue 60 */
  readonly maxIterations?: number;
  /** Metres. @defaultValue 5e-4 */
  readonly positionTolerance?: number;
  /** Radians. @defaultValue 5e-3 */
  readonly orientationTolerance?: number;
  /**
   * How many other postures to start from when `seed` does not lead there. The arm may have to move far to take the posture that
   * is found: for planning where to go, not for following a path. @defaultValue 0
   */
  readonly restarts?: number;
}

export interface InverseKinematicsResult {
  /** Joint angles in radians, inside the limits. A reused buffer: copy to keep. */
  readonly jointPositions: Float64Array;
  readonly positionError: number;
  readonly orientationError: number;
  readonly converged: boolean;
}

const N = ARM_JOINT_COUNT;
/** Largest joint change of one iteration, radians: keeps the linearisation honest. */
const MAX_STEP = 0.35;
/** Joint limits are approached no closer than this, radians. */
const LIMIT_MARGIN = 0.02;

/**
 * Damped least squares with null-space posture (Wampler 1986; Nakamura & Hanafusa 1986; posture term after
 * Liegeois 1977): dq = J^T (J J^T + lambda^2 I)^-1 e + (I - J^+ J) k (posture - q), iterated with clamped steps.
 * Keeps its work arrays; not to be shared between concurrent callers.
 */
export class InverseKinematics {
  readonly #kinematics = new ArmKinematics();
  readonly #q = new Float64Array(N);
  readonly #error = new Float64Array(6);
  readonly #matrix = new Float64Array(36);
  readonly #solution = new Float64Array(6);
  readonly #projected = new Float64Array(6);
  readonly #bias = new Float64Array(N);
  readonly #step = new Float64Array(N);

  /**
   * Finds joint angles that bring the tool to `baseFromTool`, starting from `seed` (radians). When the pose cannot be
   * reached the closest posture found is returned with `converged: false`.
   */
  solve(baseFromTool: Pose, seed: ArrayLike<number>, options: InverseKinematicsOptions = {}): InverseKinematicsResult {
    let result = this.#descend(baseFromTool, seed, options.posture ?? ARM_HOME, options);
    const restarts = options.restarts ?? 0;
    for (let restart = 1; restart <= restarts && !result.converged; restart++) {
      const best = { ...result, jointPositions: result.jointPositions.slice() };
      const posture = restartPosture(restart);
      result = this.#descend(baseFromTool, posture, posture, options);
      if (!result.converged && sizeOf(result) >= sizeOf(best)) {
        this.#q.set(best.jointPositions);
        result = { ...best, jointPositions: this.#q };
      }
    }
    return result;
  }

  #descend(
    baseFromTool: Pose,
    seed: ArrayLike<number>,
    posture: readonly number[],
    options: InverseKinematicsOptions,
  ): InverseKinematicsResult {
    const maxIterations = options.maxIterations ?? 60;
    const positionTolerance = options.positionTolerance ?? 5e-4;
    const orientationTolerance = options.orientationTolerance ?? 5e-3;
    const q = this.#q;
    for (let i = 0; i < N; i++) q[i] = clampJoint(i, seed[i]);
    let positionError = Infinity;
    let orientationError = Infinity;
    for (let iteration = 0; ; iteration++) {
      this.#kinematics.update(q);
      const tool = this.#kinematics.tool();
      const e = this.#error;
      e[0] = baseFromTool.position.x - tool.position.x;
      e[1] = baseFromTool.position.y - tool.position.y;
      e[2] = baseFromTool.position.z - tool.position.z;
      const turn = rotationVectorBetween(tool.orientation, baseFromTool.orientation);
      e[3] = turn.x;
      e[4] = turn.y;
      e[5] = turn.z;
      positionError = Math.sqrt(e[0] * e[0] + e[1] * e[1] + e[2] * e[2]);
      orientationError = Math.sqrt(e[3] * e[3] + e[4] * e[4] + e[5] * e[5]);
      if ((positionError < positionTolerance && orientationError < orientationTolerance) || iteration >= maxIterations) break;
      this.#advance(posture, positionError + 0.3 * orientationError);
    }
    return {
      jointPositions: q,
      positionError,
      orientationError,
      converged: positionError < positionTolerance && orientationError < orientationTolerance,
    };
  }

  #advance(posture: readonly number[], errorSize: number): void {
    const J = this.#kinematics.jacobian;
    const A = this.#matrix;
    // Damping falls with the error: steady far away, exact close by.
    const lambda = 0.01 + 0.08 * Math.min(1, errorSize);
    for (let r = 0; r < 6; r++) {
      for (let c = r; c < 6; c++) {
        let sum = 0;
        for (let i = 0; i < N; i++) sum += J[r * N + i] * J[c * N + i];
        A[r * 6 + c] = sum;
        A[c * 6 + r] = sum;
      }
      A[r * 6 + r] += lambda * lambda;
    }
    choleskyFactor(A);
    const step = this.#step;
    const bias = this.#bias;
    for (let i = 0; i < N; i++) bias[i] = 0.1 * (posture[i] - this.#q[i]);
    // (I - J^+ J) bias: subtract what the bias would do to the tool.
    const w = this.#projected;
    for (let r = 0; r < 6; r++) {
      let sum = 0;
      for (let i = 0; i < N; i++) sum += J[r * N + i] * bias[i];
      w[r] = this.#error[r] - sum;
    }
    choleskySolve(A, w, this.#solution);
    let largest = 0;
    for (let i = 0; i < N; i++) {
      let sum = bias[i];
      for (let r = 0; r < 6; r++) sum += J[r * N + i] * this.#solution[r];
      step[i] = sum;
      largest = Math.max(largest, Math.abs(sum));
    }
    const shrink = largest > MAX_STEP ? MAX_STEP / largest : 1;
    for (let i = 0; i < N; i++) this.#q[i] = clampJoint(i, this.#q[i] + step[i] * shrink);
  }
}

/** One size for both errors of a solution: a radian counts as much as 0.3 m. */
function sizeOf({ positionError, orientationError }: InverseKinematicsResult): number {
  return positionError + 0.3 * orientationError;
}

/** The root of x^8 = x + 1: its powers spread points evenly over seven dimensions (Roberts 2018, the R sequence). */
const SPREAD = 1.0969815577985598;

/** Joint angles spread evenly over all postures, a different one for each `restart`, the same ones on every machine. */
function restartPosture(restart: number): number[] {
  let step = 1;
  return ARM_LINKS.map(({ lower, upper }) => {
    step /= SPREAD;
    const share = (0.5 + restart * step) % 1;
    return lower + LIMIT_MARGIN + (upper - lower - 2 * LIMIT_MARGIN) * share;
  });
}

function clampJoint(joint: number, position: number): number {
  const { lower, upper } = ARM_LINKS[joint];
  return Math.min(upper - LIMIT_MARGIN, Math.max(lower + LIMIT_MARGIN, position));
}

/** In-place Cholesky factor (lower) of a symmetric positive definite 6x6 matrix. */
function choleskyFactor(A: Float64Array): void {
  for (let j = 0; j < 6; j++) {
    let d = A[j * 6 + j];
    for (let k = 0; k < j; k++) d -= A[j * 6 + k] * A[j * 6 + k];
    const root = Math.sqrt(d);
    A[j * 6 + j] = root;
    for (let i = j + 1; i < 6; i++) {
      let sum = A[i * 6 + j];
      for (let k = 0; k < j; k++) sum -= A[i * 6 + k] * A[j * 6 + k];
      A[i * 6 + j] = sum / root;
    }
  }
}

function choleskySolve(L: Float64Array, b: Float64Array, x: Float64Array): void {
  for (let i = 0; i < 6; i++) {
    let sum = b[i];
    for (let k = 0; k < i; k++) sum -= L[i * 6 + k] * x[k];
    x[i] = sum / L[i * 6 + i];
  }
  for (let i = 5; i >= 0; i--) {
    let sum = x[i];
    for (let k = i + 1; k < 6; k++) sum -= L[k * 6 + i] * x[k];
    x[i] = sum / L[i * 6 + i];
  }
}
