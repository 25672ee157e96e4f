import { defineConfig } from "vitest/config";

// With REVERIE_TEST_REPORTS set to a folder, each run also leaves a JSON report there (one file for each process).
const reports = process.env["REVERIE_TEST_REPORTS"];

// Tests run on the sources: the "@reverie/source" condition points every package at its src folder, so no build comes first.
export default defineConfig({
  resolve: { conditions: ["@reverie/source"] },
  ssr: { resolve: { conditions: ["@reverie/source"] } },
  test: {
    include: ["{libs,envs,apps,tools}/**/*.test.ts"],
    exclude: ["**/node_modules/**", "**/dist/**", "**/*.slow.test.ts"],
    testTimeout: 30_000,
    expect: { poll: { timeout: 10_000 } },
    hookTimeout: 60_000,
    passWithNoTests: false,
    reporters: reports === undefined ? ["default"] : ["default", ["json", { outputFile: `${reports}/${process.pid}.json` }]],
  },
});
