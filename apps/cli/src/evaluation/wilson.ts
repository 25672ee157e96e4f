import { InputError } from "@reverie/core";

/** Standard normal quantile at 97.5 %. */
const Z = 1.959963984540054;

/**
 * Interval that holds the true share of successes with 95 % confidence (Wilson 1927, https://doi.org/10.1080/01621459.1927.10502953,
 * without continuity correction). [0, 1] when nothing was tried.
 *
 * @throws InputError unless 0 <= successes <= trials are integers
 */
export function wilsonInterval(successes: number, trials: number): readonly [low: number, high: number] {
  if (!Number.isSafeInteger(successes) || !Number.isSafeInteger(trials) || successes < 0 || successes > trials)
    throw new InputError("successes", `expected integers with 0 <= successes <= trials, got ${successes} of ${trials}.`);
  if (trials === 0) return [0, 1];
  const share = successes / trials;
  const spread = Z * Math.sqrt((share * (1 - share) + (Z * Z) / (4 * trials)) / trials);
  const middle = share + (Z * Z) / (2 * trials);
  const scale = 1 + (Z * Z) / trials;
  return [successes === 0 ? 0 : Math.max(0, (middle - spread) / scale), successes === trials ? 1 : Math.min(1, (middle + spread) / scale)];
}

/** Successes of trials. */
export interface Share {
  readonly successes: number;
  readonly trials: number;
}

/**
 * Interval that holds the difference of two independent shares, `a` - `b`, with 95 % confidence (Newcombe 1998, method 10,
 * https://doi.org/10.1002/(SICI)1097-0258(19980430)17:8%3C873::AID-SIM779%3E3.0.CO;2-I). [-1, 1] when one of them was not tried.
 *
 * @throws InputError as `wilsonInterval`
 */
export function differenceInterval(a: Share, b: Share): readonly [low: number, high: number] {
  const [lowA, highA] = wilsonInterval(a.successes, a.trials);
  const [lowB, highB] = wilsonInterval(b.successes, b.trials);
  if (a.trials === 0 || b.trials === 0) return [-1, 1];
  const shareA = a.successes / a.trials;
  const shareB = b.successes / b.trials;
  const difference = shareA - shareB;
  return [difference - Math.hypot(shareA - lowA, highB - shareB), difference + Math.hypot(highA - shareA, shareB - lowB)];
}
