import { Graph, parameterName } from "../graph/graph.ts";
import type { Parameter } from "../graph/parameters.ts";
import type { HostTensor, OnnxModel } from "../onnx/model.ts";
import { checkFeeds } from "../training/feeds.ts";
import type { Inputs, Tensors } from "../training/train-graph.ts";
import type { SessionOptions } from "./session.ts";
import { Session } from "./session.ts";

export interface CompileOptions {
  readonly inputs: Inputs;
  /** Writes the outputs; modules behave as in use, not as in training. */
  readonly outputs: (inputs: Tensors) => Tensors;
  /**
   * "constant" (default) puts the parameters' present values into the model: fastest, and what is saved as an ONNX file.
   * "live" reads them at every run, so the outputs follow a trainer.
   */
  readonly weights?: "constant" | "live";
  readonly session?: SessionOptions;
}

/** A model ready to run. */
export class CompiledModel {
  readonly model: OnnxModel;
  readonly #session: Session;
  readonly #declared: Inputs;
  readonly #live: ReadonlyMap<string, Parameter>;

  constructor(model: OnnxModel, session: Session, declared: Inputs, live: ReadonlyMap<string, Parameter>) {
    this.model = model;
    this.#session = session;
    this.#declared = declared;
    this.#live = live;
  }

  /** Computes the outputs on the calling thread. @throws InputError when a feed is missing, unknown or does not fit */
  async run(feeds: Readonly<Record<string, HostTensor>>): Promise<Record<string, HostTensor>> {
    // An input that no output depends on is not part of the model: it may be left out.
    const needed = Object.entries(this.#declared).filter(([name]) => Object.hasOwn(feeds, name) || this.#session.inputNames.includes(name));
    checkFeeds(Object.fromEntries(needed), feeds);
    const read = Object.fromEntries(Object.entries(feeds).filter(([name]) => this.#session.inputNames.includes(name)));
    for (const [name, { shape, values }] of this.#live) {
      if (this.#session.inputNames.includes(name)) read[name] = { dtype: "float32", shape, data: values };
    }
    return this.#session.run(read);
  }

  async release(): Promise<void> {
    await this.#session.release();
  }
}

/** Makes a model from a function over tensors. @throws InputError when the graph does not fit together or ONNX Runtime refuses it */
export async function compile(options: CompileOptions): Promise<CompiledModel> {
  const live = new Map<string, Parameter>();
  const graph = new Graph({
    name: "model",
    ...(options.weights === "live"
      ? {
          bindParameter: (owner: Graph, parameter: Parameter) => {
            const name = parameterName(parameter);
            live.set(name, parameter);
            return owner.input(name, "float32", parameter.shape);
          },
        }
      : {}),
  });
  const inputs = Object.fromEntries(
    Object.entries(options.inputs).map(([name, { dtype, shape }]) => [name, graph.input(name, dtype, shape)]),
  );
  const model = graph.toModel(options.outputs(inputs));
  return new CompiledModel(model, await Session.create(model, options.session), options.inputs, live);
}
