// A process of its own: three's WebGPURenderer on the package "webgpu". The parent sends the scene and gets { adapter }, or { missing }
// with the reason; then it sends { run: N } and gets the milliseconds of N frames; 0 ends the process.

import { messageOf } from "@reverie/core";
import { SceneGraph } from "@reverie/render";
import { WebGpuRenderer } from "@reverie/render/node";

process.once("message", async ({ scene, camera, frames, size }) => {
  let renderer;
  try {
    renderer = await WebGpuRenderer.create({ software: true });
  } catch (error) {
    process.send({ missing: messageOf(error) });
    process.disconnect();
    return;
  }
  const graph = new SceneGraph(scene);
  const poses = frames.map((frame) => Float32Array.from(frame));
  let next = 0;
  process.on("message", async ({ run }) => {
    if (run === 0) {
      renderer.dispose();
      process.disconnect();
      return;
    }
    const start = performance.now();
    for (let i = 0; i < run; i++) {
      graph.setPoses(poses[next++ % poses.length]);
      await renderer.render(graph, camera, { width: size, height: size });
    }
    process.send({ milliseconds: performance.now() - start });
  });
  process.send({ adapter: renderer.adapter });
});
