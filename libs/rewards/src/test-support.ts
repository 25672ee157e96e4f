import type { PlanStep } from "@reverie/core";
import * as fc from "fast-check";

/** `pick(apple) place(plate)` as steps with one slot each. */
export function steps(text: string): PlanStep[] {
  return [...text.matchAll(/(\w+)\((\w*)\)/g)].map(([, skill, object]) => ({ skill: skill!, args: { object: object! } }));
}

/** Steps over few names, so that plans overlap often. */
export const anyStep: fc.Arbitrary<PlanStep> = fc.record({
  skill: fc.constantFrom("pick", "place", "push"),
  args: fc.oneof(
    fc.record({ object: fc.constantFrom("cup", "plate", "apple") }),
    fc.record({ object: fc.constantFrom("cup", "plate"), target: fc.constantFrom("tray", "table") }),
  ),
});

export const anyPlan: fc.Arbitrary<PlanStep[]> = fc.array(anyStep, { maxLength: 8 });

/** Heaviest matching by trying every one; `ordered` forbids crossings. */
export function bruteForceWeight(similarity: Float64Array, m: number, n: number, threshold: number, ordered: boolean): number {
  const used = Array.from({ length: n }, () => false);
  const from = (i: number, last: number): number => {
    if (i === m) return 0;
    let most = from(i + 1, last);
    for (let j = ordered ? last + 1 : 0; j < n; j++) {
      const s = similarity[i * n + j]!;
      if (used[j] || s < threshold) continue;
      used[j] = true;
      most = Math.max(most, s + from(i + 1, j));
      used[j] = false;
    }
    return most;
  };
  return from(0, -1);
}
