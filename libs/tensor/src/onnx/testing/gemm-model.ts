import type { OnnxModel } from "../model.ts";

/** y = alpha x w + b in operator set 17: x is [batch, 3], w [3, 2], b [2]. Changes replace whole fields. */
export function gemmModel(changes: Partial<OnnxModel> = {}): OnnxModel {
  return {
    irVersion: 8,
    opsetVersion: 17,
    otherOpsets: new Map(),
    producer: "reverie",
    graphName: "gemm",
    inputs: [{ name: "x", dtype: "float32", shape: ["batch", 3] }],
    outputs: [{ name: "y", dtype: "float32", shape: ["batch", 2] }],
    initializers: [
      { name: "w", dtype: "float32", shape: [3, 2], data: Float32Array.of(1, 2, 3, 4, 5, 6) },
      { name: "b", dtype: "float32", shape: [2], data: Float32Array.of(0.5, -0.5) },
    ],
    nodes: [
      {
        name: "gemm",
        operator: "Gemm",
        domain: "",
        inputs: ["x", "w", "b"],
        outputs: ["y"],
        attributes: new Map([["alpha", { kind: "float", value: 2 }]]),
      },
    ],
    metadata: new Map([["task", "test"]]),
    ...changes,
  };
}
