import { compose, IDENTITY_POSE, InputError, vec3 } from "@reverie/core";
import type { BodyDescription, CameraImage, GeometryDescription, SceneDescription } from "@reverie/core";
import { BufferAttribute, BufferGeometry, DoubleSide, Mesh, MeshBasicMaterial, PerspectiveCamera, PlaneGeometry, Scene } from "three";
import { describe, expect, test } from "vitest";
import { Rasteriser } from "./rasteriser.ts";
import { SceneGraph } from "./scene-graph.ts";
import { at, box, posesOf, sampleScene, sceneBefore } from "./testing/sample-scene.ts";

const CHANNELS = { depth: true, segmentation: true, semantics: true, normals: true, flow: true, visibility: true } as const;

function draw(scene: SceneDescription, camera = "eye", options = {}): Required<CameraImage> {
  return new Rasteriser().render(new SceneGraph(scene), camera, { ...CHANNELS, ...options }) as Required<CameraImage>;
}

const solid = (id: string, x: number, geometry: GeometryDescription): BodyDescription => ({
  id,
  kind: "dynamic",
  worldFromBody: at(x, 0, 0),
  shapes: [{ geometry, color: [0.8, 0.5, 0.2] }],
});

const buffersOf = (image: Required<CameraImage>): unknown[] => [
  image.rgb,
  image.depth,
  image.segmentation,
  image.semantics,
  image.normals,
  image.visibility,
];

describe("a camera inside a solid", () => {
  const SOLIDS: readonly GeometryDescription[] = [
    box(0.5, 0.5, 0.5),
    { kind: "sphere", radius: 0.5 },
    { kind: "cylinder", radius: 0.5, halfHeight: 0.5 },
    { kind: "capsule", radius: 0.4, halfHeight: 0.3 },
  ];

  test.each(SOLIDS)("sees out of it, as its faces are seen from outside only: $kind", (geometry) => {
    const wall = solid("wall", 2, box(0.1, 3, 3));
    const inside = draw(sceneBefore([solid("shell", 0, geometry), wall]), "eye", { shadows: false });
    const alone = draw(sceneBefore([{ ...solid("shell", 0, geometry), shapes: [] }, wall]), "eye", { shadows: false });
    expect(inside.segmentation.every((id) => id === 2)).toBe(true);
    expect(buffersOf(inside)).toEqual(buffersOf(alone));
  });
});

describe("objects without size", () => {
  const nothing: readonly GeometryDescription[] = [
    box(0, 0, 0),
    box(0.1, 0, 0),
    { kind: "sphere", radius: 0 },
    { kind: "cylinder", radius: 0, halfHeight: 0.1 },
    { kind: "cylinder", radius: 0, halfHeight: 0 },
    { kind: "capsule", radius: 0, halfHeight: 0 },
  ];

  test("draw nothing, cast no shadow and disturb nothing", () => {
    const ground = { ...solid("ground", 2, box(0.5, 0.5, 0.1)), kind: "fixed" as const };
    const empty = nothing.map((geometry, i) => solid(`nothing-${i}`, 1 + 0.1 * i, geometry));
    const bare = empty.map((body) => ({ ...body, shapes: [] }));
    const image = draw(sceneBefore([ground, ...empty]));
    expect(buffersOf(image)).toEqual(buffersOf(draw(sceneBefore([ground, ...bare]))));
    expect(image.segmentation.some((id) => id === 1)).toBe(true);
    expect(image.rgb.length).toBe(3 * 128 * 128);
  });

  test("in a scene of their own leave the background", () => {
    const { segmentation, depth, visibility } = draw(sceneBefore(nothing.map((geometry, i) => solid(`n${i}`, 1, geometry))));
    expect(segmentation.every((id) => id === 0)).toBe(true);
    expect(depth.every((metres) => metres === Infinity)).toBe(true);
    expect(visibility.every(({ unoccludedPixels }) => unoccludedPixels === 0)).toBe(true);
  });

  test("are drawn as the sheet that they are when only one side is 0", () => {
    const { segmentation } = draw(sceneBefore([solid("sheet", 1, box(0, 0.2, 0.2))]));
    const side = (2 * 0.2 * 64) / Math.tan(0.45);
    expect(Math.abs(Math.sqrt(segmentation.filter((id) => id === 1).length) - side)).toBeLessThan(1);
  });
});

describe("thousands of objects off screen", () => {
  test("change no pixel of what is on it", () => {
    const scene = sampleScene();
    // Behind the camera `table`, beside it, above, below and beyond its far plane.
    const places = [vec3(9, -9, 5), vec3(-30, -30, 0), vec3(0, 0, 40), vec3(0, 0, -60), vec3(-300, 170, -130)];
    const crowd = Array.from({ length: 5000 }, (_, i): BodyDescription => {
      const { x, y, z } = places[i % places.length];
      const worldFromBody = at(x + 0.01 * (i % 7), y + 0.01 * (i % 11), z, undefined, 0.01 * i);
      return { ...solid(`crowd-${i}`, 0, box(0.02, 0.02, 0.02)), worldFromBody };
    });
    const few = draw(scene, "table", { shadows: false });
    const many = draw({ ...scene, bodies: [...scene.bodies, ...crowd] }, "table", { shadows: false });
    for (const channel of ["rgb", "depth", "segmentation", "normals"] as const) expect(many[channel]).toEqual(few[channel]);
    expect(many.visibility.slice(0, scene.bodies.length)).toEqual(few.visibility);
    expect(many.visibility.slice(scene.bodies.length).every(({ unoccludedPixels }) => unoccludedPixels === 0)).toBe(true);
  });
});

describe("poses that are no poses", () => {
  const scene = sampleScene();
  const cube = scene.bodies.findIndex(({ id }) => id === "cube-blue");

  test.each([NaN, Infinity, -Infinity])("a number that is %d is refused and names the body; everything stays where it was", (value) => {
    const graph = new SceneGraph(scene);
    const rasteriser = new Rasteriser();
    graph.setPoses(posesOf(scene, 0.01));
    const before = rasteriser.render(graph, "table", CHANNELS);
    for (let k = 0; k < 7; k++) {
      const poses = posesOf(scene);
      poses[7 * cube + k] = value;
      expect(() => graph.setPoses(poses)).toThrow(InputError);
      expect(() => graph.setPoses(poses)).toThrow('pose of body "cube-blue": expected finite numbers, got ');
      expect(() => graph.setPoses(Float32Array.from(poses))).toThrow('"cube-blue"');
    }
    expect(rasteriser.render(graph, "table", CHANNELS)).toEqual(before);
  });

  test("a quaternion of length 0 is refused and names the body", () => {
    const poses = posesOf(scene);
    poses.fill(0, 7 * cube + 3, 7 * cube + 7);
    expect(() => new SceneGraph(scene).setPoses(poses)).toThrow('pose of body "cube-blue": expected a quaternion with a length, got 0.');
  });

  test("a quaternion of another length than 1 turns as the one of length 1 does", () => {
    const rasteriser = new Rasteriser();
    const graph = new SceneGraph(scene);
    const poses = posesOf(scene);
    const expected = rasteriser.render(graph, "table", CHANNELS).depth!;
    for (let i = 0; i < poses.length; i += 7) for (let k = 3; k < 7; k++) poses[i + k] *= 1 + (i % 5);
    graph.setPoses(poses);
    const { depth } = rasteriser.render(graph, "table", CHANNELS);
    expect(depth!.filter((metres, i) => !(metres === expected[i] || Math.abs(metres - expected[i]) < 1e-5)).length).toBeLessThan(5);
  });

  test("a description with one is refused too", () => {
    const broken = { ...IDENTITY_POSE, position: vec3(0, NaN, 0) };
    const [body] = sceneBefore([solid("ball", 1, { kind: "sphere", radius: 0.1 })]).bodies;
    expect(() => new SceneGraph(sceneBefore([{ ...body, worldFromBody: broken }]))).toThrow(
      'body "ball".worldFromBody: expected finite numbers',
    );
    const shapes = [{ ...body.shapes[0], bodyFromShape: broken }];
    expect(() => new SceneGraph(sceneBefore([{ ...body, shapes }]))).toThrow(
      'body "ball".shapes[0].bodyFromShape: expected finite numbers',
    );
  });

  test("a mesh or camera of a plain scene with one is refused", () => {
    const mesh = new Mesh(new PlaneGeometry(1, 1), new MeshBasicMaterial());
    mesh.name = "lost";
    const scene3 = new Scene().add(mesh);
    const camera = new PerspectiveCamera(60, 1, 0.1, 10);
    camera.name = "eye";
    const shoot = (): unknown => new Rasteriser().renderScene(scene3, camera, { width: 4, height: 4 });
    mesh.position.x = NaN;
    expect(shoot).toThrow('mesh "lost": expected a finite pose');
    mesh.position.x = 0;
    camera.position.y = Infinity;
    expect(shoot).toThrow('camera "eye": expected a finite pose');
    camera.position.y = 0;
    camera.near = 0;
    expect(shoot).toThrow('camera "eye": expected 0 < near < far, got near 0 and far 10.');
    camera.near = 0.1;
    mesh.userData["segmentationId"] = 65_536;
    expect(shoot).toThrow('mesh "lost".userData.segmentationId: expected a whole number from 0 to 65535, got 65536.');
  });
});

describe("image sizes", () => {
  test("one pixel shows what its centre sees", () => {
    const image = draw(sceneBefore([solid("wall", 2, box(0.1, 3, 3))]), "eye", { width: 1, height: 1 });
    expect([image.rgb.length, image.segmentation[0], image.visibility[0].visiblePixels]).toEqual([3, 1, 1]);
    expect(Math.abs(image.depth[0] - 1.9)).toBeLessThan(1e-5);
    expect([...image.normals].map((n) => Math.round(1e6 * n) / 1e6 + 0)).toEqual([0, 0, 1]);
    expect(image.visibility[0].box).toEqual({ x: 0, y: 0, width: 1, height: 1 });
  });

  test("4096 x 4096 pixels show the same as 128 x 128, finer", () => {
    const scene = sampleScene();
    const rasteriser = new Rasteriser();
    const graph = new SceneGraph(scene);
    const options = { segmentation: true, visibility: true };
    const large = rasteriser.render(graph, "table", { ...options, width: 4096, height: 4096 }) as Required<CameraImage>;
    const small = rasteriser.render(graph, "table", options) as Required<CameraImage>;
    expect(large.rgb.length).toBe(3 * 4096 * 4096);
    small.visibility.forEach(({ visiblePixels, unoccludedPixels }, body) => {
      const fine = large.visibility[body];
      const rim = 8 * Math.sqrt(unoccludedPixels + 1);
      expect(Math.abs(fine.visiblePixels / 1024 - visiblePixels)).toBeLessThan(rim);
      expect(Math.abs(fine.unoccludedPixels / 1024 - unoccludedPixels)).toBeLessThan(rim);
    });
    let equal = 0;
    for (let i = 0; i < 128 * 128; i++) {
      equal += large.segmentation[(32 * Math.floor(i / 128) + 16) * 4096 + 32 * (i % 128) + 16] === small.segmentation[i] ? 1 : 0;
    }
    expect(equal / (128 * 128)).toBeGreaterThan(0.99);
  }, 60_000);

  test("one size more is refused", () => {
    const graph = new SceneGraph(sampleScene());
    for (const size of [{ width: 4097 }, { height: 4097 }, { width: 0 }]) {
      expect(() => new Rasteriser().render(graph, "table", size)).toThrow("expected a whole number from 1 to 4096");
    }
  });
});

describe("near and far planes", () => {
  test("cut a beam that runs through both: it is seen between them and nowhere else", () => {
    // Under the camera from 3 m behind it to 3 m before it, its top 0.2 m below the eye.
    const scene = sceneBefore(
      [{ id: "beam", kind: "fixed", worldFromBody: at(0, 0, -0.3), shapes: [{ geometry: box(3, 0.1, 0.1), color: [1, 1, 1] }] }],
      { near: 0.5, far: 2, verticalFov: 1.5 },
    );
    const { depth, segmentation } = draw(scene);
    const focal = 64 / Math.tan(0.75);
    for (let y = 0; y < 128; y++) {
      const there = (0.2 * focal) / (y + 0.5 - 64);
      const seen = there > 0.5 && there < 2;
      const i = y * 128 + 64;
      expect(segmentation[i]).toBe(seen ? 1 : 0);
      if (seen) expect(Math.abs(depth[i] / there - 1)).toBeLessThan(1e-5);
    }
    expect(segmentation.some((id) => id === 1)).toBe(true);
  });

  test("keep normals and flow true on triangles with corners behind the camera", () => {
    const slab: BodyDescription = {
      id: "slab",
      kind: "kinematic",
      worldFromBody: at(0, 0, -0.5),
      shapes: [{ geometry: box(50, 50, 0.1), color: [1, 1, 1] }],
    };
    const scene = sceneBefore([slab]);
    const graph = new SceneGraph(scene);
    graph.setPoses(posesOf({ ...scene, bodies: [{ ...slab, worldFromBody: compose(slab.worldFromBody, at(0.02, 0, 0)) }] }));
    graph.setPoses(posesOf(scene));
    const { normals, flow, segmentation } = new Rasteriser().render(graph, "eye", CHANNELS) as Required<CameraImage>;
    const focal = 64 / Math.tan(0.45);
    for (let y = 70; y < 128; y++) {
      const i = y * 128 + 30;
      expect(segmentation[i]).toBe(1);
      expect(Math.abs(normals[3 * i + 1] - 1)).toBeLessThan(1e-6);
      const depth = (0.4 * focal) / (y + 0.5 - 64);
      const before = 64 + (0.4 * focal) / (depth + 0.02);
      expect(Math.abs(flow[2 * i + 1] - (y + 0.5 - before))).toBeLessThan(1e-3);
    }
  });
});

function meshOf(...corners: readonly (readonly [number, number, number])[]): Mesh {
  const geometry = new BufferGeometry();
  geometry.setAttribute("position", new BufferAttribute(new Float32Array(corners.flat()), 3));
  const mesh = new Mesh(geometry, new MeshBasicMaterial({ side: DoubleSide }));
  mesh.frustumCulled = false;
  mesh.userData["segmentationId"] = 1;
  return mesh;
}

describe("broken triangles", () => {
  const camera = new PerspectiveCamera(60, 1, 0.1, 100);
  const options = { width: 64, height: 64, depth: true, segmentation: true, normals: true };

  test.each([
    ["points", meshOf([0, 0, -2], [0, 0, -2], [0, 0, -2])],
    ["lines", meshOf([-1, 0, -2], [0, 0, -2], [1, 0, -2])],
    ["seen edge-on", meshOf([0, 0, -1], [0, 0, -2], [0, 0, -3])],
    ["with a corner that is no number", meshOf([0, 0, -2], [1, NaN, -2], [0, 1, -2])],
    ["with a corner at infinity", meshOf([0, 0, -2], [Infinity, 0, -2], [0, 1, -2])],
  ])("%s are not drawn", (_, mesh) => {
    const image = new Rasteriser().renderScene(new Scene().add(mesh), camera, options);
    expect(image.segmentation!.every((id) => id === 0)).toBe(true);
    expect(image.depth!.every((metres) => metres === Infinity)).toBe(true);
    expect(image.normals!.every((value) => value === 0)).toBe(true);
  });

  test("hide nothing of the whole ones beside them", () => {
    const whole = meshOf([-1, -1, -3], [1, -1, -3], [0, 1, -3]);
    const alone = new Rasteriser().renderScene(new Scene().add(whole), camera, options);
    const broken = meshOf([0, 0, -2], [0, 0, -2], [0, 0, -2], [-1, 0, -2], [0, 0, -2], [1, 0, -2], [0, NaN, -1], [1, 1, -1], [1, 0, -1]);
    expect(new Rasteriser().renderScene(new Scene().add(whole, broken), camera, options)).toEqual(alone);
  });

  test("needles keep finite depths between those of their corners", () => {
    const needle = meshOf([-2, 0.000_01, -1.5], [2, 0.3, -4], [2, 0.300_5, -4]);
    const { depth, normals } = new Rasteriser().renderScene(new Scene().add(needle), camera, { ...options, width: 512, height: 512 });
    const seen = depth!.filter((metres) => metres !== Infinity);
    expect(seen.every((metres) => metres > 1.499 && metres < 4.001)).toBe(true);
    expect(normals!.every((value) => Math.abs(value) <= 1)).toBe(true);
  });
});

describe("channels of plain scenes", () => {
  test("flow and visibility need a graph, and say so", () => {
    const camera = new PerspectiveCamera(60, 1, 0.1, 100);
    for (const name of ["flow", "visibility"]) {
      const shoot = (): unknown => new Rasteriser().renderScene(new Scene(), camera, { width: 4, height: 4, [name]: true });
      expect(shoot).toThrow(`options.${name}: expected a SceneGraph to draw it from, got a plain scene.`);
    }
  });

  test("every channel's buffer is reused through `into`, and one that is missing is refused", () => {
    const graph = new SceneGraph(sampleScene());
    const rasteriser = new Rasteriser();
    const first = rasteriser.render(graph, "table", CHANNELS) as Required<CameraImage>;
    const second = rasteriser.render(graph, "wrist", { ...CHANNELS, into: first }) as Required<CameraImage>;
    for (const channel of ["rgb", "depth", "segmentation", "semantics", "normals", "flow"] as const) {
      expect(second[channel]).toBe(first[channel]);
    }
    expect(second).toEqual(new Rasteriser().render(graph, "wrist", CHANNELS));
    const { flow: _, ...rest } = first;
    expect(() => rasteriser.render(graph, "table", { flow: true, into: rest })).toThrow("with every channel that is asked for");
  });
});
