export { cameraPinhole, checkCamera, configureCamera, pixelRay, projectPoint } from "./camera-model.ts";
export { fitProjection, pinholeOf } from "./pinhole.ts";
export { encodePng } from "./png.ts";
export { applyVisualRandomization, assertVisualRandomization } from "./randomize/apply.ts";
export { assertVisualRanges, VISUAL_PRESETS } from "./randomize/ranges.ts";
export { sampleVisualRandomization } from "./randomize/sample.ts";
export { Rasteriser } from "./rasteriser.ts";
export { SceneGraph } from "./scene-graph.ts";
export { aimSunShadow } from "./sun-shadow.ts";
export { applySensorNoise, assertSensorNoise } from "./sensor-noise.ts";
export { segmentationNames } from "./segmentation-names.ts";

export type { Pinhole } from "./pinhole.ts";
export type { RasteriserOptions } from "./rasteriser.ts";
export type { SegmentationNames } from "./segmentation-names.ts";
export type { Range, SurfaceKind, VisualPreset, VisualRandomizationRanges } from "./randomize/ranges.ts";
