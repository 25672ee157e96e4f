import { dot, inverse, normalize, rotate, subtract, vec3 } from "@reverie/core";
import type { CameraImage, SceneDescription } from "@reverie/core";
import * as fc from "fast-check";
import { BackSide, DoubleSide, Mesh, MeshBasicMaterial, PerspectiveCamera, PlaneGeometry, Scene, SphereGeometry } from "three";
import { describe, expect, test } from "vitest";
import { Rasteriser } from "../rasteriser.ts";
import { SceneGraph } from "../scene-graph.ts";
import { anyBox, anyScene } from "../testing/arbitrary-scene.ts";
import { castPixel } from "../testing/ray-cast.ts";
import { at, box, sampleScene, sceneBefore } from "../testing/sample-scene.ts";

const ALL = { depth: true, segmentation: true, semantics: true, normals: true } as const;
const rasteriser = new Rasteriser();

function draw(scene: SceneDescription, camera: string, options = {}): Required<CameraImage> {
  return rasteriser.render(new SceneGraph(scene), camera, { ...ALL, ...options }) as Required<CameraImage>;
}

const lengthAt = (normals: Float32Array, i: number): number => Math.hypot(normals[3 * i], normals[3 * i + 1], normals[3 * i + 2]);

/** A camera at height `z` that looks down the world's z axis, or up from below it. */
function eyeAt(z: number): PerspectiveCamera {
  const camera = new PerspectiveCamera(60, 1, 0.1, 100);
  camera.position.set(0, 0, z);
  if (z < 0) camera.rotation.y = Math.PI;
  return camera;
}

describe("depth, segmentation and normals", () => {
  test("of boxes are those of the ray through each pixel centre, wherever camera and boxes are", () => {
    let hits = 0;
    fc.assert(
      fc.property(anyScene(anyBox), fc.constantFrom("eye", "carried"), (scene, id) => {
        const graph = new SceneGraph(scene);
        const camera = scene.cameras.find((each) => each.id === id)!;
        const pose = graph.cameraPose(id);
        const { depth, segmentation, normals } = rasteriser.render(graph, id, ALL) as Required<CameraImage>;
        for (let i = 0; i < depth.length; i++) {
          const seen = castPixel(scene, camera, pose, i % camera.width, Math.floor(i / camera.width));
          if (seen === "unsure") continue;
          if (seen === "background") {
            expect([segmentation[i], depth[i], lengthAt(normals, i)]).toEqual([0, Infinity, 0]);
            continue;
          }
          hits++;
          expect(segmentation[i]).toBe(seen.id);
          expect(Math.abs(depth[i] / seen.depth - 1)).toBeLessThan(1e-4);
          const normal = rotate(inverse(pose).orientation, seen.normal);
          for (const [k, axis] of (["x", "y", "z"] as const).entries())
            expect(Math.abs(normals[3 * i + k] - normal[axis])).toBeLessThan(1e-5);
        }
      }),
      { numRuns: 120 },
    );
    expect(hits).toBeGreaterThan(1000);
  });

  test("of a ball follow its round surface, not its flat triangles", () => {
    const radius = 0.5;
    const scene = sceneBefore(
      [
        {
          id: "ball",
          kind: "dynamic",
          worldFromBody: at(2, 0.1, -0.2),
          shapes: [{ geometry: { kind: "sphere", radius }, color: [1, 1, 1] }],
        },
      ],
      { verticalFov: 0.7 },
    );
    const camera = scene.cameras[0];
    const { depth, normals } = draw(scene, "eye");
    let checked = 0;
    for (let i = 0; i < depth.length; i++) {
      const seen = castPixel(scene, camera, camera.pose, i % 128, Math.floor(i / 128));
      if (typeof seen === "string") continue;
      const slope = dot(normalize(subtract(camera.pose.position, seen.point)), seen.normal);
      // At the rim the mesh itself leaves the ball.
      if (slope < 0.4) continue;
      checked++;
      const normal = rotate(inverse(camera.pose).orientation, seen.normal);
      // The mesh runs within 1.5 % of the radius.
      expect(Math.abs(depth[i] - seen.depth) * slope).toBeLessThan(0.015 * radius);
      const cosine = normals[3 * i] * normal.x + normals[3 * i + 1] * normal.y + normals[3 * i + 2] * normal.z;
      expect(cosine).toBeGreaterThan(0.9985);
      expect(Math.abs(lengthAt(normals, i) - 1)).toBeLessThan(1e-6);
    }
    expect(checked).toBeGreaterThan(3000);
  });

  test("normals are interpolated smoothly: neighbours on a ball differ by less than its facets do", () => {
    const scene = new Scene().add(new Mesh(new SphereGeometry(1, 12, 8), new MeshBasicMaterial()));
    const { normals } = rasteriser.renderScene(scene, eyeAt(3), { width: 200, height: 200, normals: true });
    let largest = 0;
    for (let i = 1; i < 40_000; i++) {
      if (i % 200 === 0 || normals![3 * i + 2] < 0.5 || normals![3 * i - 1] < 0.5) continue;
      largest = Math.max(largest, Math.abs(normals![3 * i] - normals![3 * i - 3]), Math.abs(normals![3 * i + 1] - normals![3 * i - 2]));
    }
    expect(largest).toBeGreaterThan(0);
    expect(largest).toBeLessThan(0.06);
  });

  test("normals are turned towards the camera where the back of a surface is seen", () => {
    const plane = new Mesh(new PlaneGeometry(9, 9), new MeshBasicMaterial({ side: DoubleSide }));
    const scene = new Scene().add(plane);
    const size = { width: 5, height: 5, normals: true };
    const middle = (z: number): number[] =>
      [...rasteriser.renderScene(scene, eyeAt(z), size).normals!.subarray(36, 39)].map((n) => Math.round(n) + 0);
    expect([middle(2), middle(-2)]).toEqual([
      [0, 0, 1],
      [0, 0, 1],
    ]);
    plane.scale.x = -1;
    expect([middle(2), middle(-2)]).toEqual([
      [0, 0, 1],
      [0, 0, 1],
    ]);
    plane.material.side = BackSide;
    plane.scale.x = 1;
    expect(middle(2).map(Math.abs)).toEqual([0, 0, 0]);
    expect(middle(-2)).toEqual([0, 0, 1]);
  });

  test("normals of an unevenly scaled ball stand square on its surface", () => {
    const ball = new Mesh(new SphereGeometry(1, 96, 64), new MeshBasicMaterial());
    ball.scale.set(2, 0.5, 1);
    const { normals, depth } = rasteriser.renderScene(new Scene().add(ball), eyeAt(4), {
      width: 101,
      height: 101,
      normals: true,
      depth: true,
    });
    const focal = 50.5 / Math.tan(Math.PI / 6);
    let checked = 0;
    for (let i = 0; i < depth!.length; i++) {
      const z = depth![i];
      if (z === Infinity || normals![3 * i + 2] < 0.3) continue;
      const point = vec3((((i % 101) - 50) / focal) * z, ((50 - Math.floor(i / 101)) / focal) * z, 4 - z);
      const gradient = [point.x / 4, point.y / 0.25, point.z];
      const length = Math.hypot(...gradient);
      const cosine = gradient.reduce((sum, g, k) => sum + (g / length) * normals![3 * i + k], 0);
      expect(cosine).toBeGreaterThan(0.999);
      checked++;
    }
    expect(checked).toBeGreaterThan(500);
  });

  test("are those of the pixel's centre, whatever the supersampling", () => {
    const plain = draw(sampleScene(), "wrist");
    for (const supersample of [2, 3]) {
      const smooth = draw(sampleScene(), "wrist", { supersample });
      for (const channel of ["depth", "segmentation", "semantics", "normals"] as const) expect(smooth[channel]).toEqual(plain[channel]);
    }
  });
});

const cube = (id: string, y: number, more = {}): SceneDescription["bodies"][number] => ({
  id,
  kind: "dynamic",
  worldFromBody: at(1, y, 0),
  shapes: [{ geometry: box(0.1, 0.1, 0.1), color: [1, 1, 1] }],
  ...more,
});

describe("semantics", () => {
  test("give bodies of one category one id, in the order in which the scene names them", () => {
    const scene = sceneBefore([
      cube("a", 0.3, { category: "cube" }),
      cube("b", 0, { label: "lid" }),
      cube("c", -0.3, { category: "cube", label: "red cube" }),
    ]);
    const { semantics, segmentation } = draw(scene, "eye");
    const pairs = new Set(Array.from(segmentation, (id, i) => `${id}:${semantics[i]}`));
    expect([...pairs].sort()).toEqual(["0:0", "1:1", "2:2", "3:1"]);
  });

  test("are 0 for meshes of a plain scene that have none", () => {
    const scene = new Scene().add(new Mesh(new PlaneGeometry(9, 9), new MeshBasicMaterial()));
    const size = { width: 2, height: 2, semantics: true };
    expect([...rasteriser.renderScene(scene, eyeAt(1), size).semantics!]).toEqual([0, 0, 0, 0]);
    scene.children[0].userData["semanticId"] = 7;
    expect([...rasteriser.renderScene(scene, eyeAt(1), size).semantics!]).toEqual([7, 7, 7, 7]);
  });
});
