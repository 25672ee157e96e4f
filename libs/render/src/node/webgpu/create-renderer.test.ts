import { InputError, PeerError } from "@reverie/core";
import { describe, expect, test } from "vitest";
import { Rasteriser } from "../../rasteriser.ts";
import { SceneGraph } from "../../scene-graph.ts";
import { sampleScene } from "../../testing/sample-scene.ts";
import { findAdapter } from "./adapter.ts";
import { createRenderer } from "./create-renderer.ts";

describe("createRenderer", () => {
  test("draws on the CPU with the rasteriser's bytes", async () => {
    const graph = new SceneGraph(sampleScene());
    const renderer = await createRenderer({ backend: "cpu" });
    const image = await renderer.render(graph, "table", { depth: true });
    const same = new Rasteriser().render(graph, "table", { depth: true });
    expect(renderer.backend).toBe("cpu");
    expect(image.rgb).toEqual(same.rgb);
    expect(image.depth).toEqual(same.depth);
    renderer.dispose();
  });

  test("by itself takes a graphics processor but never a driver that computes on the CPU, and says why not", async () => {
    const found = await findAdapter();
    const renderer = await createRenderer();
    if ("missing" in found) {
      expect([renderer.backend, renderer.adapter]).toEqual(["cpu", `CPU. ${found.missing}`]);
      await expect(createRenderer({ backend: "webgpu" })).rejects.toThrow(new PeerError("webgpu", found.missing));
    } else {
      expect(renderer.backend).toBe("webgpu");
    }
    renderer.dispose();
  });

  test("refuses backends and powers that do not exist", async () => {
    await expect(createRenderer({ backend: "gl" as "cpu" })).rejects.toThrow(InputError);
    await expect(createRenderer({ power: "low" as "low-power" })).rejects.toThrow('options.power: expected "high-performance"');
  });
});
