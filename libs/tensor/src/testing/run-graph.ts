import type { Graph } from "../graph/graph.ts";
import type { Tensor } from "../graph/tensor.ts";
import { Session } from "../node/session.ts";
import type { HostTensor } from "../onnx/model.ts";

/** Runs a graph once, on one thread. */
export async function runGraph(
  graph: Graph,
  outputs: Readonly<Record<string, Tensor>>,
  feeds: Readonly<Record<string, HostTensor>> = {},
): Promise<Record<string, HostTensor>> {
  const session = await Session.create(graph.toModel(outputs));
  try {
    return await session.run(feeds);
  } finally {
    await session.release();
  }
}
