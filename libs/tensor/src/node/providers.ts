import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { InputError } from "@reverie/core";
import { listSupportedBackends } from "onnxruntime-node";

/** Where ONNX Runtime can compute: processor, NVIDIA graphics, DirectX 12, WebGPU, Apple. */
export const EXECUTION_PROVIDERS = ["cpu", "cuda", "tensorrt", "dml", "webgpu", "coreml"] as const;
export type ExecutionProvider = (typeof EXECUTION_PROVIDERS)[number];

const BINARIES = join(
  dirname(createRequire(import.meta.url).resolve("onnxruntime-node")),
  `../bin/napi-v6/${process.platform}/${process.arch}`,
);

const NEEDS: Readonly<Record<ExecutionProvider, string>> = {
  cpu: "it is part of onnxruntime-node on every system it supports",
  cuda: "it needs Linux on x64, an NVIDIA driver, CUDA 12, cuDNN 9, and the CUDA files that onnxruntime-node's own install script fetches: node node_modules/onnxruntime-node/script/install --onnxruntime-node-install=cuda12",
  tensorrt: "it needs what cuda needs, and TensorRT",
  dml: "it needs Windows 10 or newer with a DirectX 12 graphics card",
  webgpu: "it needs a graphics card and its driver (on Linux a Vulkan driver: apt-get install libvulkan1 and the card's own)",
  coreml: "it needs macOS",
};

/** Files beside onnxruntime-node's own that a provider lives in, where it is no part of it. */
const LIBRARIES: Readonly<Partial<Record<ExecutionProvider, string>>> = {
  cuda: "libonnxruntime_providers_cuda.so",
  tensorrt: "libonnxruntime_providers_tensorrt.so",
};

/** One execution provider, as this machine's onnxruntime-node has it. */
export interface ProviderStatus {
  readonly name: ExecutionProvider;
  /** Whether its code is here. A driver or device may still be missing: a session then says so. */
  readonly available: boolean;
  /** What it needs. */
  readonly needs: string;
}

/** Every execution provider that can be asked for, and whether its code is on this machine. */
export function executionProviders(): ProviderStatus[] {
  const listed = new Map(listSupportedBackends().map(({ name, bundled }) => [name, bundled]));
  return EXECUTION_PROVIDERS.map((name) => ({ name, available: listed.get(name) ?? false, needs: NEEDS[name] })).map((status) => {
    const library = LIBRARIES[status.name];
    const besides = library !== undefined && listed.has(status.name) && existsSync(join(BINARIES, library));
    return besides ? { ...status, available: true } : status;
  });
}

/** What a provider needs, as half a sentence. */
export const providerNeeds = (name: ExecutionProvider): string => NEEDS[name];

/** @throws InputError saying what is missing when this machine's onnxruntime-node does not know the provider */
export function requireProvider(name: string): ExecutionProvider {
  const found = executionProviders().find((provider) => provider.name === name);
  const known = executionProviders().flatMap((provider) => (provider.available ? [provider.name] : []));
  if (found === undefined)
    throw new InputError("executionProvider", `expected one of ${EXECUTION_PROVIDERS.join(", ")}, got ${JSON.stringify(name)}.`);
  if (!found.available) {
    throw new InputError(
      "executionProvider",
      `this machine's onnxruntime-node has no "${name}": ${found.needs}. Available here: ${known.join(", ")}.`,
    );
  }
  return found.name;
}
