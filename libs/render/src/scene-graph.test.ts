import { DEFAULT_LIGHT, InputError, UnknownIdError } from "@reverie/core";
import { Mesh, PerspectiveCamera } from "three";
import type { Color } from "three";
import { describe, expect, test } from "vitest";
import { SceneGraph } from "./scene-graph.ts";
import { at, box, posesOf, sampleScene, sceneBefore } from "./testing/sample-scene.ts";

describe("SceneGraph", () => {
  test("has one object per body in scene order and one mesh per coloured shape", () => {
    const scene = sampleScene();
    const graph = new SceneGraph({
      ...scene,
      bodies: [...scene.bodies, { id: "ghost", kind: "fixed", worldFromBody: at(0, 0, 0), shapes: [{ geometry: box(1, 1, 1) }] }],
    });
    expect(graph.bodies.map(({ name }) => name)).toEqual([...scene.bodies.map(({ id }) => id), "ghost"]);
    graph.bodies.forEach((body, index) => {
      const meshes = body.children.filter((child) => child instanceof Mesh);
      expect(meshes.length).toBe(index < scene.bodies.length ? scene.bodies[index].shapes.length : 0);
      for (const mesh of meshes) expect(mesh.userData["segmentationId"]).toBe(index + 1);
    });
  });

  test("shares the geometry of equal shapes and the material of equal colours", () => {
    const graph = new SceneGraph(sampleScene());
    const meshOf = (id: string): Mesh => graph.bodies.find(({ name }) => name === id)!.children[0] as Mesh;
    expect(meshOf("cube-red").geometry).toBe(meshOf("cube-blue").geometry);
    expect(meshOf("cube-red").material).not.toBe(meshOf("cube-blue").material);
    expect(meshOf("link1").material).toBe(meshOf("link2").material);
  });

  test("moves bodies to the poses given, and what they carry with them", () => {
    const scene = sampleScene();
    const graph = new SceneGraph(scene);
    const poses = posesOf(scene, 0.25);
    graph.setPoses(Float32Array.from(poses));
    const cube = graph.bodies.findIndex(({ name }) => name === "cube-red");
    expect(graph.bodies[cube].children[0].matrixWorld.elements[14]).toBeCloseTo(0.275, 6);
    const before = new SceneGraph(scene).cameraPose("wrist").position.z;
    expect(graph.cameraPose("wrist").position.z).toBeCloseTo(before + 0.25, 6);
  });

  test("has cameras with the description's view and pixels", () => {
    const graph = new SceneGraph(sceneBefore([], { verticalFov: 1.1, width: 320, height: 200, near: 0.02, far: 7 }));
    const camera = graph.camera("eye");
    const same = new PerspectiveCamera((1.1 * 180) / Math.PI, 1.6, 0.02, 7);
    camera.projectionMatrix.elements.forEach((value, i) => expect(value).toBeCloseTo(same.projectionMatrix.elements[i], 9));
    expect(camera.userData).toEqual({ width: 320, height: 200 });
  });

  test("lights the scene as described, by default with the default light", () => {
    const graph = new SceneGraph(sampleScene());
    expect((graph.root.background as Color).toArray()).toEqual(DEFAULT_LIGHT.background);
    const plain = new SceneGraph({ ...sampleScene(), light: { ...DEFAULT_LIGHT, background: [0, 0.5, 1] } });
    expect((plain.root.background as Color).toArray()).toEqual([0, 0.5, 1]);
  });

  test("lets the floor receive shadows without casting one", () => {
    const graph = new SceneGraph(sampleScene());
    const casts = (id: string): boolean => graph.bodies.find(({ name }) => name === id)!.children[0].castShadow;
    expect([casts("floor"), casts("table"), casts("cube-red")]).toEqual([false, true, true]);
  });

  test("says what is wrong with poses, cameras and carriers", () => {
    const scene = sampleScene();
    const graph = new SceneGraph(scene);
    expect(() => graph.setPoses(new Float32Array(7))).toThrow(InputError);
    expect(() => graph.setPoses(new Float32Array(7))).toThrow(`poses: expected ${scene.bodies.length} bodies x 7 numbers, got 7 numbers.`);
    expect(() => graph.cameraPose("wirst")).toThrow('Unknown camera "wirst", did you mean "wrist"?');
    expect(() => new SceneGraph(sceneBefore([], { body: "hand" }))).toThrow(UnknownIdError);
  });
});
