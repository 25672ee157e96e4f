// IEEE 754 binary16 (https://doi.org/10.1109/IEEESTD.2019.8766229): 1 sign bit, 5 exponent bits, 10 fraction bits.

/** Nearest float16 of each value as its 16 bits: ties to even, subnormals kept, too large becomes infinity, NaN a quiet NaN. */
export function float32ToFloat16Bits(values: Float32Array): Uint16Array<ArrayBuffer> {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  const half = new Uint16Array(values.length);
  for (let i = 0; i < bits.length; i++) half[i] = roundToHalf(bits[i]);
  return half;
}

/** The float32 of each float16, exactly; a NaN keeps its payload. */
export function float16BitsToFloat32(bits: Uint16Array): Float32Array<ArrayBuffer> {
  const values = new Float32Array(bits.length);
  const words = new Uint32Array(values.buffer);
  for (let i = 0; i < bits.length; i++) {
    const half = bits[i];
    const magnitude = half & 0x7fff;
    if (magnitude < 0x400) {
      // Zero and subnormals are multiples of 2^-24; the sign is set apart, for the sake of -0.
      values[i] = magnitude / 2 ** 24;
      words[i] |= (half & 0x8000) << 16;
    } else {
      // The exponent's bias goes from 15 to 127, and the exponent of infinities and NaN from 31 to 255.
      const bias = magnitude < 0x7c00 ? 112 << 23 : 224 << 23;
      words[i] = ((half & 0x8000) << 16) | ((magnitude << 13) + bias);
    }
  }
  return values;
}

function roundToHalf(bits: number): number {
  const sign = (bits >>> 16) & 0x8000;
  const magnitude = bits & 0x7fffffff;
  if (magnitude > 0x7f800000) return sign | 0x7e00;
  // From 65520 on, the nearest float16 is infinity.
  if (magnitude >= 0x477ff000) return sign | 0x7c00;
  // The exponent's bias goes from 127 to 15, and 13 fraction bits are rounded away; a carry into the exponent is right.
  if (magnitude >= 0x38800000) return sign | roundedShift(magnitude - (112 << 23), 13);
  const exponent = magnitude >>> 23;
  // Below half of the smallest subnormal, 2^-25, everything is zero.
  if (exponent < 102) return sign;
  return sign | roundedShift((magnitude & 0x7fffff) | 0x800000, 126 - exponent);
}

/** `value` / 2^`shift`, rounded to the nearest integer with ties to even. */
function roundedShift(value: number, shift: number): number {
  const quotient = value >>> shift;
  const rest = value & ((1 << shift) - 1);
  const tie = 1 << (shift - 1);
  return rest > tie || (rest === tie && (quotient & 1) === 1) ? quotient + 1 : quotient;
}
