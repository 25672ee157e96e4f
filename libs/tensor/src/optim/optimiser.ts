import type { Tensor } from "../graph/tensor.ts";
import type { Schedule } from "./schedule.ts";

/** What an optimiser sees of one group of parameters, laid end to end. All arrays have one axis and one length. */
export interface UpdateCall {
  readonly parameters: Tensor;
  /** Gradient of the loss, already clipped. */
  readonly gradients: Tensor;
  readonly slots: Readonly<Record<string, Tensor>>;
  /** Learning rate of this step, float32 scalar. */
  readonly learningRate: Tensor;
  /** Number of this step counted from 1, float64 scalar. */
  readonly step: Tensor;
}

/** Adding an optimiser is one such definition: all of it becomes part of the training graph. */
export interface Optimiser {
  readonly name: string;
  /** Arrays of the parameters' length that are kept from step to step; they begin as zeros. */
  readonly slots: readonly string[];
  readonly learningRate: Schedule;
  update(call: UpdateCall): { readonly parameters: Tensor; readonly slots: Readonly<Record<string, Tensor>> };
}
