import { InputError } from "@reverie/core";
import { shapeText } from "../graph/dims.ts";
import type { HostTensor } from "../onnx/model.ts";
import { BATCH } from "./passes.ts";
import type { Inputs } from "./train-graph.ts";

/**
 * Checks what is fed against what was declared, where a mistake can still be named in the caller's words.
 * @param microBatches - the size "batch" must be a multiple of this
 * @throws InputError naming the input that is missing, unknown, or of another dtype or shape
 */
export function checkFeeds(declared: Inputs, feeds: Readonly<Record<string, HostTensor>>, microBatches = 1): void {
  const names = Object.keys(declared);
  for (const name of Object.keys(feeds)) {
    if (!Object.hasOwn(declared, name)) throw new InputError(name, `there is no such input; inputs: ${names.join(", ") || "none"}.`);
  }
  const sizes = new Map<string, number>();
  for (const [name, { dtype, shape }] of Object.entries(declared)) {
    const feed = Object.hasOwn(feeds, name) ? feeds[name] : undefined;
    if (feed === undefined) throw new InputError(name, `no value is fed for this input; inputs: ${names.join(", ")}.`);
    const given = `got ${feed.dtype} [${feed.shape.join(", ")}]`;
    if (feed.dtype !== dtype || feed.shape.length !== shape.length)
      throw new InputError(name, `expected ${dtype} ${shapeText(shape)}, ${given}.`);
    shape.forEach((dim, axis) => {
      const size = feed.shape[axis]!;
      const expected = typeof dim === "number" ? dim : (sizes.get(dim) ?? size);
      if (size !== expected) {
        const said = typeof dim === "number" ? "" : ` where ${dim} is ${expected}, as in another input`;
        throw new InputError(name, `expected ${dtype} ${shapeText(shape)}${said}, ${given}.`);
      }
      if (typeof dim === "string") sizes.set(dim, size);
    });
  }
  const batch = sizes.get(BATCH);
  if (batch !== undefined && batch % microBatches !== 0) {
    throw new InputError(BATCH, `expected a multiple of the ${microBatches} micro-batches, got ${batch}.`);
  }
}
