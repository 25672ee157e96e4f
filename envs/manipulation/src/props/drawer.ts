import { compose, IDENTITY_QUATERNION, type Color, type Pose, type ShapeDescription } from "@reverie/core";
import { boxShape, poseOn, type Placement, type Prop } from "./prop.ts";

// Body frames of cabinet and drawer coincide when shut: origin on the table, x pointing out of the front, z up.

const WOOD: Color = [0.42, 0.27, 0.14];
const FRONT: Color = [0.55, 0.37, 0.2];
const METAL: Color = [0.3, 0.31, 0.33];
const PANEL = 0.003;
const CABINET_HALF = 0.1;
const CABINET_HEIGHT = 0.124;
const DRAWER_HALF_X = 0.084;
const DRAWER_HALF_Y = 0.088;
const DRAWER_FLOOR = 0.014;
const DRAWER_WALL = 0.05;
/** Handle bar: distance from the front, height. The hand must pass above the cabinet when the fingers straddle the bar. */
const HANDLE_X = CABINET_HALF + 0.055;
const HANDLE_Z = 0.105;
const TRAVEL = 0.16;

const shut = (half: readonly [number, number, number], center: readonly [number, number, number], color: Color): ShapeDescription =>
  boxShape(half, center, color, { friction: 0.6 });

/** Drawer parts pass through the cabinet's (the joint guides them) and meet everything else. */
const inGroup =
  (membership: number, filter: number) =>
  (shape: ShapeDescription): ShapeDescription => ({ ...shape, collisionGroup: { membership, filter } });

const bar: ShapeDescription = {
  geometry: { kind: "capsule", radius: 0.007, halfHeight: 0.04 },
  bodyFromShape: { position: { x: HANDLE_X, y: 0, z: HANDLE_Z }, orientation: { x: Math.SQRT1_2, y: 0, z: 0, w: Math.SQRT1_2 } },
  color: METAL,
  friction: 1,
};

/** A cabinet with one drawer that slides 16 cm out of its front; starts shut. `placement` is the middle of the cabinet, heading = where the front looks. */
export function drawer(placement: Placement): Prop {
  const id = "drawer";
  const slidingBody = `${id}/tray`;
  const half = CABINET_HEIGHT / 2;
  const worldFromCabinet = poseOn(placement, 0);
  const alongX: Pose = { position: { x: 0, y: 0, z: 0 }, orientation: { x: 0, y: Math.SQRT1_2, z: 0, w: Math.SQRT1_2 } };
  const wallZ = DRAWER_FLOOR + DRAWER_WALL / 2;
  return {
    bodies: [
      {
        id: `${id}/cabinet`,
        kind: "fixed",
        worldFromBody: worldFromCabinet,
        label: "cabinet",
        category: "cabinet",
        shapes: [
          shut([CABINET_HALF, PANEL, half], [0, CABINET_HALF, half], WOOD),
          shut([CABINET_HALF, PANEL, half], [0, -CABINET_HALF, half], WOOD),
          shut([PANEL, CABINET_HALF, half], [-CABINET_HALF, 0, half], WOOD),
          shut([CABINET_HALF, CABINET_HALF, PANEL], [0, 0, CABINET_HEIGHT - PANEL], WOOD),
        ].map(inGroup(0x4, 0xfff7)),
      },
      {
        id: slidingBody,
        kind: "dynamic",
        worldFromBody: compose(worldFromCabinet, { position: { x: 0, y: 0, z: 0 }, orientation: IDENTITY_QUATERNION }),
        massKg: 0.6,
        gravityScale: 0,
        label: id,
        category: "drawer",
        shapes: [
          shut([DRAWER_HALF_X, DRAWER_HALF_Y, PANEL], [0, 0, DRAWER_FLOOR - PANEL], FRONT),
          shut([DRAWER_HALF_X, PANEL, DRAWER_WALL / 2], [0, DRAWER_HALF_Y, wallZ], FRONT),
          shut([DRAWER_HALF_X, PANEL, DRAWER_WALL / 2], [0, -DRAWER_HALF_Y, wallZ], FRONT),
          shut([PANEL, DRAWER_HALF_Y, DRAWER_WALL / 2], [-DRAWER_HALF_X, 0, wallZ], FRONT),
          shut([PANEL, CABINET_HALF - 0.004, half - 0.008], [CABINET_HALF, 0, half], FRONT),
          bar,
          boxShape([0.025, 0.004, 0.004], [HANDLE_X - 0.027, 0.036, HANDLE_Z], METAL),
          boxShape([0.025, 0.004, 0.004], [HANDLE_X - 0.027, -0.036, HANDLE_Z], METAL),
        ].map(inGroup(0x8, 0xfffb)),
      },
    ],
    joints: [
      {
        id: `${id}/slide`,
        kind: "prismatic",
        parent: `${id}/cabinet`,
        child: slidingBody,
        parentFromJoint: alongX,
        childFromJoint: alongX,
        limits: { lower: 0, upper: TRAVEL },
        // No spring: the damping stands for the friction of the runners.
        motor: { model: "force", stiffness: 0, damping: 25 },
      },
    ],
    object: {
      id,
      types: ["support", "container", "openable", "drawer"],
      description: "drawer",
      body: slidingBody,
      container: {
        center: { x: 0, y: 0, z: DRAWER_FLOOR + 0.03 },
        halfExtents: { x: DRAWER_HALF_X, y: DRAWER_HALF_Y, z: 0.03 },
        drop: { center: { x: 0.015, y: 0, z: DRAWER_FLOOR }, halfX: 0.012, halfY: 0.045 },
        closeAlongY: true,
      },
      openable: {
        joint: `${id}/slide`,
        openPosition: 0.14,
        openThreshold: 0.12,
        closedThreshold: 0.02,
        handle: { x: HANDLE_X, y: 0, z: HANDLE_Z },
      },
      footprintRadius: 0.17,
      height: CABINET_HEIGHT,
    },
  };
}
