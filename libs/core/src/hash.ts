import { sha256 } from "@noble/hashes/sha2.js";

/** SHA-256 of the bytes as 64 lower-case hexadecimal digits; the same in Node and in the browser, and synchronous. */
export function sha256Hex(bytes: Uint8Array): string {
  let hex = "";
  for (const byte of sha256(bytes)) hex += byte.toString(16).padStart(2, "0");
  return hex;
}
