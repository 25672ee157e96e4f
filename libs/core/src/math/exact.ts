// Elementary functions with the same bits on every engine.
// IEEE 754 fixes + - * / and sqrt, but each JavaScript engine brings its own sin, exp or log. What touches state,
// randomisation or pixels uses these. Kernels and coefficients: the minimax polynomials published with FDLIBM
// (Sun Microsystems 1993, k_sin.c, k_cos.c, s_atan.c, e_exp.c, e_log.c, e_asin.c); errors are below 1 ulp in the primary range.

const PI_OVER_2_HIGH = 1.57079632673412561417;
const PI_OVER_2_MIDDLE = 6.0771005063039659766e-11;
const PI_OVER_2_LOW = 2.02226624879595063154e-21;
const TWO_OVER_PI = 0.636619772367581343076;
/** Beyond this magnitude the three-part reduction loses digits; arguments are angles, so this is far outside any use. */
const LARGEST_ANGLE = 1e6;

function kernelSin(x: number, tail: number): number {
  const z = x * x;
  const r =
    8.33333333332248946124e-3 +
    z * (-1.98412698298579493134e-4 + z * (2.75573137070700676789e-6 + z * (-2.50507602534068634195e-8 + z * 1.58969099521155010221e-10)));
  const v = z * x;
  return x - (z * (0.5 * tail - v * r) - tail - v * -1.66666666666666324348e-1);
}

function kernelCos(x: number, tail: number): number {
  const z = x * x;
  const r =
    z *
    (4.16666666666666019037e-2 +
      z *
        (-1.38888888888741095749e-3 +
          z *
            (2.48015872894767294178e-5 +
              z * (-2.75573143513906633035e-7 + z * (2.0875723212981748279e-9 + z * -1.13596475577881948265e-11)))));
  const half = 0.5 * z;
  const w = 1 - half;
  return w + (1 - w - half + (z * r - x * tail));
}

/** Which quarter turn the last reduction landed in, and its remainder in two parts. Plain numbers, set and read at once. */
const reduction = { quadrant: 0, remainder: 0, tail: 0 };

function reduceAngle(x: number): void {
  const turns = Math.round(x * TWO_OVER_PI);
  const first = x - turns * PI_OVER_2_HIGH;
  const second = turns * PI_OVER_2_MIDDLE;
  const remainder = first - second;
  const lost = first - remainder - second - turns * PI_OVER_2_LOW;
  reduction.quadrant = turns & 3;
  reduction.remainder = remainder + lost;
  reduction.tail = remainder - reduction.remainder + lost;
}

/** Sine of `x` radians; NaN for |x| > 1e6 or a non-finite input. */
export function sin(x: number): number {
  if (!(Math.abs(x) <= LARGEST_ANGLE)) return NaN;
  reduceAngle(x);
  const { quadrant, remainder, tail } = reduction;
  const value = quadrant & 1 ? kernelCos(remainder, tail) : kernelSin(remainder, tail);
  return quadrant & 2 ? -value : value;
}

/** Cosine of `x` radians; NaN for |x| > 1e6 or a non-finite input. */
export function cos(x: number): number {
  if (!(Math.abs(x) <= LARGEST_ANGLE)) return NaN;
  reduceAngle(x);
  const { quadrant, remainder, tail } = reduction;
  const value = quadrant & 1 ? kernelSin(remainder, tail) : kernelCos(remainder, tail);
  return quadrant === 1 || quadrant === 2 ? -value : value;
}

/** Tangent of `x` radians, as sin/cos: within 2 ulp. */
export function tan(x: number): number {
  return sin(x) / cos(x);
}

const ATAN_HIGH = [4.63647609000806093515e-1, 7.85398163397448278999e-1, 9.82793723247329054082e-1, 1.570796326794896558];
const ATAN_LOW = [2.26987774529616870924e-17, 3.06161699786838301793e-17, 1.39033110312309984516e-17, 6.12323399573676603587e-17];

/** Arc tangent in radians, in [-pi/2, pi/2]. */
export function atan(x: number): number {
  if (Number.isNaN(x)) return NaN;
  const magnitude = Math.abs(x);
  let reduced = magnitude;
  let interval = -1;
  if (magnitude >= 2 ** 66) return x > 0 ? Math.PI / 2 : -Math.PI / 2;
  if (magnitude >= 2.4375) {
    interval = 3;
    reduced = -1 / magnitude;
  } else if (magnitude >= 1.1875) {
    interval = 2;
    reduced = (magnitude - 1.5) / (1 + 1.5 * magnitude);
  } else if (magnitude >= 0.6875) {
    interval = 1;
    reduced = (magnitude - 1) / (magnitude + 1);
  } else if (magnitude >= 0.4375) {
    interval = 0;
    reduced = (2 * magnitude - 1) / (2 + magnitude);
  }
  const z = reduced * reduced;
  const w = z * z;
  const even =
    z *
    (3.33333333333329318027e-1 +
      w *
        (1.42857142725034663711e-1 +
          w *
            (9.09088713343650656196e-2 +
              w * (6.66107313738753120669e-2 + w * (4.97687799461593236017e-2 + w * 1.62858201153657823623e-2)))));
  const odd =
    w *
    (-1.99999999998764832476e-1 +
      w *
        (-1.1111110405462355788e-1 + w * (-7.69187620504482999495e-2 + w * (-5.83357013379057348645e-2 + w * -3.6531572744216915527e-2))));
  const value =
    interval < 0 ? reduced - reduced * (even + odd) : ATAN_HIGH[interval]! - (reduced * (even + odd) - ATAN_LOW[interval]! - reduced);
  return x < 0 ? -value : value;
}

/** Angle of the vector (x, y) in radians, in [-pi, pi]; 0 for the zero vector. */
export function atan2(y: number, x: number): number {
  if (x === 0) return y === 0 ? 0 : y > 0 ? Math.PI / 2 : y < 0 ? -Math.PI / 2 : NaN;
  const angle = atan(y / x);
  if (x > 0) return angle;
  return y < 0 ? angle - Math.PI : angle + Math.PI;
}

/** Arc sine in radians; inputs outside [-1, 1] are clamped, since rounding is what puts them there. */
export function asin(x: number): number {
  const clamped = x < -1 ? -1 : x > 1 ? 1 : x;
  return atan2(clamped, Math.sqrt((1 - clamped) * (1 + clamped)));
}

/** Arc cosine in radians; inputs outside [-1, 1] are clamped, since rounding is what puts them there. */
export function acos(x: number): number {
  const clamped = x < -1 ? -1 : x > 1 ? 1 : x;
  return atan2(Math.sqrt((1 - clamped) * (1 + clamped)), clamped);
}

const LN2_HIGH = 6.9314718036912381649e-1;
const LN2_LOW = 1.90821492927058770002e-10;

const exponentView = new DataView(new ArrayBuffer(8));

/** x * 2^k without rounding inside the normal range. */
function scaleByPowerOfTwo(x: number, k: number): number {
  let value = x;
  let exponent = k;
  while (exponent > 1000) {
    value *= 2 ** 1000;
    exponent -= 1000;
  }
  while (exponent < -1000) {
    value *= 2 ** -1000;
    exponent += 1000;
  }
  exponentView.setInt32(0, (exponent + 1023) << 20);
  exponentView.setInt32(4, 0);
  return value * exponentView.getFloat64(0);
}

/** e to the power `x`. */
export function exp(x: number): number {
  if (Number.isNaN(x)) return NaN;
  if (x > 709.782712893383973096) return Infinity;
  if (x < -745.13321910194110842) return 0;
  const k = Math.round(x / Math.LN2);
  const high = x - k * LN2_HIGH;
  const low = k * LN2_LOW;
  const reduced = high - low;
  const t = reduced * reduced;
  const c =
    reduced -
    t *
      (1.66666666666666019037e-1 +
        t *
          (-2.77777777770155933842e-3 + t * (6.61375632143793436117e-5 + t * (-1.6533902205465251539e-6 + t * 4.13813679705723846039e-8))));
  if (k === 0) return 1 - ((reduced * c) / (c - 2) - reduced);
  return scaleByPowerOfTwo(1 - (low - (reduced * c) / (2 - c) - high), k);
}

/** Natural logarithm; -Infinity at 0, NaN below. */
export function log(x: number): number {
  if (Number.isNaN(x) || x < 0) return NaN;
  if (x === 0) return -Infinity;
  if (x === Infinity) return Infinity;
  let k = 0;
  let mantissa = x;
  if (mantissa < 2.2250738585072014e-308) {
    mantissa *= 2 ** 54;
    k = -54;
  }
  exponentView.setFloat64(0, mantissa);
  const high = exponentView.getInt32(0);
  k += ((high >>> 20) & 0x7ff) - 1023;
  exponentView.setInt32(0, (high & 0x000fffff) | 0x3ff00000);
  mantissa = exponentView.getFloat64(0);
  if (mantissa > Math.SQRT2) {
    mantissa *= 0.5;
    k += 1;
  }
  const f = mantissa - 1;
  const s = f / (2 + f);
  const z = s * s;
  const w = z * z;
  const odd = w * (3.999999999940941908e-1 + w * (2.222219843214978396e-1 + w * 1.531383769920937332e-1));
  const even = z * (6.66666666666673513e-1 + w * (2.857142874366239149e-1 + w * (1.818357216161805012e-1 + w * 1.479819860511658591e-1)));
  const half = 0.5 * f * f;
  return k * LN2_HIGH - (half - (s * (half + odd + even) + k * LN2_LOW) - f);
}

/** `base` to the power `exponent`; integer exponents up to 64 by repeated products, others as exp(exponent * log(base)) for base >= 0. */
export function pow(base: number, exponent: number): number {
  if (exponent === 0) return 1;
  if (Number.isInteger(exponent) && Math.abs(exponent) <= 64) {
    let product = 1;
    let factor = base;
    for (let n = Math.abs(exponent); n > 0; n >>= 1) {
      if (n & 1) product *= factor;
      factor *= factor;
    }
    return exponent > 0 ? product : 1 / product;
  }
  if (base === 0) return exponent > 0 ? 0 : exponent < 0 ? Infinity : NaN;
  return exp(exponent * log(base));
}

/** Euclidean length of up to three components; plain, without overflow guards: inputs are metres and radians. */
export function hypot(x: number, y: number, z = 0): number {
  return Math.sqrt(x * x + y * y + z * z);
}
