// Runs before each test file of the check: keeps a copy of every model that ONNX Runtime accepted.

import { createHash } from "node:crypto";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { InferenceSession } from "onnxruntime-node";

const folder = process.env.REVERIE_ONNX_MODELS;
if (folder === undefined) throw new Error("REVERIE_ONNX_MODELS names no folder.");
const create = InferenceSession.create.bind(InferenceSession);
InferenceSession.create = async (model, options) => {
  const session = await create(model, options);
  // Weights beside the model would have to lie there as files; the checker has seen the rest of such a model elsewhere.
  if (model instanceof Uint8Array && options?.externalData === undefined) {
    const path = join(folder, `${createHash("sha256").update(model).digest("hex").slice(0, 24)}.onnx`);
    if (!existsSync(path)) writeFileSync(path, model);
  }
  return session;
};
