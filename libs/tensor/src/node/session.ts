import { InputError, messageOf, StateError } from "@reverie/core";
import * as ort from "onnxruntime-node";
import type { HostTensor, OnnxModel } from "../onnx/model.ts";
import { byteLength } from "../onnx/dtype.ts";
import { encodeModel } from "../onnx/encode.ts";
import type { ExecutionProvider } from "./providers.ts";
import { providerNeeds, requireProvider } from "./providers.ts";

export interface SessionOptions {
  /** Where the graph is computed. Default "cpu". */
  readonly executionProvider?: ExecutionProvider;
  /** Threads that one operator may use, 1 to 256. Default 1, which is also what bit-identical reruns are promised for. */
  readonly threads?: number;
  /**
   * Whether idle threads spin instead of sleeping: a little faster on cores that nobody else uses, much slower on shared ones.
   * Default false.
   */
  readonly spin?: boolean;
  /** Path prefix for a JSON profile with the time of every operator call, written when the session is released. */
  readonly profilePrefix?: string;
}

/** Initializers together above this go to ONNX Runtime beside the model, because protobuf ends at 2 GiB. */
const INLINE_LIMIT_BYTES = 2 ** 30;
const EXTERNAL_NAME = "weights";

/** ONNX Runtime holding one model. Each `run` computes on the calling thread, which waits for it: long training belongs into a worker. */
export class Session {
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  readonly #session: ort.InferenceSession;
  #released = false;

  private constructor(session: ort.InferenceSession) {
    this.#session = session;
    this.inputNames = session.inputNames;
    this.outputNames = session.outputNames;
  }

  /**
   * @throws InputError when the provider is missing here, an option is out of range, or ONNX Runtime refuses the model
   */
  static async create(model: OnnxModel | Uint8Array, options: SessionOptions = {}): Promise<Session> {
    const provider = requireProvider(options.executionProvider ?? "cpu");
    const threads = options.threads ?? 1;
    if (!Number.isInteger(threads) || threads < 1 || threads > 256)
      throw new InputError("threads", `expected a whole number from 1 to 256, got ${threads}.`);
    const { bytes, external } = model instanceof Uint8Array ? { bytes: model, external: [] } : modelBytes(model);
    try {
      const session = await ort.InferenceSession.create(bytes, {
        executionProviders: [provider],
        intraOpNumThreads: threads,
        interOpNumThreads: 1,
        executionMode: "sequential",
        graphOptimizationLevel: "all",
        // The planned block comes on top of the first run's memory: half as much is needed without it, at the same speed.
        enableMemPattern: false,
        logSeverityLevel: 4,
        ...(external.length === 0 ? {} : { externalData: external }),
        ...(options.profilePrefix === undefined ? {} : { enableProfiling: true, profileFilePrefix: options.profilePrefix }),
        extra: { session: { intra_op: { allow_spinning: options.spin === true ? "1" : "0" } } },
      });
      return new Session(session);
    } catch (error) {
      const hint = provider === "cpu" ? "" : ` (${provider}: ${providerNeeds(provider)})`;
      throw new InputError("model", `ONNX Runtime refuses it on "${provider}": ${messageOf(error).trim()}${hint}`, { cause: error });
    }
  }

  /**
   * Computes the outputs.
   * @param feeds - a tensor for each input
   * @param into - arrays that take outputs of known shape, by output name; outputs without one get a new array
   * @throws InputError when an input is missing or unknown, or ONNX Runtime refuses the values (the message names the operator call)
   */
  async run(
    feeds: Readonly<Record<string, HostTensor>>,
    into: Readonly<Record<string, HostTensor>> = {},
  ): Promise<Record<string, HostTensor>> {
    if (this.#released) throw new StateError("The session was released; make another one.");
    const inputs: Record<string, ort.Tensor> = {};
    for (const name of this.inputNames) {
      const feed = Object.hasOwn(feeds, name) ? feeds[name] : undefined;
      if (feed === undefined) throw new InputError(name, `no value is fed for this input; inputs: ${this.inputNames.join(", ")}.`);
      inputs[name] = runtimeTensor(feed, name);
    }
    for (const name of Object.keys(feeds)) {
      if (!this.inputNames.includes(name))
        throw new InputError(name, `there is no such input; inputs: ${this.inputNames.join(", ") || "none"}.`);
    }
    const fetches: Record<string, ort.Tensor | null> = {};
    for (const name of this.outputNames) fetches[name] = Object.hasOwn(into, name) ? runtimeTensor(into[name]!, name) : null;
    let results: ort.InferenceSession.ReturnType;
    try {
      results = await this.#session.run(inputs, fetches);
    } catch (error) {
      throw new InputError("run", `ONNX Runtime stopped: ${messageOf(error)}`, { cause: error });
    }
    const outputs: Record<string, HostTensor> = {};
    for (const name of this.outputNames) outputs[name] = Object.hasOwn(into, name) ? into[name]! : hostTensor(results[name] as ort.Tensor);
    return outputs;
  }

  /** Gives the memory back at once; garbage collection alone takes its time. */
  async release(): Promise<void> {
    if (this.#released) return;
    this.#released = true;
    this.#session.endProfiling();
    await this.#session.release();
  }
}

function modelBytes(model: OnnxModel): { bytes: Uint8Array; external: { path: string; data: Uint8Array }[] } {
  const total = model.initializers.reduce((sum, { dtype, shape }) => sum + byteLength(dtype, shape), 0);
  if (total <= INLINE_LIMIT_BYTES) return { bytes: encodeModel(model), external: [] };
  const external: { path: string; data: Uint8Array }[] = [];
  const bytes = encodeModel(model, {
    externalData: ({ data }) => {
      if (data.byteLength < 1024) return undefined;
      const path = `${EXTERNAL_NAME}-${external.length}`;
      external.push({ path, data: new Uint8Array(data.buffer, data.byteOffset, data.byteLength) });
      return { location: path, offset: 0, length: data.byteLength };
    },
  });
  return { bytes, external };
}

function runtimeTensor(tensor: HostTensor, name: string): ort.Tensor {
  try {
    return new ort.Tensor(tensor.dtype as "float32", tensor.data as Float32Array, tensor.shape);
  } catch (error) {
    throw new InputError(
      name,
      `${tensor.data.constructor.name} of ${tensor.data.length} is no ${tensor.dtype} [${tensor.shape.join(", ")}].`,
      { cause: error },
    );
  }
}

const hostTensor = (tensor: ort.Tensor): HostTensor => ({
  dtype: tensor.type as HostTensor["dtype"],
  shape: tensor.dims,
  data: tensor.data as HostTensor["data"],
});
