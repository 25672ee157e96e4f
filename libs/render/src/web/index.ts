export { Viewport } from "./viewport.ts";

export type { Theme } from "./theme.ts";
export type { ViewportOptions } from "./viewport.ts";
