import { sha256Hex } from "../hash.ts";
import * as exact from "../math/exact.ts";
import { Rng } from "../rng.ts";

// Runs in Node and in a browser: digests of what the exact functions and the generator give there.

const COUNT = 50_000;

/** Name of a function to the SHA-256 of its values at 50,000 seeded inputs, as little-endian doubles. */
export function digests(): Record<string, string> {
  const inputs = new Rng(1);
  const cases: Record<string, () => number> = {
    sin: () => exact.sin(inputs.uniform(-1e4, 1e4)),
    cos: () => exact.cos(inputs.uniform(-1e4, 1e4)),
    tan: () => exact.tan(inputs.uniform(-10, 10)),
    atan: () => exact.atan(inputs.uniform(-50, 50)),
    atan2: () => exact.atan2(inputs.uniform(-2, 2), inputs.uniform(-2, 2)),
    asin: () => exact.asin(inputs.uniform(-1, 1)),
    acos: () => exact.acos(inputs.uniform(-1, 1)),
    exp: () => exact.exp(inputs.uniform(-700, 700)),
    log: () => exact.log(exact.exp(inputs.uniform(-700, 700))),
    pow: () => exact.pow(inputs.uniform(0, 100), inputs.uniform(-10, 10)),
    hypot: () => exact.hypot(inputs.uniform(-9, 9), inputs.uniform(-9, 9), inputs.uniform(-9, 9)),
    normal: () => inputs.normal(),
    integer: () => inputs.integer(-1000, 1000),
  };
  const result: Record<string, string> = {};
  for (const [name, draw] of Object.entries(cases)) {
    const view = new DataView(new ArrayBuffer(COUNT * 8));
    for (let i = 0; i < COUNT; i++) view.setFloat64(i * 8, draw(), true);
    result[name] = sha256Hex(new Uint8Array(view.buffer));
  }
  return result;
}
