import { expect, test } from "vitest";
import { RateLimit } from "./rate-limit.ts";

test("lets a burst through, then the sustained rate, and calls a sender that keeps on a flood", () => {
  let now = 0;
  const limit = new RateLimit(10, 20, () => now);
  const passed = (n: number): number => Array.from({ length: n }, () => limit.take()).filter(Boolean).length;
  expect(passed(30)).toBe(20);
  now += 2000;
  expect(passed(30)).toBe(10);
  expect(limit.flooded).toBe(true);
  now += 10_000;
  expect(passed(1)).toBe(1);
  expect(limit.flooded).toBe(false);
});
