export { EmbeddedModel } from "./embedded-model.ts";
export { TransformersModel } from "./transformers-model.ts";

export type { LoadOptions } from "./embedded-model.ts";
export type { TransformersLoadOptions } from "./transformers-model.ts";
