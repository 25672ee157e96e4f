import { defineConfig, mergeConfig } from "vitest/config";
import base from "../../vitest.config.ts";

export default mergeConfig(base, defineConfig({ test: { setupFiles: ["tools/onnx-check/record-models.mjs"] } }));
