// What a model file may hold. A file is somebody else's text, so every count and length is bounded before memory is taken for it.

import { InputError } from "@reverie/core";

/** Most bytes of one encoded model: protobuf readers refuse longer messages. Larger models keep their weights in a second file. */
export const MAX_ENCODED_BYTES = 2 ** 31 - 1;
/** Most bytes of a model with its external data, unless the caller allows another number. */
export const DEFAULT_MAX_MODEL_BYTES = 2 ** 35;
export const MAX_NODES = 200_000;
export const MAX_INITIALIZERS = 200_000;
/** Most graph inputs, and most graph outputs. */
export const MAX_GRAPH_VALUES = 10_000;
/** Most inputs, outputs or attributes of one node. */
export const MAX_NODE_ENTRIES = 65_536;
/** Most numbers or strings in one list attribute. */
export const MAX_ATTRIBUTE_VALUES = 1_000_000;
export const MAX_METADATA_ENTRIES = 10_000;
/** Most operator sets besides the standard one. */
export const MAX_OPERATOR_SETS = 1_000;
/** Most axes of a tensor. */
export const MAX_RANK = 16;
/** Longest name of a value, node, operator, domain, attribute or file, in bytes of UTF-8. */
export const MAX_NAME_BYTES = 4_096;
/** Longest string attribute or metadata text, in bytes of UTF-8. */
export const MAX_STRING_BYTES = 16 * 2 ** 20;
/** Most messages inside one another. The deepest that is read is 7: a dimension of a value. */
export const MAX_MESSAGE_DEPTH = 16;

/** @throws InputError when there are more than `limit` of what `path` names */
export function checkCount(path: string, count: number, limit: number): void {
  if (count > limit) throw new InputError(path, `has more than ${limit} entries, the most that is allowed.`);
}

/** A name from a file as it is shown in an error: quoted, short, with control characters escaped. */
export function shownName(name: string): string {
  return JSON.stringify(name.length > 120 ? `${name.slice(0, 120)}...` : name);
}
