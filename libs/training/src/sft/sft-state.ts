import { InputError } from "@reverie/core";
import type { Checkpoint } from "@reverie/tensor/node";
import type { ShufflePosition } from "../data/shuffled-rows.ts";

// What a supervised training knows beside its weights, in a checkpoint.

const KIND = "sft";

export interface SftState {
  /** Where the next row comes from; undefined before the first. */
  readonly position: ShufflePosition | undefined;
  readonly tooLong: number;
}

export function sftState({ position, tooLong }: SftState): Checkpoint["extra"] {
  if (position === undefined) return { kind: KIND, version: 1, tooLong, position: null };
  const { block, number, taken } = position;
  return { kind: KIND, version: 1, tooLong, position: { block: { job: block.job, row: block.row }, number, taken } };
}

type Json = Readonly<Record<string, unknown>>;
const asObject = (value: unknown): Json => (typeof value === "object" && value !== null ? (value as Json) : {});

function count(value: unknown, path: string): number {
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 0)
    throw new InputError(path, "expected a whole number of 0 or more in the checkpoint.");
  return value;
}

/** @throws InputError when a checkpoint is not of a supervised training */
export function readSftState(extra: unknown): SftState {
  const { kind, version, tooLong, position } = asObject(extra);
  if (kind !== KIND || version !== 1) throw new InputError("extra.kind", "the checkpoint is not one of supervised training, version 1.");
  if (position === null) return { position: undefined, tooLong: count(tooLong, "extra.tooLong") };
  const { block, number, taken } = asObject(position);
  const { job, row } = asObject(block);
  return {
    position: {
      block: { job: count(job, "extra.position.block.job"), row: count(row, "extra.position.block.row") },
      number: count(number, "extra.position.number"),
      taken: count(taken, "extra.position.taken"),
    },
    tooLong: count(tooLong, "extra.tooLong"),
  };
}
