// What the agreement test puts on a page: both eyes, and the measure between them.

export { Rasteriser } from "../rasteriser.ts";
export { SceneGraph } from "../scene-graph.ts";
export { agreementOf } from "./agreement.ts";
export { randomScene, withTextures } from "./random-scene.ts";
export { WebGlEye } from "./webgl-eye.ts";
