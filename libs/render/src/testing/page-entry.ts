// What the browser tests put on a page: the renderer for both eyes, and a hash to compare with Node.

export { sha256Hex } from "@reverie/core";
export { encodePng } from "../png.ts";
export { Rasteriser } from "../rasteriser.ts";
export { SceneGraph } from "../scene-graph.ts";
export { Viewport } from "../web/viewport.ts";
