import { IDENTITY_POSE, InputError } from "@reverie/core";
import type { BodyDescription } from "@reverie/core";
import { describe, expect, test } from "vitest";
import { SceneGraph } from "./scene-graph.ts";
import { segmentationNames } from "./segmentation-names.ts";

const body = (id: string, more: Partial<BodyDescription> = {}): BodyDescription => ({
  id,
  kind: "dynamic",
  worldFromBody: IDENTITY_POSE,
  shapes: [],
  ...more,
});

describe("segmentationNames", () => {
  test("lists labels by body and categories by first mention, after the background", () => {
    const bodies = [body("a", { category: "cube" }), body("b", { label: "lid" }), body("c"), body("d", { label: "die", category: "cube" })];
    expect(segmentationNames({ bodies })).toEqual({
      instances: ["background", "a", "lid", "c", "die"],
      categories: ["background", "cube", "lid", "c"],
    });
  });

  test("gives a category that is called background an id of its own", () => {
    const { categories } = segmentationNames({ bodies: [body("sky", { category: "background" })] });
    expect(categories).toEqual(["background", "background"]);
  });

  test("takes as many bodies as uint16 has ids, and says so of one more", () => {
    const bodies = Array.from({ length: 65_535 }, (_, i) => body(`b${i}`));
    expect(segmentationNames({ bodies }).instances.length).toBe(65_536);
    const tooMany = { bodies: [...bodies, body("last")], joints: [], cameras: [] };
    expect(() => segmentationNames(tooMany)).toThrow(InputError);
    expect(() => new SceneGraph(tooMany)).toThrow(
      "scene.bodies: expected at most 65535 bodies, as segmentation ids are 16-bit numbers, got 65536.",
    );
  });
});
