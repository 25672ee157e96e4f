import {
  add,
  compose,
  DEFAULT_LIGHT,
  IDENTITY_POSE,
  InputError,
  inverse,
  Rng,
  sha256Hex,
  transformPoint,
  UnknownIdError,
  vec3,
} from "@reverie/core";
import type { CameraImage, Pose, SceneDescription } from "@reverie/core";
import {
  BoxGeometry,
  BufferAttribute,
  BufferGeometry,
  DoubleSide,
  Mesh,
  MeshBasicMaterial,
  PerspectiveCamera,
  PlaneGeometry,
  Scene,
} from "three";
import { describe, expect, test } from "vitest";
import { Rasteriser } from "./rasteriser.ts";
import { SceneGraph } from "./scene-graph.ts";
import { at, box, lookAt, posesOf, sampleScene, sceneBefore } from "./testing/sample-scene.ts";

const ALL = { depth: true, segmentation: true } as const;

function draw(scene: SceneDescription, camera: string, options = {}): Required<CameraImage> {
  return new Rasteriser().render(new SceneGraph(scene), camera, { ...ALL, ...options }) as Required<CameraImage>;
}

function hashOf(image: CameraImage): string {
  const { rgb, depth, segmentation } = image as Required<CameraImage>;
  return [rgb, new Uint8Array(depth.buffer), new Uint8Array(segmentation.buffer)].map(sha256Hex).join();
}

/** Where a world point should land, by the pinhole equations written out anew. */
function project(
  point: ReturnType<typeof vec3>,
  pose: Pose,
  verticalFov: number,
  width: number,
  height: number,
): [u: number, v: number, depth: number] {
  const p = transformPoint(inverse(pose), point);
  const focal = height / 2 / Math.tan(verticalFov / 2);
  return [width / 2 + (focal * p.x) / -p.z, height / 2 - (focal * p.y) / -p.z, -p.z];
}

const wall = (x: number): SceneDescription =>
  sceneBefore([{ id: "wall", kind: "fixed", worldFromBody: at(x, 0, 0), shapes: [{ geometry: box(0.001, 1, 1), color: [1, 1, 1] }] }], {
    near: 0.5,
    far: 3,
    width: 8,
    height: 8,
  });

/** Sum of the squared steps between horizontal neighbours. */
const roughness = ({ rgb, width }: CameraImage): number =>
  rgb.reduce((sum, byte, i) => (i % (3 * width) < 3 ? sum : sum + (byte - rgb[i - 3]) ** 2), 0);

describe("Rasteriser geometry", () => {
  test("puts a small object at the pixel and depth that the pinhole equations give", () => {
    const rng = new Rng(1);
    for (let trial = 0; trial < 40; trial++) {
      const eye = vec3(rng.uniform(-2, 2), rng.uniform(-2, 2), rng.uniform(0.3, 2));
      const pose = lookAt(eye, vec3(rng.uniform(-0.2, 0.2), rng.uniform(-0.2, 0.2), 0));
      const target = vec3(rng.uniform(-0.3, 0.3), rng.uniform(-0.3, 0.3), rng.uniform(-0.1, 0.1));
      const half = 0.012;
      const scene: SceneDescription = {
        ...sceneBefore([
          {
            id: "dot",
            kind: "dynamic",
            worldFromBody: { ...IDENTITY_POSE, position: target },
            shapes: [{ geometry: { kind: "sphere", radius: half }, color: [1, 0, 0] }],
          },
        ]),
        cameras: [{ id: "eye", pose, verticalFov: 0.8, width: 320, height: 200, near: 0.05, far: 20 }],
      };
      const { segmentation, depth } = draw(scene, "eye");
      const [u, v, z] = project(target, pose, 0.8, 320, 200);
      if (u < 20 || u > 300 || v < 20 || v > 180) continue;
      let count = 0;
      let sumX = 0;
      let sumY = 0;
      segmentation.forEach((id, i) => {
        if (id !== 1) return;
        count++;
        sumX += (i % 320) + 0.5;
        sumY += Math.floor(i / 320) + 0.5;
      });
      expect(count).toBeGreaterThan(0);
      expect(Math.abs(sumX / count - u)).toBeLessThan(0.5);
      expect(Math.abs(sumY / count - v)).toBeLessThan(0.5);
      const middle = depth[Math.floor(v) * 320 + Math.floor(u)];
      expect(middle).toBeLessThan(z);
      expect(middle).toBeGreaterThan(z - 1.1 * half);
    }
  });

  test("gives the analytic depth of a tilted plane to a millionth", () => {
    const pose = lookAt(vec3(-1, -0.7, 0.9), vec3(0.4, 0.1, 0));
    const scene: SceneDescription = {
      ...sceneBefore([
        { id: "slab", kind: "fixed", worldFromBody: at(0, 0, -0.05), shapes: [{ geometry: box(40, 40, 0.05), color: [0.5, 0.5, 0.5] }] },
      ]),
      cameras: [{ id: "eye", pose, verticalFov: 1, width: 160, height: 120, near: 0.05, far: 200 }],
    };
    const { depth, segmentation } = draw(scene, "eye");
    const focal = 60 / Math.tan(0.5);
    let checked = 0;
    let missed = 0;
    let worst = 0;
    for (let y = 0; y < 120; y++) {
      for (let x = 0; x < 160; x++) {
        const ray = { x: (x + 0.5 - 80) / focal, y: -(y + 0.5 - 60) / focal, z: -1 };
        const direction = transformPoint({ position: vec3(0, 0, 0), orientation: pose.orientation }, ray);
        const expected = -pose.position.z / direction.z;
        const hit = add(pose.position, vec3(direction.x * expected, direction.y * expected, 0));
        if (!(expected > 0 && Math.abs(hit.x) < 39 && Math.abs(hit.y) < 39)) continue;
        checked++;
        missed += segmentation[y * 160 + x] === 1 ? 0 : 1;
        const error = Math.abs(depth[y * 160 + x] - expected);
        worst = Math.max(worst, error / Math.max(1, expected));
      }
    }
    expect(checked).toBeGreaterThan(10_000);
    expect(missed).toBe(0);
    expect(worst).toBeLessThan(1e-6);
  });

  test("gives a sphere the area of its disc within 2 percent, from any side", () => {
    for (const direction of [vec3(1, 0, 0), vec3(0.6, 0.7, 0.4), vec3(0.1, -0.3, 0.9), vec3(0.3, 0.9, -0.2)]) {
      const distance = 2;
      const eye = vec3(direction.x * distance, direction.y * distance, direction.z * distance);
      const length = Math.sqrt(eye.x ** 2 + eye.y ** 2 + eye.z ** 2);
      const radius = 0.5;
      const scene: SceneDescription = {
        ...sceneBefore([
          {
            id: "ball",
            kind: "dynamic",
            worldFromBody: IDENTITY_POSE,
            shapes: [{ geometry: { kind: "sphere", radius }, color: [1, 1, 1] }],
          },
        ]),
        cameras: [{ id: "eye", pose: lookAt(eye, vec3(0, 0, 0)), verticalFov: 0.9, width: 500, height: 500, near: 0.05, far: 20 }],
      };
      const area = draw(scene, "eye").segmentation.reduce((sum, id) => sum + id, 0);
      // The cone that touches the sphere cuts the image plane in a circle of this radius.
      const disc = (250 / Math.tan(0.45)) * (radius / Math.sqrt(length ** 2 - radius ** 2));
      expect(Math.abs(area / (Math.PI * disc ** 2) - 1)).toBeLessThan(0.02);
    }
  });

  test("cuts what reaches behind the camera at the near plane and keeps its depth true", () => {
    // The camera stands on a long floor: most of it is behind, beside and far outside the image.
    const scene = sceneBefore(
      [{ id: "floor", kind: "fixed", worldFromBody: at(0, 0, -0.5), shapes: [{ geometry: box(5000, 5000, 0.1), color: [0.4, 0.4, 0.4] }] }],
      { width: 64, height: 64, near: 0.01, far: 1000, verticalFov: 1.2 },
    );
    const { depth, segmentation } = draw(scene, "eye");
    const focal = 32 / Math.tan(0.6);
    for (let y = 33; y < 64; y++) {
      const expected = (0.4 * focal) / (y + 0.5 - 32);
      for (let x = 0; x < 64; x++) {
        expect(segmentation[y * 64 + x]).toBe(1);
        expect(Math.abs(depth[y * 64 + x] / expected - 1)).toBeLessThan(1e-5);
      }
    }
    expect(segmentation.slice(0, 32 * 64).every((id) => id === 0)).toBe(true);
    expect(depth.slice(0, 32 * 64).every((z) => z === Infinity)).toBe(true);
  });

  test("shows nothing nearer than near or farther than far", () => {
    const hits = [0.4, 0.6, 2.9, 3.1].map((x) => draw(wall(x), "eye").segmentation.some((id) => id === 1));
    expect(hits).toEqual([false, true, true, false]);
  });

  test("carries a camera along with its body", () => {
    const scene = sampleScene();
    const graph = new SceneGraph(scene);
    const rasteriser = new Rasteriser();
    const before = rasteriser.render(graph, "wrist", ALL);
    const poses = posesOf(scene);
    const hand = scene.bodies.findIndex(({ id }) => id === "hand");
    poses[7 * hand + 1] += 0.1;
    graph.setPoses(poses);
    expect(Buffer.from(rasteriser.render(graph, "wrist", ALL).rgb).equals(Buffer.from(before.rgb))).toBe(false);

    const { worldFromBody } = scene.bodies[hand];
    const moved = { ...worldFromBody, position: add(worldFromBody.position, vec3(0, 0.1, 0)) };
    const expected = compose(moved, scene.cameras.find(({ id }) => id === "wrist")!.pose);
    const { position, orientation } = graph.cameraPose("wrist");
    for (const axis of ["x", "y", "z"] as const) expect(position[axis]).toBeCloseTo(expected.position[axis], 12);
    const dot = (["x", "y", "z", "w"] as const).reduce((sum, k) => sum + orientation[k] * expected.orientation[k], 0);
    expect(Math.abs(dot)).toBeCloseTo(1, 12);
  });
});

describe("Rasteriser.render", () => {
  test("gives equal bytes for equal state, from a used and from a fresh instance", () => {
    const scene = sampleScene();
    const graph = new SceneGraph(scene);
    const used = new Rasteriser();
    const first = hashOf(used.render(graph, "table", ALL));
    graph.setPoses(posesOf(scene, 0.05));
    used.render(graph, "wrist", { width: 333, height: 40, supersample: 2 });
    const lifted = hashOf(used.render(graph, "table", ALL));
    expect(lifted).not.toBe(first);
    graph.setPoses(posesOf(scene));
    expect(hashOf(used.render(graph, "table", ALL))).toBe(first);
    expect(hashOf(new Rasteriser().render(new SceneGraph(scene), "table", ALL))).toBe(first);
  });

  test.each([
    [1, 1],
    [17, 31],
    [31, 17],
    [640, 480],
  ])("draws %i x %i pixels", (width, height) => {
    const { rgb, depth, segmentation } = draw(sampleScene(), "table", { width, height });
    expect([rgb.length, depth.length, segmentation.length]).toEqual([3 * width * height, width * height, width * height]);
    expect(segmentation.every((id, i) => (id === 0) === (depth[i] === Infinity))).toBe(true);
    const seen = new Set(segmentation);
    expect(seen.size).toBeGreaterThan(width * height > 100_000 ? 15 : 0);
  });

  test("keeps the vertical field of view when the shape of the image changes", () => {
    const narrow = draw(sampleScene(), "table", { width: 100, height: 100 });
    const wide = draw(sampleScene(), "table", { width: 200, height: 100 });
    for (let y = 0; y < 100; y++) {
      expect(wide.segmentation.subarray(y * 200 + 50, y * 200 + 150)).toEqual(narrow.segmentation.subarray(y * 100, y * 100 + 100));
    }
  });

  test("supersampling smooths colours and leaves depth and segmentation as they are", () => {
    const plain = draw(sampleScene(), "table");
    const smooth = draw(sampleScene(), "table", { supersample: 3 });
    expect(smooth.segmentation).toEqual(plain.segmentation);
    expect(smooth.depth).toEqual(plain.depth);
    expect(roughness(smooth)).toBeLessThan(0.85 * roughness(plain));
  });

  test("writes into the caller's image, and otherwise never hands out the same buffer twice", () => {
    const graph = new SceneGraph(sampleScene());
    const rasteriser = new Rasteriser();
    const first = rasteriser.render(graph, "table", ALL);
    const second = rasteriser.render(graph, "table", ALL);
    expect(second.rgb).not.toBe(first.rgb);
    const third = rasteriser.render(graph, "wrist", { ...ALL, into: second });
    expect([third.camera, third.rgb === second.rgb, third.depth === second.depth]).toEqual(["wrist", true, true]);
    expect(hashOf(third)).toBe(hashOf(rasteriser.render(graph, "wrist", ALL)));
    expect(() => rasteriser.render(graph, "table", { into: second, width: 64 })).toThrow("expected an image of 64 x 128 pixels");
  });

  test("says what is wrong with a camera or a size", () => {
    const graph = new SceneGraph(sampleScene());
    const rasteriser = new Rasteriser();
    expect(() => rasteriser.render(graph, "tabel")).toThrow(UnknownIdError);
    expect(() => rasteriser.render(graph, "tabel")).toThrow('did you mean "table"?');
    for (const width of [0, -4, 1.5, NaN, 5000]) expect(() => rasteriser.render(graph, "table", { width })).toThrow(InputError);
    expect(() => rasteriser.render(graph, "table", { width: 2000, supersample: 4 })).toThrow("at most 4096 samples");
  });
});

const slab = (light: Partial<typeof DEFAULT_LIGHT>): SceneDescription => ({
  ...sceneBefore([
    { id: "slab", kind: "fixed", worldFromBody: at(0, 0, -0.05), shapes: [{ geometry: box(2, 2, 0.05), color: [0.5, 0.25, 0.1] }] },
    { id: "plate", kind: "dynamic", worldFromBody: at(0, 0, 0.5), shapes: [{ geometry: box(0.2, 0.2, 0.01), color: [1, 1, 1] }] },
  ]),
  cameras: [{ id: "eye", pose: lookAt(vec3(-1.5, 0, 1), vec3(0, 0, 0)), verticalFov: 1, width: 100, height: 100, near: 0.05, far: 20 }],
  light: { ...DEFAULT_LIGHT, towardsLight: vec3(0, 0, 1), color: [1, 1, 1], skyColor: [0, 0, 0], groundColor: [0, 0, 0], ...light },
});
const srgb = (linear: number): number => Math.round(255 * (1.055 * linear ** (1 / 2.4) - 0.055));
const pixelAt = (image: CameraImage, scene: SceneDescription, point: ReturnType<typeof vec3>): number[] => {
  const [u, v] = project(point, scene.cameras[0].pose, 1, 100, 100);
  const i = 3 * (Math.floor(v) * 100 + Math.floor(u));
  return [...image.rgb.subarray(i, i + 3)];
};

describe("Rasteriser light", () => {
  test("encodes Lambert's linear light as sRGB, and darkens what the plate hides from the light", () => {
    const scene = slab({});
    const image = draw(scene, "eye");
    const lit = pixelAt(image, scene, vec3(-0.4, 0.3, 0));
    [0.5, 0.25, 0.1].forEach((linear, k) => expect(Math.abs(lit[k] - srgb(linear))).toBeLessThanOrEqual(1));
    expect(pixelAt(image, scene, vec3(0.05, 0.05, 0))).toEqual([0, 0, 0]);
    const without = draw(scene, "eye", { shadows: false });
    expect(pixelAt(without, scene, vec3(0.05, 0.05, 0))).toEqual(lit);
  });

  test("moves the shadow with its caster", () => {
    const scene = slab({});
    const graph = new SceneGraph(scene);
    const rasteriser = new Rasteriser();
    rasteriser.render(graph, "eye");
    const poses = posesOf(scene);
    poses[8] += 0.6;
    graph.setPoses(poses);
    const image = rasteriser.render(graph, "eye");
    expect(pixelAt(image, scene, vec3(0.05, 0.05, 0))[0]).toBeGreaterThan(150);
    expect(pixelAt(image, scene, vec3(0.05, 0.6, 0))).toEqual([0, 0, 0]);
  });

  test("shows the background colour where nothing is hit", () => {
    const scene = slab({ background: [0.62, 0.68, 0.74] });
    const image = draw(scene, "eye", { width: 9, height: 9 });
    expect([...image.rgb.subarray(0, 3)]).toEqual([0.62, 0.68, 0.74].map(srgb));
  });
});

function eyeAt(z: number): PerspectiveCamera {
  const camera = new PerspectiveCamera(60, 1, 0.1, 100);
  camera.position.set(0, 0, z);
  return camera;
}
const share = (image: CameraImage, id: number): number =>
  image.segmentation!.reduce((sum, each) => sum + (each === id ? 1 : 0), 0) / image.segmentation!.length;

describe("Rasteriser.renderScene", () => {
  const SIZE = { width: 60, height: 60, ...ALL };

  test("draws any scene from a camera outside it, with segmentation ids of the meshes", () => {
    const scene = new Scene();
    const near = new Mesh(new BoxGeometry(1, 1, 1), new MeshBasicMaterial({ color: 0xff0000 }));
    near.userData["segmentationId"] = 700;
    const hidden = near.clone();
    hidden.userData = { segmentationId: 3 };
    hidden.position.z = -3;
    const invisible = near.clone();
    invisible.userData = { segmentationId: 4 };
    invisible.position.x = 1.2;
    invisible.visible = false;
    scene.add(near, hidden, invisible);
    const image = new Rasteriser().renderScene(scene, eyeAt(3), SIZE);
    const width = 0.5 / 2.5 / Math.tan(Math.PI / 6);
    expect(Math.abs(share(image, 700) - width ** 2)).toBeLessThan(0.02);
    expect([share(image, 3), share(image, 4)]).toEqual([0, 0]);
  });

  test("keeps proportions of unevenly scaled and mirrored meshes, and lights them from the right side", () => {
    const scene = new Scene();
    const mesh = new Mesh(new BoxGeometry(1, 1, 1), new MeshBasicMaterial());
    mesh.userData["segmentationId"] = 1;
    mesh.scale.set(-1, 0.5, 2);
    scene.add(mesh);
    const rasteriser = new Rasteriser();
    const mirrored = rasteriser.renderScene(scene, eyeAt(4), SIZE);
    mesh.scale.x = 1;
    expect(hashOf(rasteriser.renderScene(scene, eyeAt(4), SIZE))).toBe(hashOf(mirrored));
    expect(Math.abs(share(mirrored, 1) - (0.5 / 3 / Math.tan(Math.PI / 6)) ** 2 / 2)).toBeLessThan(0.02);
  });

  test("draws the back of a plane only when its material has two sides", () => {
    const scene = new Scene();
    const plane = new Mesh(new PlaneGeometry(1, 1), new MeshBasicMaterial());
    plane.userData["segmentationId"] = 1;
    scene.add(plane);
    const camera = eyeAt(-2);
    camera.rotation.y = Math.PI;
    const rasteriser = new Rasteriser();
    expect(share(rasteriser.renderScene(scene, camera, SIZE), 1)).toBe(0);
    plane.material.side = DoubleSide;
    expect(share(rasteriser.renderScene(scene, camera, SIZE), 1)).toBeGreaterThan(0.1);
  });

  test("takes vertex colours, and follows a geometry that changes", () => {
    const geometry = new BufferGeometry();
    geometry.setAttribute("position", new BufferAttribute(new Float32Array([-9, -9, 0, 9, -9, 0, 0, 9, 0]), 3));
    geometry.setAttribute("color", new BufferAttribute(new Float32Array([0, 1, 0, 0, 1, 0, 0, 1, 0]), 3));
    const mesh = new Mesh(geometry, new MeshBasicMaterial({ vertexColors: true }));
    mesh.userData["segmentationId"] = 1;
    const scene = new Scene().add(mesh);
    const rasteriser = new Rasteriser();
    const image = rasteriser.renderScene(scene, eyeAt(1), SIZE);
    const middle = 3 * (30 * 60 + 30);
    expect([image.rgb[middle], image.rgb[middle + 1] > 100, image.rgb[middle + 2]]).toEqual([0, true, 0]);
    const position = geometry.getAttribute("position");
    position.setZ(0, 50);
    position.setZ(1, 50);
    position.setZ(2, 50);
    position.needsUpdate = true;
    expect(share(rasteriser.renderScene(scene, eyeAt(1), SIZE), 1)).toBe(0);
  });

  test("needs a size from somewhere", () => {
    expect(() => new Rasteriser().renderScene(new Scene(), eyeAt(1))).toThrow(
      "options.width: expected a whole number from 1 to 4096, got undefined.",
    );
  });

  test("puts the picture of a view offset where three.js puts it", () => {
    const scene = new Scene();
    const mesh = new Mesh(new BoxGeometry(1, 1, 1), new MeshBasicMaterial());
    mesh.userData["segmentationId"] = 1;
    scene.add(mesh);
    const whole = new Rasteriser().renderScene(scene, eyeAt(3), SIZE);
    const camera = eyeAt(3);
    camera.setViewOffset(60, 60, 20, 10, 30, 30);
    const part = new Rasteriser().renderScene(scene, camera, { ...ALL, width: 30, height: 30 });
    for (let y = 0; y < 30; y++) {
      for (let x = 0; x < 30; x++) expect(part.segmentation![y * 30 + x]).toBe(whole.segmentation![(y + 10) * 60 + x + 20]);
    }
  });
});
