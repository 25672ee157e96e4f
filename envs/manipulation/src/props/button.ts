import { COLORS, type ColorName } from "./colors.ts";
import { boxShape, poseOn, type Placement, type Prop } from "./prop.ts";

const BASE_HALF = 0.038;
const BASE_HEIGHT = 0.022;
const CAP_RADIUS = 0.022;
const CAP_HALF_HEIGHT = 0.01;
/** Height of the cap's centre when nothing presses it, metres. */
const CAP_REST = 0.032;
const TRAVEL = 0.011;

/** A spring-loaded push button: it counts as pressed once its cap has gone down 7 mm. */
export function button(color: ColorName, placement: Placement): Prop {
  const id = `${color}_button`;
  const cap = `${id}/cap`;
  return {
    bodies: [
      {
        id: `${id}/base`,
        kind: "fixed",
        worldFromBody: poseOn(placement, 0),
        label: id,
        category: "button",
        shapes: [boxShape([BASE_HALF, BASE_HALF, BASE_HEIGHT / 2], [0, 0, BASE_HEIGHT / 2], [0.1, 0.1, 0.11])],
      },
      {
        id: cap,
        kind: "dynamic",
        worldFromBody: poseOn(placement, CAP_REST),
        gravityScale: 0,
        massKg: 0.05,
        label: id,
        category: "button",
        shapes: [{ geometry: { kind: "cylinder", radius: CAP_RADIUS, halfHeight: CAP_HALF_HEIGHT }, color: COLORS[color], friction: 0.8 }],
      },
    ],
    joints: [
      {
        id: `${id}/slide`,
        kind: "prismatic",
        parent: `${id}/base`,
        child: cap,
        // The joint's z axis points down: positive is pressed.
        parentFromJoint: { position: { x: 0, y: 0, z: CAP_REST }, orientation: { x: 1, y: 0, z: 0, w: 0 } },
        childFromJoint: { position: { x: 0, y: 0, z: 0 }, orientation: { x: 1, y: 0, z: 0, w: 0 } },
        limits: { lower: 0, upper: TRAVEL },
        motor: { model: "force", stiffness: 400, damping: 6 },
      },
    ],
    object: {
      id,
      types: ["pressable", "button", color],
      description: `${color} button`,
      body: cap,
      pressable: { joint: `${id}/slide`, pressDepth: 0.007, top: { x: 0, y: 0, z: CAP_HALF_HEIGHT } },
      footprintRadius: BASE_HALF * 1.42,
      height: CAP_REST + CAP_HALF_HEIGHT,
    },
  };
}
