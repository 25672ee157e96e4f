export { adam, adamW } from "./adam.ts";
export { warmupCosine, warmupLinear } from "./schedule.ts";
export { sgd } from "./sgd.ts";

export type { AdamOptions } from "./adam.ts";
export type { Optimiser, UpdateCall } from "./optimiser.ts";
export type { Schedule, WarmupCosineOptions } from "./schedule.ts";
export type { SgdOptions } from "./sgd.ts";
