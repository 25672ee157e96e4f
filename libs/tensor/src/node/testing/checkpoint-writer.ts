// Program for the tests that kill a process while it saves: `checkpoint-writer.js PATH FIRST_STEP` saves one step after another into PATH,
// every element being the step, and says "saving" before the first and "saved STEP" after each.

import type { HostTensor } from "../../onnx/model.ts";
import { saveCheckpoint } from "../checkpoint-file.ts";

const WEIGHTS = 1 << 21;

async function saveForEver(path: string, firstStep: number): Promise<never> {
  process.stdout.write("saving\n");
  for (let step = firstStep; ; step++) {
    const tensors = new Map<string, HostTensor>([
      ["weight", { dtype: "float32", shape: [WEIGHTS], data: new Float32Array(WEIGHTS).fill(step) }],
      ["count", { dtype: "int64", shape: [1], data: BigInt64Array.of(BigInt(step)) }],
    ]);
    await saveCheckpoint(path, { step, seed: 1, tensors, extra: { step } });
    process.stdout.write(`saved ${step}\n`);
  }
}

const [path, firstStep] = process.argv.slice(2);
if (path === undefined || firstStep === undefined) throw new Error("Usage: checkpoint-writer PATH FIRST_STEP");
await saveForEver(path, Number(firstStep));
