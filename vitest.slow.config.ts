import { mergeConfig } from "vitest/config";
import fast from "./vitest.config.ts";

const MINUTE_MS = 60_000;
// Slow tests read REVERIE_SLOW themselves: "full" asks for the sizes that the documentation reports, anything else for the small form.
const limitMs = process.env["REVERIE_SLOW"] === "full" ? 240 * MINUTE_MS : 10 * MINUTE_MS;

const slow = mergeConfig(fast, { test: { testTimeout: limitMs, hookTimeout: limitMs, fileParallelism: false } });
// Lists are added by a merge, so these two are set.
slow.test.include = ["{libs,envs,apps,tools}/**/*.slow.test.ts"];
slow.test.exclude = ["**/node_modules/**", "**/dist/**"];

export default slow;
