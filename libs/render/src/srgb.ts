import { exact } from "@reverie/core";

/** Table entries per unit of linear light; the steepest part of the sRGB curve then moves by less than one byte per entry. */
export const ENTRIES_PER_UNIT = 4096;
/** Last index of the table: linear light up to 4. */
export const LAST_ENTRY = 4 * ENTRIES_PER_UNIT - 1;
/** Light above this is compressed towards white, so that bright faces keep their hue and contrast. */
const SHOULDER = 0.75;

/** IEC 61966-2-1: linear light in [0, 1] as an sRGB-encoded value in [0, 1]. */
export function encodeSrgb(linear: number): number {
  return linear <= 0.0031308 ? 12.92 * linear : 1.055 * exact.pow(linear, 1 / 2.4) - 0.055;
}

function compress(linear: number): number {
  if (linear <= SHOULDER) return linear;
  const room = 1 - SHOULDER;
  return SHOULDER + room * (1 - exact.exp((SHOULDER - linear) / room));
}

/** sRGB bytes of linear light: entry `i` stands for `i / ENTRIES_PER_UNIT`, compressed above the shoulder. */
export const SHADED_BYTES: Uint8Array = Uint8Array.from({ length: LAST_ENTRY + 1 }, (_, i) =>
  Math.round(255 * encodeSrgb(compress(i / ENTRIES_PER_UNIT))),
);

/** Linear light of an sRGB byte, in whole entries of `PLAIN_BYTES`. */
export const LINEAR_ENTRIES: Uint16Array = Uint16Array.from({ length: 256 }, (_, byte) => {
  const v = byte / 255;
  return Math.round((ENTRIES_PER_UNIT - 1) * (v <= 0.04045 ? v / 12.92 : exact.pow((v + 0.055) / 1.055, 2.4)));
});

/** sRGB bytes of linear light in [0, 1), not compressed. */
export const PLAIN_BYTES: Uint8Array = Uint8Array.from({ length: ENTRIES_PER_UNIT }, (_, i) =>
  Math.round(255 * encodeSrgb(i / (ENTRIES_PER_UNIT - 1))),
);
