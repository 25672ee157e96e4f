import { describe, expect, test } from "vitest";
import { SceneGraph } from "../scene-graph.ts";
import { at, box, sampleScene, sceneBefore } from "../testing/sample-scene.ts";
import { eyeOf, isFreeView, measureScene } from "./framing.ts";
import { robotBodies } from "./wardrobe.ts";

describe("measureScene", () => {
  test("frames what stands on the floor, and finds the floor", () => {
    const { sphere, groundHeight, floor } = measureScene(new SceneGraph(sampleScene()).root);
    expect(sphere.radius).toBeGreaterThan(0.6);
    expect(sphere.radius).toBeLessThan(1.2);
    expect(groundHeight).toBeCloseTo(-0.4, 6);
    expect(floor.map(({ name }) => name)).toEqual(["floor"]);
  });

  test("does not take a table for a floor", () => {
    const scene = sceneBefore([
      { id: "table", kind: "fixed", worldFromBody: at(0, 0, -0.02), shapes: [{ geometry: box(0.4, 0.6, 0.02), color: [1, 1, 1] }] },
      { id: "post", kind: "dynamic", worldFromBody: at(0, 0, 0.3), shapes: [{ geometry: box(0.05, 0.05, 0.3), color: [1, 1, 1] }] },
    ]);
    const { floor, groundHeight } = measureScene(new SceneGraph(scene).root);
    expect(floor).toEqual([]);
    expect(groundHeight).toBeCloseTo(-0.04, 2);
  });

  test("has a place to look at even in an empty scene", () => {
    const { sphere } = measureScene(new SceneGraph(sceneBefore([])).root);
    expect(sphere.radius).toBeGreaterThan(0);
    expect(eyeOf("perspective", sphere, 0.35).length()).toBeGreaterThan(sphere.radius);
  });
});

test("isFreeView knows the three views and no inherited names", () => {
  expect(["perspective", "top", "front", "wrist", "constructor", "__proto__"].map(isFreeView)).toEqual([
    true,
    true,
    true,
    false,
    false,
    false,
  ]);
});

test("robotBodies are those of long chains: an arm is one, a drawer on its cabinet is not", () => {
  const scene = sampleScene();
  const hinge = { ...scene.joints[0], id: "slide", parent: "table", child: "drawer" };
  const robots = robotBodies({ ...scene, joints: [...scene.joints, hinge] });
  expect([...robots].sort()).toEqual(["base", "hand", "link1", "link2", "link3", "link4"]);
});
