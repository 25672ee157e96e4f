import { compose, IDENTITY_POSE, inverse, rotate, transformPoint } from "@reverie/core";
import type { BodyDescription, CameraImage, Pose, SceneDescription, Vector3 } from "@reverie/core";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { cameraPinhole, pixelRay, projectPoint } from "../camera-model.ts";
import { Rasteriser } from "../rasteriser.ts";
import { SceneGraph } from "../scene-graph.ts";
import { anyBox, anyPose, anyScene } from "../testing/arbitrary-scene.ts";
import { castPixel } from "../testing/ray-cast.ts";
import { at, box, posesOf, sampleScene, sceneBefore } from "../testing/sample-scene.ts";

const rasteriser = new Rasteriser();

function flowOf(graph: SceneGraph, camera: string): Float32Array {
  return (rasteriser.render(graph, camera, { flow: true }) as Required<CameraImage>).flow;
}

const moved = (scene: SceneDescription, poses: readonly Pose[]): SceneDescription => ({
  ...scene,
  bodies: scene.bodies.map((body, i): BodyDescription => ({ ...body, worldFromBody: poses[i] ?? body.worldFromBody })),
});

const wall = sceneBefore([
  { id: "wall", kind: "dynamic", worldFromBody: at(2, 0, 0), shapes: [{ geometry: box(0.001, 0.5, 5), color: [1, 1, 1] }] },
]);

describe("flow", () => {
  test("is where the seen point lies now less where it lay, for moving bodies and moving cameras", () => {
    let hits = 0;
    let lost = 0;
    const anyMotion = fc.tuple(anyScene(anyBox), fc.array(anyPose(3), { maxLength: 6 }), fc.constantFrom("eye", "carried"));
    fc.assert(
      fc.property(anyMotion, ([scene, before, id]) => {
        const then = moved(scene, before);
        const graph = new SceneGraph(scene);
        graph.setPoses(posesOf(then));
        graph.setPoses(posesOf(scene));
        const flow = flowOf(graph, id);
        const camera = scene.cameras.find((each) => each.id === id)!;
        const { width } = camera;
        const pinhole = cameraPinhole(camera);
        const poseIn = ({ bodies }: SceneDescription): Pose =>
          camera.body === undefined ? camera.pose : compose(bodies[0].worldFromBody, camera.pose);
        const cameraNow = poseIn(scene);
        const cameraThen = inverse(poseIn(then));
        for (let i = 0; i < flow.length / 2; i++) {
          const [u, v] = [(i % width) + 0.5, Math.floor(i / width) + 0.5];
          const seen = castPixel(scene, camera, cameraNow, u - 0.5, v - 0.5);
          if (seen === "unsure") continue;
          let point: Vector3;
          if (seen === "background") {
            point = rotate(cameraThen.orientation, rotate(cameraNow.orientation, pixelRay(pinhole, u, v)));
          } else {
            const inBody = transformPoint(inverse(scene.bodies[seen.id - 1].worldFromBody), seen.point);
            point = transformPoint(cameraThen, transformPoint(then.bodies[seen.id - 1].worldFromBody, inBody));
          }
          const old = projectPoint(pinhole, point);
          // So close to the plane of the camera the division has no digits left.
          if (Math.abs(old.depth) < 1e-3) continue;
          if (old.depth < 0) {
            lost++;
            expect([flow[2 * i], flow[2 * i + 1]]).toEqual([NaN, NaN]);
            continue;
          }
          hits++;
          const tolerance = 1e-4 * (1 + Math.abs(old.u) + Math.abs(old.v)) * (1 + 1 / old.depth);
          expect(Math.abs(flow[2 * i] - (u - old.u))).toBeLessThan(tolerance);
          expect(Math.abs(flow[2 * i + 1] - (v - old.v))).toBeLessThan(tolerance);
        }
      }),
      { numRuns: 120 },
    );
    expect(hits).toBeGreaterThan(1000);
    expect(lost).toBeGreaterThan(100);
  });

  test("of a wall that moves 3 cm to the right is that many pixels, and nothing else moves", () => {
    const graph = new SceneGraph(wall);
    graph.setPoses(posesOf(wall));
    const poses = posesOf(wall);
    // The camera looks along x: right in its image is -y.
    poses[1] -= 0.03;
    graph.setPoses(poses);
    const flow = flowOf(graph, "eye");
    const expected = ((64 / Math.tan(0.45)) * 0.03) / 1.999;
    const middle = 2 * (64 * 128 + 64);
    expect(Math.abs(flow[middle] - expected)).toBeLessThan(1e-4);
    expect(Math.abs(flow[middle + 1])).toBeLessThan(1e-4);
    expect([...flow.subarray(2 * 64 * 128, 2 * 64 * 128 + 2)]).toEqual([0, 0]);
  });

  test("is 0 before there is a previous state, and exactly 0 where nothing moved", () => {
    const scene = sampleScene();
    const graph = new SceneGraph(scene);
    expect(flowOf(graph, "table").every((value) => value === 0)).toBe(true);
    graph.setPoses(posesOf(scene, 0.1));
    expect(flowOf(graph, "table").every((value) => value === 0)).toBe(true);
    graph.setPoses(posesOf(scene));
    expect(flowOf(graph, "table").some((value) => value !== 0)).toBe(true);
    graph.setPoses(posesOf(scene));
    expect(flowOf(graph, "wrist").every((value) => value === 0)).toBe(true);
  });

  test("is measured from the previous state that the caller names", () => {
    const scene = sampleScene();
    const graph = new SceneGraph(scene);
    graph.setPoses(posesOf(scene, 0.02));
    graph.setPoses(posesOf(scene, 0.05));
    const expected = flowOf(graph, "wrist");
    graph.setPoses(posesOf(scene, 0.05));
    expect(flowOf(graph, "wrist")).not.toEqual(expected);
    graph.setPreviousPoses(posesOf(scene, 0.02));
    expect(flowOf(graph, "wrist")).toEqual(expected);
    graph.setPreviousPoses(undefined);
    expect(flowOf(graph, "wrist").every((value) => value === 0)).toBe(true);
  });

  test("of what stands still before a camera that only turns does not depend on its distance", () => {
    const carrier: BodyDescription = { id: "head", kind: "kinematic", worldFromBody: IDENTITY_POSE, shapes: [] };
    const scene: SceneDescription = {
      ...wall,
      bodies: [carrier, ...wall.bodies],
      cameras: [{ ...wall.cameras[0], body: "head" }],
    };
    const graph = new SceneGraph(scene);
    graph.setPoses(posesOf(scene));
    graph.setPoses(posesOf({ ...scene, bodies: [{ ...carrier, worldFromBody: at(0, 0, 0, undefined, 0.05) }, ...wall.bodies] }));
    const image = rasteriser.render(graph, "eye", { flow: true, segmentation: true }) as Required<CameraImage>;
    const row = 64 * 128;
    const edge = image.segmentation.subarray(row, row + 128).indexOf(2);
    expect(edge).toBeGreaterThan(0);
    const step = (x: number): number => image.flow[2 * (row + x + 1)] - image.flow[2 * (row + x)];
    expect(image.flow[2 * (row + 64)]).toBeGreaterThan(5);
    expect(Math.abs(step(edge - 1) - step(edge - 3))).toBeLessThan(0.01);
  });
});
