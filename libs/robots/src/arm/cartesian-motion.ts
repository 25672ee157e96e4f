import { angleBetween, distance, lerp, slerp, type Pose } from "@reverie/core";

export interface MotionLimits {
  /** m/s. */
  readonly maxVelocity: number;
  /** m/s^2. */
  readonly maxAcceleration: number;
  /** rad/s. */
  readonly maxAngularVelocity: number;
  /** rad/s^2. */
  readonly maxAngularAcceleration: number;
}

export const DEFAULT_MOTION_LIMITS: MotionLimits = {
  maxVelocity: 0.45,
  maxAcceleration: 1.6,
  maxAngularVelocity: 1.8,
  maxAngularAcceleration: 6,
};

/**
 * Progress along a stretch of length 1 under a speed and an acceleration limit: up, hold, down. Short stretches never reach
 * the speed limit and become a triangle.
 */
interface Profile {
  readonly durationSeconds: number;
  readonly rampSeconds: number;
  /** 1/s. */
  readonly peak: number;
}

/** Something that moves along the stretch: how far, and how fast it may. */
interface Travel {
  readonly length: number;
  readonly maxVelocity: number;
  readonly maxAcceleration: number;
}

/** The fastest profile that keeps every travel within both of its limits. */
function profileFor(travels: readonly Travel[]): Profile {
  let velocity = Infinity;
  let acceleration = Infinity;
  for (const { length, maxVelocity, maxAcceleration } of travels) {
    if (length < 1e-9) continue;
    velocity = Math.min(velocity, maxVelocity / length);
    acceleration = Math.min(acceleration, maxAcceleration / length);
  }
  if (velocity === Infinity) return { durationSeconds: 0, rampSeconds: 0, peak: 0 };
  if (velocity * velocity >= acceleration) {
    const rampSeconds = Math.sqrt(1 / acceleration);
    return { durationSeconds: 2 * rampSeconds, rampSeconds, peak: acceleration * rampSeconds };
  }
  const rampSeconds = velocity / acceleration;
  return { durationSeconds: 1 / velocity + rampSeconds, rampSeconds, peak: velocity };
}

function progressAt(profile: Profile, t: number): number {
  const { durationSeconds, rampSeconds, peak } = profile;
  if (t >= durationSeconds || durationSeconds === 0) return 1;
  if (t <= 0) return 0;
  if (t < rampSeconds) return (0.5 * peak * t * t) / rampSeconds;
  const left = durationSeconds - t;
  if (left < rampSeconds) return 1 - (0.5 * peak * left * left) / rampSeconds;
  return peak * (t - 0.5 * rampSeconds);
}

interface Segment {
  readonly from: Pose;
  readonly to: Pose;
  readonly startSeconds: number;
  readonly profile: Profile;
}

/**
 * A tool path through waypoints: straight lines for the position, shortest turns for the orientation, both finished at the same
 * time, at rest at every waypoint, within speed and acceleration limits. Same frame in and out.
 */
export class CartesianMotion {
  readonly durationSeconds: number;
  readonly #segments: Segment[] = [];
  readonly #end: Pose;

  /** @param waypoints - start first; one waypoint alone is a motion of no length */
  constructor(waypoints: readonly [Pose, ...Pose[]], limits: MotionLimits = DEFAULT_MOTION_LIMITS) {
    let startSeconds = 0;
    for (let i = 1; i < waypoints.length; i++) {
      const from = waypoints[i - 1];
      const to = waypoints[i];
      const profile = profileFor([
        { length: distance(from.position, to.position), maxVelocity: limits.maxVelocity, maxAcceleration: limits.maxAcceleration },
        {
          length: angleBetween(from.orientation, to.orientation),
          maxVelocity: limits.maxAngularVelocity,
          maxAcceleration: limits.maxAngularAcceleration,
        },
      ]);
      this.#segments.push({ from, to, startSeconds, profile });
      startSeconds += profile.durationSeconds;
    }
    this.durationSeconds = startSeconds;
    this.#end = waypoints[waypoints.length - 1];
  }

  /** Where the tool shall be `t` seconds after the start; the ends hold outside the duration. */
  at(t: number): Pose {
    for (const segment of this.#segments) {
      const local = t - segment.startSeconds;
      if (local >= segment.profile.durationSeconds) continue;
      const s = progressAt(segment.profile, local);
      return {
        position: lerp(segment.from.position, segment.to.position, s),
        orientation: slerp(segment.from.orientation, segment.to.orientation, s),
      };
    }
    return this.#end;
  }
}
