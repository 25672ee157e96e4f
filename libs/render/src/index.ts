export { encodePng } from "./png.ts";
export { Rasteriser } from "./rasteriser.ts";
export { SceneGraph } from "./scene-graph.ts";

export type { RasteriserOptions } from "./rasteriser.ts";
