import { normalizeQuaternion, vec3 } from "@reverie/core";
import type { BodyDescription, GeometryDescription, Pose, SceneDescription } from "@reverie/core";
import * as fc from "fast-check";

// Scenes for property tests: solids anywhere around the camera, before, behind, cut by the near plane and around it.

const number = (low: number, high: number): fc.Arbitrary<number> => fc.double({ min: low, max: high, noNaN: true });

/** Places within `reach` metres of the origin, turned any way. */
export function anyPose(reach: number): fc.Arbitrary<Pose> {
  const turn = fc
    .tuple(number(-1, 1), number(-1, 1), number(-1, 1), number(-1, 1))
    .filter(([x, y, z, w]) => x * x + y * y + z * z + w * w > 0.01)
    .map(([x, y, z, w]) => normalizeQuaternion({ x, y, z, w }));
  return fc
    .tuple(number(-reach, reach), number(-reach, reach), number(-reach, reach), turn)
    .map(([x, y, z, orientation]) => ({ position: vec3(x, y, z), orientation }));
}

export const anyBox: fc.Arbitrary<GeometryDescription> = fc
  .tuple(number(0.05, 1), number(0.05, 1), number(0.05, 1))
  .map(([x, y, z]) => ({ kind: "box", halfExtents: { x, y, z } }));
export const anySphere: fc.Arbitrary<GeometryDescription> = number(0.1, 1).map((radius) => ({ kind: "sphere", radius }));
export const anyRound: fc.Arbitrary<GeometryDescription> = fc
  .tuple(fc.constantFrom("cylinder" as const, "capsule" as const), number(0.05, 0.6), number(0.05, 0.6))
  .map(([kind, radius, halfHeight]) => ({ kind, radius, halfHeight }));

/** Moves a place so that most are on the side to which the camera looks. */
function mostlyBefore({ position, orientation }: Pose): Pose {
  return { position: vec3(position.x / 2, position.y / 2, position.z - 2), orientation };
}

/** A small camera at the origin that looks along -z, and one to six bodies of one or two shapes each; camera `carried` stands on the first. */
export function anyScene(geometry: fc.Arbitrary<GeometryDescription>): fc.Arbitrary<SceneDescription> {
  const shape = fc.record({ geometry, bodyFromShape: anyPose(0.5) }).map((each) => ({ ...each, color: [1, 1, 1] as const }));
  const body = fc.record({ worldFromBody: anyPose(2.5).map(mostlyBefore), shapes: fc.array(shape, { minLength: 1, maxLength: 2 }) });
  return fc
    .tuple(
      fc.array(body, { minLength: 1, maxLength: 6 }),
      anyPose(1),
      number(0.3, 2),
      fc.integer({ min: 1, max: 40 }),
      fc.integer({ min: 1, max: 40 }),
    )
    .map(([bodies, pose, verticalFov, width, height]) => {
      const lens = { width, height, verticalFov, near: 0.1, far: 20 };
      return {
        bodies: bodies.map((each, index): BodyDescription => ({ id: `body-${index}`, kind: "dynamic", ...each })),
        joints: [],
        cameras: [
          { id: "eye", pose: { position: vec3(0, 0, 0), orientation: { x: 0, y: 0, z: 0, w: 1 } }, ...lens },
          { id: "carried", body: "body-0", pose, ...lens },
        ],
      };
    });
}
