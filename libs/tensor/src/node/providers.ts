import { InputError } from "@reverie/core";
import { listSupportedBackends } from "onnxruntime-node";

/** Where ONNX Runtime can compute: processor, NVIDIA graphics, DirectX 12, WebGPU, Apple. */
export const EXECUTION_PROVIDERS = ["cpu", "cuda", "tensorrt", "dml", "webgpu", "coreml"] as const;
export type ExecutionProvider = (typeof EXECUTION_PROVIDERS)[number];

const HOW_TO_GET: Readonly<Record<ExecutionProvider, string>> = {
  cpu: "it is part of onnxruntime-node on every system it supports",
  cuda: "it needs Linux on x64, an NVIDIA driver, CUDA 12 and cuDNN 9, and the CUDA libraries that onnxruntime-node's own install script fetches (ONNXRUNTIME_NODE_INSTALL=cuda12 npm rebuild onnxruntime-node)",
  tensorrt: "it needs what cuda needs, and TensorRT",
  dml: "it needs Windows 10 or newer with a DirectX 12 graphics card",
  webgpu: "it needs a build of onnxruntime-node that holds it, and a graphics driver",
  coreml: "it needs macOS",
};

/** One execution provider, as this machine's onnxruntime-node has it. */
export interface ProviderStatus {
  readonly name: ExecutionProvider;
  /** Whether this build of onnxruntime-node knows it. Its driver and device may still be missing: a session then says so. */
  readonly available: boolean;
  /** What is needed for it. */
  readonly needs: string;
}

/** Every execution provider that can be asked for, and whether this machine's onnxruntime-node knows it. */
export function executionProviders(): ProviderStatus[] {
  const known = new Set(listSupportedBackends().map(({ name }) => name));
  return EXECUTION_PROVIDERS.map((name) => ({ name, available: known.has(name), needs: HOW_TO_GET[name] }));
}

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
