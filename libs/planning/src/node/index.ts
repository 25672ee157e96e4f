export { EmbeddedModel } from "./embedded-model.ts";

export type { LoadOptions } from "./embedded-model.ts";
