import { exact, type Pose } from "@reverie/core";
import { ARM_JOINT_COUNT, ARM_LINKS, HAND_FROM_TOOL, LINK7_FROM_HAND } from "./arm-model.ts";

// Forward kinematics and Jacobian of the arm on reused arrays. Frames are the base's: the caller composes with the world.

const COS_ALPHA = Float64Array.from(ARM_LINKS, (link) => exact.cos(link.alpha));
const SIN_ALPHA = Float64Array.from(ARM_LINKS, (link) => exact.sin(link.alpha));
const COS_HAND = 1 - 2 * LINK7_FROM_HAND.orientation.z * LINK7_FROM_HAND.orientation.z;
const SIN_HAND = 2 * LINK7_FROM_HAND.orientation.z * LINK7_FROM_HAND.orientation.w;
const TOOL_OFFSET = LINK7_FROM_HAND.position.z + HAND_FROM_TOOL.position.z;

/** Frames of all links and of the tool for one posture; made once, filled again and again. */
export class ArmKinematics {
  /** Rotation matrices, row-major `[8, 9]`: links one to seven, then the tool, in the base frame. */
  readonly rotations = new Float64Array((ARM_JOINT_COUNT + 1) * 9);
  /** Origins `[8, 3]` in metres, in the base frame. */
  readonly origins = new Float64Array((ARM_JOINT_COUNT + 1) * 3);
  /** Geometric Jacobian of the tool, row-major `[6, 7]`: linear velocity, then angular velocity. */
  readonly jacobian = new Float64Array(6 * ARM_JOINT_COUNT);

  /** Fills `rotations`, `origins` and `jacobian` for joint angles in radians. */
  update(jointPositions: ArrayLike<number>): void {
    const R = this.rotations;
    const p = this.origins;
    for (let i = 0; i < ARM_JOINT_COUNT; i++) {
      const link = ARM_LINKS[i];
      const c = exact.cos(jointPositions[i]);
      const s = exact.sin(jointPositions[i]);
      const ca = COS_ALPHA[i];
      const sa = SIN_ALPHA[i];
      const o = i * 9;
      const b = (i - 1) * 9;
      // RotX(alpha) RotZ(theta) and its offset (a, -d sin alpha, d cos alpha), then composed with the previous frame.
      const tx = link.a;
      const ty = -link.d * sa;
      const tz = link.d * ca;
      for (let row = 0; row < 3; row++) {
        const r0 = i === 0 ? (row === 0 ? 1 : 0) : R[b + row * 3];
        const r1 = i === 0 ? (row === 1 ? 1 : 0) : R[b + row * 3 + 1];
        const r2 = i === 0 ? (row === 2 ? 1 : 0) : R[b + row * 3 + 2];
        R[o + row * 3] = r0 * c + r1 * s * ca + r2 * s * sa;
        R[o + row * 3 + 1] = -r0 * s + r1 * c * ca + r2 * c * sa;
        R[o + row * 3 + 2] = -r1 * sa + r2 * ca;
        const origin = i === 0 ? 0 : p[(i - 1) * 3 + row];
        p[i * 3 + row] = origin + r0 * tx + r1 * ty + r2 * tz;
      }
    }
    const last = (ARM_JOINT_COUNT - 1) * 9;
    const tool = ARM_JOINT_COUNT * 9;
    for (let row = 0; row < 3; row++) {
      const r0 = R[last + row * 3];
      const r1 = R[last + row * 3 + 1];
      const r2 = R[last + row * 3 + 2];
      R[tool + row * 3] = r0 * COS_HAND + r1 * SIN_HAND;
      R[tool + row * 3 + 1] = -r0 * SIN_HAND + r1 * COS_HAND;
      R[tool + row * 3 + 2] = r2;
      p[ARM_JOINT_COUNT * 3 + row] = p[(ARM_JOINT_COUNT - 1) * 3 + row] + r2 * TOOL_OFFSET;
    }
    const J = this.jacobian;
    const t = ARM_JOINT_COUNT * 3;
    for (let i = 0; i < ARM_JOINT_COUNT; i++) {
      const zx = R[i * 9 + 2];
      const zy = R[i * 9 + 5];
      const zz = R[i * 9 + 8];
      const dx = p[t] - p[i * 3];
      const dy = p[t + 1] - p[i * 3 + 1];
      const dz = p[t + 2] - p[i * 3 + 2];
      J[i] = zy * dz - zz * dy;
      J[ARM_JOINT_COUNT + i] = zz * dx - zx * dz;
      J[2 * ARM_JOINT_COUNT + i] = zx * dy - zy * dx;
      J[3 * ARM_JOINT_COUNT + i] = zx;
      J[4 * ARM_JOINT_COUNT + i] = zy;
      J[5 * ARM_JOINT_COUNT + i] = zz;
    }
  }

  /** Frame `index` (0 to 6: links one to seven; 7: tool) in the base frame. */
  frame(index: number): Pose {
    const o = index * 9;
    const R = this.rotations;
    return {
      position: { x: this.origins[index * 3], y: this.origins[index * 3 + 1], z: this.origins[index * 3 + 2] },
      orientation: quaternionFromMatrix(R, o),
    };
  }

  /** The tool in the base frame after the last `update`. */
  tool(): Pose {
    return this.frame(ARM_JOINT_COUNT);
  }
}

/** Unit quaternion of the row-major rotation matrix at `offset` (Shepperd 1978: the largest component first). */
function quaternionFromMatrix(R: Float64Array, offset: number): Pose["orientation"] {
  const m00 = R[offset];
  const m11 = R[offset + 4];
  const m22 = R[offset + 8];
  const trace = m00 + m11 + m22;
  if (trace > 0) {
    const s = Math.sqrt(trace + 1) * 2;
    return {
      w: s / 4,
      x: (R[offset + 7] - R[offset + 5]) / s,
      y: (R[offset + 2] - R[offset + 6]) / s,
      z: (R[offset + 3] - R[offset + 1]) / s,
    };
  }
  if (m00 >= m11 && m00 >= m22) {
    const s = Math.sqrt(1 + m00 - m11 - m22) * 2;
    return {
      w: (R[offset + 7] - R[offset + 5]) / s,
      x: s / 4,
      y: (R[offset + 1] + R[offset + 3]) / s,
      z: (R[offset + 2] + R[offset + 6]) / s,
    };
  }
  if (m11 >= m22) {
    const s = Math.sqrt(1 + m11 - m00 - m22) * 2;
    return {
      w: (R[offset + 2] - R[offset + 6]) / s,
      x: (R[offset + 1] + R[offset + 3]) / s,
      y: s / 4,
      z: (R[offset + 5] + R[offset + 7]) / s,
    };
  }
  const s = Math.sqrt(1 + m22 - m00 - m11) * 2;
  return {
    w: (R[offset + 3] - R[offset + 1]) / s,
    x: (R[offset + 2] + R[offset + 6]) / s,
    y: (R[offset + 5] + R[offset + 7]) / s,
    z: s / 4,
  };
}

/** The tool in the base frame for joint angles in radians. For a single look; keep an `ArmKinematics` where it is asked often. */
export function forwardKinematics(jointPositions: ArrayLike<number>): Pose {
  const kinematics = new ArmKinematics();
  kinematics.update(jointPositions);
  return kinematics.tool();
}
