import { readFileSync, statSync } from "node:fs";
import { InputError, messageOf, PeerError } from "@reverie/core";

const LARGEST_FILE_BYTES = 256 * 1024 * 1024;

/**
 * Text of a file, or of standard input for `-`.
 *
 * @param option - which option named it, for errors
 * @throws InputError when the file is too large, PeerError when it cannot be read
 */
export function readInput(option: string, path: string): string {
  try {
    if (path !== "-" && statSync(path).size > LARGEST_FILE_BYTES) {
      throw new InputError(option, `${path} is larger than ${LARGEST_FILE_BYTES / 1024 / 1024} MiB.`);
    }
    return readFileSync(path === "-" ? 0 : path, "utf8");
  } catch (error) {
    if (error instanceof InputError) throw error;
    throw new PeerError(path === "-" ? "standard input" : path, `cannot be read (${messageOf(error)}).`, { cause: error });
  }
}
