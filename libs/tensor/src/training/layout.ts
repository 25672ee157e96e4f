import { InputError } from "@reverie/core";
import type { Parameter, ParameterSet } from "../graph/parameters.ts";
import type { Optimiser } from "../optim/optimiser.ts";

/** Parameters that share an optimiser and its settings. */
export interface OptimiserGroup {
  /** Which parameters; a parameter belongs to the first group that takes it. Default all. */
  readonly match?: (parameter: Parameter) => boolean;
  readonly optimiser: Optimiser;
}

/** One group's parameters, laid end to end in one array. */
export interface GroupLayout {
  readonly optimiser: Optimiser;
  readonly parameters: readonly Parameter[];
  /** First element of each parameter, in the same order. */
  readonly offsets: readonly number[];
  /** Number of elements together. */
  readonly length: number;
}

/**
 * Lays the trainable parameters out by group. One long array for each group keeps a training step at a handful of tensors to bind.
 * @throws InputError when nothing is trainable or a trainable parameter belongs to no group
 */
export function layOutGroups(parameters: ParameterSet, groups: readonly OptimiserGroup[]): GroupLayout[] {
  const members = groups.map((): Parameter[] => []);
  for (const parameter of parameters) {
    if (!parameter.trainable) continue;
    const index = groups.findIndex(({ match }) => match === undefined || match(parameter));
    if (index < 0)
      throw new InputError(parameter.name, "no optimiser group takes this trainable parameter; add a last group without `match`.");
    members[index]!.push(parameter);
  }
  if (members.every((list) => list.length === 0)) throw new InputError("parameters", "expected at least one trainable parameter.");
  return groups.flatMap(({ optimiser }, i) => {
    const list = members[i]!;
    if (list.length === 0) return [];
    const offsets: number[] = [];
    let length = 0;
    for (const parameter of list) {
      offsets.push(length);
      length += parameter.values.length;
    }
    return [{ optimiser, parameters: list, offsets, length }];
  });
}

/** Two groups, so that weight decay leaves biases, norms and other one-axis parameters alone. */
export function decayMatricesOnly(optimiser: (weightDecay: number) => Optimiser, weightDecay: number): OptimiserGroup[] {
  return [{ match: ({ shape }) => shape.length >= 2, optimiser: optimiser(weightDecay) }, { optimiser: optimiser(0) }];
}
