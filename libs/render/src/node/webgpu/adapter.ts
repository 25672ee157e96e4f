import { InputError, messageOf } from "@reverie/core";

/** The package that brings WebGPU to Node: an optional peer, 130 MB, so only those who want it install it. */
const PACKAGE: string = "webgpu";
const INSTALL = "npm install webgpu@0.6.2";

/** Which graphics processor to take. */
export interface AdapterOptions {
  /** Preferred processor where there are several. @defaultValue "high-performance" */
  readonly power?: "high-performance" | "low-power";
  /** Whether a driver that computes on the CPU will do. @defaultValue false */
  readonly software?: boolean;
}

/** What the package `webgpu` exports. */
interface WebGpuPackage {
  create(options: readonly string[]): GPU;
  readonly globals: Readonly<Record<string, unknown>>;
}

/** An adapter, or one sentence that says why there is none. */
export type FoundAdapter = { readonly adapter: GPUAdapter } | { readonly missing: string };

/** Dawn crashes when this object is collected before the adapters and devices that came from it. */
let gpu: GPU | undefined;

/** In words, such as "NVIDIA H100 (vulkan)". */
export function describeAdapter({ info }: GPUAdapter): string {
  const name = info.device || info.description || "unnamed adapter";
  return `${info.vendor} ${name}${info.description === "" || info.description === name ? "" : ` (${info.description})`}`;
}

/** Looks for a graphics processor. Also makes WebGPU's constants global where they are not: three reads them from there. */
export async function findAdapter(options: AdapterOptions = {}): Promise<FoundAdapter> {
  const { power = "high-performance", software = false } = options;
  if (power !== "high-performance" && power !== "low-power") {
    throw new InputError("options.power", `expected "high-performance" or "low-power", got ${String(power)}.`);
  }
  let loaded: WebGpuPackage;
  try {
    loaded = (await import(PACKAGE)) as WebGpuPackage;
  } catch (error) {
    return { missing: `The package "webgpu" cannot be loaded (${messageOf(error).split("\n")[0]}); install it with ${INSTALL}.` };
  }
  for (const [name, value] of Object.entries(loaded.globals)) {
    if (!(name in globalThis)) Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
  }
  gpu ??= loaded.create([]);
  const adapter = await gpu.requestAdapter({ powerPreference: power });
  if (adapter === null) return { missing: "No graphics processor was found: WebGPU needs a Vulkan, Metal or Direct3D 12 driver." };
  if (adapter.info.isFallbackAdapter && !software) {
    return { missing: `The only adapter is ${describeAdapter(adapter)}, which computes on the CPU; pass software: true to use it.` };
  }
  return { adapter };
}
