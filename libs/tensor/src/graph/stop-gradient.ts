import { Tensor } from "./tensor.ts";

/** The same values, through which no gradient flows back. Costs nothing when the graph runs. */
export const stopGradient = (tensor: Tensor): Tensor => new Tensor(tensor.graph, tensor.name, tensor);
