import {
  quaternionFromAxisAngle,
  vec3,
  type BodyDescription,
  type Pose,
  type SceneDescription,
  type ShapeDescription,
  type Vector3,
} from "@reverie/core";
import type { World } from "../world.ts";

// Worlds for tests that compare states: many bodies in contact, and motors at work.

const Z = vec3(0, 0, 1);

export const at = (x: number, y: number, z: number, axis: Vector3 = Z, angle = 0): Pose => ({
  position: { x, y, z },
  orientation: quaternionFromAxisAngle(axis, angle),
});

export const box = (x: number, y: number, z: number, options: Partial<ShapeDescription> = {}): ShapeDescription => ({
  geometry: { kind: "box", halfExtents: { x, y, z } },
  ...options,
});

export const FLOOR: BodyDescription = { id: "floor", kind: "fixed", worldFromBody: at(0, 0, -0.5), shapes: [box(10, 10, 0.5)] };

export const sceneOf = (bodies: readonly BodyDescription[], joints: SceneDescription["joints"] = []): SceneDescription => ({
  bodies,
  joints,
  cameras: [],
});

const CRATE = 0.1;

const crate = (id: string, x: number, y: number, z: number): BodyDescription => ({
  id,
  kind: "dynamic",
  worldFromBody: at(x, y, z),
  massKg: 1,
  shapes: [box(CRATE, CRATE, CRATE)],
});

/** A scene with what moves it: call `drive` before each step, with the number of the step. */
export interface Driven {
  readonly scene: SceneDescription;
  drive(world: World, frame: number): void;
}

/** A wall of 60 crates, ten wide and six high, that a kinematic block rams from frame 36 on. */
export function rammedWall(): Driven {
  const crates = Array.from({ length: 60 }, (_, i) => crate(`crate${i}`, 0, (i % 10) * 0.202 - 0.91, CRATE + Math.floor(i / 10) * 0.2));
  const pusher: BodyDescription = { id: "pusher", kind: "kinematic", worldFromBody: at(-0.6, 0.1, 0.5), shapes: [box(0.2, 0.15, 0.15)] };
  return {
    scene: sceneOf([FLOOR, pusher, ...crates]),
    drive: (world, frame) => world.setKinematicTarget(1, at(-0.6 + Math.min(frame, 200) / 120, 0.1, 0.5)),
  };
}

/** Twelve crates in a heap and a chain of four motor-driven links that sweeps through it. */
export function sweepingChain(): Driven {
  const crates = Array.from({ length: 12 }, (_, i) =>
    crate(`crate${i}`, 0.9 + (i % 2) * 0.21, ((i >> 1) % 2) * 0.21 - 0.1, CRATE + (i >> 2) * 0.2),
  );
  const links: BodyDescription[] = [0, 1, 2, 3].map((i) => ({
    id: `link${i}`,
    kind: "dynamic",
    worldFromBody: at(0.15 + i * 0.3, -0.8, 0.15),
    massKg: 1.5,
    gravityScale: 0,
    canSleep: false,
    shapes: [{ geometry: { kind: "capsule", radius: 0.05, halfHeight: 0.08 }, bodyFromShape: at(0, 0, 0, vec3(0, 1, 0), Math.PI / 2) }],
  }));
  const anchor: BodyDescription = { id: "anchor", kind: "fixed", worldFromBody: at(0, -0.8, 0.15), shapes: [] };
  return {
    scene: sceneOf(
      [FLOOR, anchor, ...links, ...crates],
      links.map((link, i) => ({
        id: `joint${i}`,
        kind: "revolute",
        parent: i === 0 ? "anchor" : `link${i - 1}`,
        child: link.id,
        parentFromJoint: at(i === 0 ? 0 : 0.15, 0, 0),
        childFromJoint: at(-0.15, 0, 0),
        limits: { lower: -2.5, upper: 2.5 },
        motor: { model: "acceleration", stiffness: 400, damping: 40, maxForce: 200 },
      })),
    ),
    drive(world, frame) {
      const sweep = Math.min(frame, 150) / 150;
      for (let i = 0; i < 4; i++) world.setJointTarget(i, (i === 0 ? 1.6 : 0.25 * (i % 2 === 0 ? -1 : 1)) * sweep);
    },
  };
}

/** Drives and steps a world from its own step count up to `until`. */
export function runTo(world: World, { drive }: Driven, until: number): void {
  while (world.stepCount < until) {
    drive(world, world.stepCount);
    world.step();
  }
}
