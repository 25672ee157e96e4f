// Runs in a page: three's own WebGLRenderer on the same scene graph, every frame read back as bytes.

import { aimSunShadow, SceneGraph } from "@reverie/render";
import { WebGLRenderer } from "three";

/** Makes the renderer; `run(count)` draws so many further frames and returns the milliseconds they took. */
export function createCamera({ scene, camera, frames, size, shadowTexels }) {
  const graph = new SceneGraph(scene);
  const eye = graph.camera(camera);
  eye.aspect = 1;
  eye.updateProjectionMatrix();
  const renderer = new WebGLRenderer({ canvas: document.createElement("canvas"), antialias: false });
  renderer.setSize(size, size, false);
  renderer.shadowMap.enabled = true;
  const context = renderer.getContext();
  const pixels = new Uint8Array(4 * size * size);
  const poses = frames.map((frame) => Float32Array.from(frame));
  let next = 0;
  const run = (count) => {
    const start = performance.now();
    for (let i = 0; i < count; i++) {
      graph.setPoses(poses[next++ % poses.length]);
      aimSunShadow(graph.root, shadowTexels);
      renderer.render(graph.root, eye);
      context.readPixels(0, 0, size, size, context.RGBA, context.UNSIGNED_BYTE, pixels);
    }
    if (pixels.every((byte) => byte === pixels[0])) throw new Error("WebGL drew an empty picture.");
    return performance.now() - start;
  };
  const names = context.getExtension("WEBGL_debug_renderer_info");
  return { run, adapter: names === null ? "unnamed" : context.getParameter(names.UNMASKED_RENDERER_WEBGL) };
}
