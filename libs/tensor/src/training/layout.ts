import { InputError } from "@reverie/core";
import type { Parameter, ParameterSet } from "../graph/parameters.ts";
import type { Optimiser } from "../optim/optimiser.ts";

/** Parameters that share an optimiser and its settings. */
export interface OptimiserGroup {
  /** Which parameters; a parameter belongs to the first group that takes it. Default all. */
  readonly match?: (parameter: Parameter) => boolean;
  readonly optimiser: Optimiser;
}

/** Parameters of one optimiser that are laid end to end in one array. */
export interface GroupLayout {
  readonly optimiser: Optimiser;
  readonly parameters: readonly Parameter[];
  /** First element of each parameter, in the same order. */
  readonly offsets: readonly number[];
  /** Number of elements together. */
  readonly length: number;
}

/** Smaller parameters share an array up to this many elements; larger ones have one of their own. */
const SHARED_ELEMENTS = 65_536;

/**
 * Lays the trainable parameters out. Small ones, biases and norms, share an array, which keeps a training step at few tensors to bind;
 * large ones are used where they lie, without being copied out of a longer array and back.
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
  return groups.flatMap(({ optimiser }, i) => shareArrays(members[i]!).map((list) => layOut(optimiser, list)));
}

/** Which parameters share an array. */
function shareArrays(parameters: readonly Parameter[]): Parameter[][] {
  const arrays: Parameter[][] = [];
  let shared: Parameter[] = [];
  let length = 0;
  for (const parameter of parameters) {
    const count = parameter.values.length;
    if (count >= SHARED_ELEMENTS) {
      arrays.push([parameter]);
      continue;
    }
    if (length + count > SHARED_ELEMENTS) {
      arrays.push(shared);
      shared = [];
      length = 0;
    }
    shared.push(parameter);
    length += count;
  }
  return shared.length === 0 ? arrays : [...arrays, shared];
}

function layOut(optimiser: Optimiser, parameters: readonly Parameter[]): GroupLayout {
  const offsets: number[] = [];
  let length = 0;
  for (const parameter of parameters) {
    offsets.push(length);
    length += parameter.values.length;
  }
  return { optimiser, parameters, offsets, length };
}

/** Two groups, so that weight decay leaves biases, norms and other one-axis parameters alone. */
export function decayMatricesOnly(optimiser: (weightDecay: number) => Optimiser, weightDecay: number): OptimiserGroup[] {
  return [{ match: ({ shape }) => shape.length >= 2, optimiser: optimiser(weightDecay) }, { optimiser: optimiser(0) }];
}
