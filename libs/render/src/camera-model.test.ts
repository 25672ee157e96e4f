import { compose, IDENTITY_POSE, InputError, inverse, normalizeQuaternion, Rng, transformPoint, vec3 } from "@reverie/core";
import type { CameraDescription } from "@reverie/core";
import { PerspectiveCamera, Vector3 } from "three";
import { describe, expect, test } from "vitest";
import { cameraPinhole, checkCamera, configureCamera, pixelRay, projectPoint } from "./camera-model.ts";
import { fitProjection, pinholeOf } from "./pinhole.ts";
import { Rasteriser } from "./rasteriser.ts";
import { SceneGraph } from "./scene-graph.ts";
import { at, box, sceneBefore } from "./testing/sample-scene.ts";

const EYE: CameraDescription = { id: "eye", pose: IDENTITY_POSE, verticalFov: 1, width: 64, height: 48, near: 0.1, far: 10 };
const INTRINSICS = { focalX: 80, focalY: 65, centerX: 20, centerY: 30 };
const { verticalFov: _, ...LENSLESS } = EYE;

function randomCamera(rng: Rng, described: "intrinsics" | "verticalFov"): CameraDescription {
  const width = rng.integer(10, 800);
  const height = rng.integer(10, 800);
  const q = { x: rng.normal(), y: rng.normal(), z: rng.normal(), w: rng.normal() };
  const pose = { position: vec3(rng.uniform(-3, 3), rng.uniform(-3, 3), rng.uniform(-3, 3)), orientation: normalizeQuaternion(q) };
  const lens =
    described === "verticalFov"
      ? { verticalFov: rng.uniform(0.1, 2.8) }
      : {
          intrinsics: {
            focalX: width * rng.uniform(0.2, 3),
            focalY: height * rng.uniform(0.2, 3),
            centerX: width * rng.uniform(-0.5, 1.5),
            centerY: height * rng.uniform(-0.5, 1.5),
          },
        };
  return { id: "eye", pose, width, height, near: rng.uniform(0.01, 0.2), far: 50, ...lens };
}

/** Pixel of a world point by three's own matrices. */
function pixelByThree(camera: PerspectiveCamera, point: Vector3, width: number, height: number): [number, number] {
  const clip = point.clone().project(camera);
  return [((clip.x + 1) / 2) * width, ((1 - clip.y) / 2) * height];
}

describe("camera model", () => {
  test.each(["intrinsics", "verticalFov"] as const)("three's matrices and the pinhole of %s put a point on the same pixel", (described) => {
    const rng = new Rng(5);
    for (let trial = 0; trial < 200; trial++) {
      const description = randomCamera(rng, described);
      const camera = new PerspectiveCamera();
      configureCamera(camera, description);
      camera.updateMatrixWorld();
      const { width, height } = description;
      const inCamera = vec3(rng.uniform(-2, 2), rng.uniform(-2, 2), -rng.uniform(0.5, 20));
      const point = transformPoint(description.pose, inCamera);
      const expected = projectPoint(cameraPinhole(description), transformPoint(inverse(description.pose), point));
      const read = pinholeOf(camera, width, height, { focalX: 0, focalY: 0, centerX: 0, centerY: 0 });
      const other = projectPoint(read, inCamera);
      const inThree = new Vector3(point.x, point.y, point.z);
      const projected = [pixelByThree(camera, inThree, width, height)];
      camera.updateProjectionMatrix();
      projected.push(pixelByThree(camera, inThree, width, height), [other.u, other.v]);
      const tolerance = 1e-6 * Math.max(1, Math.abs(expected.u) / width, Math.abs(expected.v) / height);
      for (const [u, v] of projected) {
        expect(Math.abs(u - expected.u)).toBeLessThan(tolerance);
        expect(Math.abs(v - expected.v)).toBeLessThan(tolerance);
      }
    }
  });

  test("an image of another size scales intrinsics per axis, and keeps the vertical field of view of the others", () => {
    const described: CameraDescription = { ...LENSLESS, intrinsics: INTRINSICS };
    const { focalX, focalY, centerX, centerY } = cameraPinhole(described, 128, 24);
    expect([focalX, focalY, centerX, centerY]).toEqual([160, 32.5, 40, 15]);
    expect(cameraPinhole(EYE, 200, 48).focalY).toBe(cameraPinhole(EYE).focalY);
    for (const description of [described, EYE]) {
      const camera = new PerspectiveCamera();
      configureCamera(camera, description);
      fitProjection(camera, 128, 24);
      const pixel = projectPoint(cameraPinhole(description, 128, 24), vec3(0.3, -0.2, -2));
      camera.position.set(0, 0, 0);
      camera.updateMatrixWorld();
      const [u, v] = pixelByThree(camera, new Vector3(0.3, -0.2, -2), 128, 24);
      expect(u).toBeCloseTo(pixel.u, 6);
      expect(v).toBeCloseTo(pixel.v, 6);
    }
  });

  test("a ray's pixel is the pixel that its points project to", () => {
    const pinhole = cameraPinhole({ ...LENSLESS, intrinsics: INTRINSICS });
    const ray = pixelRay(pinhole, 12.5, 40.5);
    const { u, v, depth } = projectPoint(pinhole, vec3(3 * ray.x, 3 * ray.y, 3 * ray.z));
    expect([u, v, depth]).toEqual([expect.closeTo(12.5, 9), expect.closeTo(40.5, 9), 3]);
  });

  test("a camera can be given another lens and back", () => {
    const camera = new PerspectiveCamera();
    configureCamera(camera, EYE);
    const before = camera.projectionMatrix.toArray();
    configureCamera(camera, { ...LENSLESS, intrinsics: INTRINSICS });
    expect(camera.projectionMatrix.toArray()).not.toEqual(before);
    configureCamera(camera, EYE);
    expect(camera.projectionMatrix.toArray()).toEqual(before);
    expect(camera.userData).toEqual({ width: 64, height: 48 });
  });

  test("the rasteriser draws what intrinsics say: a small ball covers the pixel it projects to", () => {
    const position = vec3(2, 0.31, -0.22);
    const base = sceneBefore([
      {
        id: "ball",
        kind: "fixed",
        worldFromBody: { ...IDENTITY_POSE, position },
        shapes: [{ geometry: { kind: "sphere", radius: 0.03 }, color: [1, 1, 1] }],
      },
    ]);
    const { verticalFov: __, ...lensless } = base.cameras[0];
    const camera: CameraDescription = { ...lensless, intrinsics: { focalX: 210, focalY: 130, centerX: 90, centerY: 41 } };
    const image = new Rasteriser().render(new SceneGraph({ ...base, cameras: [camera] }), "eye", { segmentation: true });
    const { u, v } = projectPoint(cameraPinhole(camera), transformPoint(compose(inverse(camera.pose), IDENTITY_POSE), position));
    let count = 0;
    let sumX = 0;
    let sumY = 0;
    image.segmentation!.forEach((id, i) => {
      count += id;
      sumX += id * ((i % 128) + 0.5);
      sumY += id * (Math.floor(i / 128) + 0.5);
    });
    expect(count).toBeGreaterThan(10);
    expect(Math.abs(sumX / count - u)).toBeLessThan(0.5);
    expect(Math.abs(sumY / count - v)).toBeLessThan(0.5);
  });

  test.each([
    [LENSLESS, 'camera "eye".verticalFov: expected either verticalFov or intrinsics, got neither.'],
    [{ ...EYE, intrinsics: INTRINSICS }, "got both"],
    [{ ...EYE, verticalFov: 3.2 }, "expected radians above 0 and below pi, got 3.2."],
    [{ ...EYE, verticalFov: NaN }, "got NaN"],
    [{ ...LENSLESS, intrinsics: { ...INTRINSICS, focalY: 0 } }, 'camera "eye".intrinsics.focalY'],
    [{ ...LENSLESS, intrinsics: { ...INTRINSICS, centerX: Infinity } }, 'camera "eye".intrinsics.centerX'],
    [{ ...EYE, width: 0 }, 'camera "eye".width'],
    [{ ...EYE, height: 5000 }, "from 1 to 4096, got 5000."],
    [{ ...EYE, near: 0 }, 'camera "eye".near'],
    [{ ...EYE, far: 0.1 }, "beyond near (0.1), got 0.1."],
    [{ ...EYE, pose: at(NaN, 0, 0) }, 'camera "eye".pose'],
    [{ ...EYE, pose: { ...IDENTITY_POSE, orientation: { x: 0, y: 0, z: 0, w: 2 } } }, "got one of length 2."],
  ] as const)("refuses %o", (description, words) => {
    expect(() => checkCamera(description)).toThrow(InputError);
    expect(() => checkCamera(description)).toThrow(words);
    expect(
      () =>
        new SceneGraph({
          ...sceneBefore([{ id: "b", kind: "fixed", worldFromBody: IDENTITY_POSE, shapes: [{ geometry: box(1, 1, 1) }] }]),
          cameras: [description],
        }),
    ).toThrow(words);
  });
});
