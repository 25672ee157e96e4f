import react from "@vitejs/plugin-react";
import { defaultClientConditions, defineConfig } from "vite";

// A built page is the one that people use, whoever builds it: tests set NODE_ENV to something else.
if (process.argv.includes("build")) process.env["NODE_ENV"] = "production";

export default defineConfig({
  plugins: [react()],
  // Any folder may serve the page: every address in it is relative.
  base: "./",
  // Workspace packages are bundled from their sources, so no build of theirs comes first.
  resolve: { conditions: ["@reverie/source", ...defaultClientConditions] },
  build: {
    outDir: "dist",
    emptyOutDir: true,
    sourcemap: false,
    // light-dark() and popover are in every browser from these on.
    target: ["chrome123", "firefox125", "safari17.5"],
    modulePreload: { polyfill: false },
    // The 3D view is one chunk of its own, loaded after the page has shown.
    chunkSizeWarningLimit: 800,
  },
});
