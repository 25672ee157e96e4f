import { expect, test } from "vitest";
import type { Judge } from "./judge.ts";
import { cachedJudge, mapConcurrently } from "./judge.ts";
import { answer, scriptedJudge } from "./test-support.ts";
import { guardJudge } from "./guard.ts";

test("equal requests reach the judge once, whatever the order of keys", async () => {
  const { judge, requests } = scriptedJudge((_, call) => `reply ${call}`);
  const cached = cachedJudge(judge);
  expect(await cached({ prompt: "a", system: "s" })).toEqual({ text: "reply 0" });
  expect(await cached({ system: "s", prompt: "a" })).toEqual({ text: "reply 0" });
  expect(requests).toHaveLength(1);
});

test.each([
  [{ prompt: "a" }, { prompt: "b" }],
  [{ prompt: "a" }, { prompt: "a", system: "s" }],
  [
    { prompt: "a", images: ["1"] },
    { prompt: "a", images: ["2"] },
  ],
  [
    { prompt: "a", images: ["1", "2"] },
    { prompt: "a", images: ["1,2"] },
  ],
  [{ prompt: "\uD800" }, { prompt: "\uFFFD" }],
  [
    { prompt: "a", samples: [answer("pick(cup)")] },
    { prompt: "a", samples: [answer("Done.")] },
  ],
])("requests that differ are asked apart (%#)", async (first, second) => {
  const { judge, requests } = scriptedJudge(() => "yes");
  const cached = cachedJudge(judge);
  await cached(first);
  await cached(second);
  expect(requests).toHaveLength(2);
});

test("requests under way share one call", async () => {
  const waiting: ((verdict: { text: string }) => void)[] = [];
  let calls = 0;
  const cached = cachedJudge(() => {
    calls++;
    return new Promise((resolve) => waiting.push(resolve));
  });
  const both = Promise.all([cached({ prompt: "a" }), cached({ prompt: "a" })]);
  for (const resolve of waiting) resolve({ text: "yes" });
  expect(await both).toEqual([{ text: "yes" }, { text: "yes" }]);
  expect(calls).toBe(1);
});

test("a failed call is not kept, also when the judge throws at once", async () => {
  let calls = 0;
  const failing: Judge = () => {
    if (++calls === 1) throw new Error("away");
    return Promise.resolve({ text: "back" });
  };
  const cached = cachedJudge(failing);
  await expect(cached({ prompt: "a" })).rejects.toThrow("away");
  expect(await cached({ prompt: "a" })).toEqual({ text: "back" });
});

test("the least recently used verdict goes first", async () => {
  const { judge, requests } = scriptedJudge(() => "yes");
  const cached = cachedJudge(judge, { maxEntries: 2 });
  for (const prompt of ["a", "b", "a", "c", "a", "b"]) await cached({ prompt });
  expect(requests.map(({ prompt }) => prompt)).toEqual(["a", "b", "c", "b"]);
  expect(() => cachedJudge(judge, { maxEntries: 0 })).toThrow("maxEntries");
});

test("a guard behind the cache is not bypassed by an equal prompt", async () => {
  const { judge } = scriptedJudge(() => "YES");
  const cached = cachedJudge(guardJudge(judge));
  expect(await cached({ prompt: "same", samples: [answer("pick(cup)")] })).toEqual({ text: "YES" });
  expect(await cached({ prompt: "same", samples: [answer("Done.")] })).toEqual({ text: "", refused: [0] });
});

test("no more calls run at once than allowed, and results keep their places", async () => {
  let [running, most] = [0, 0];
  const results = await mapConcurrently([5, 1, 4, 2, 3], 2, async (wait) => {
    most = Math.max(most, ++running);
    for (let i = 0; i < wait; i++) await Promise.resolve();
    running--;
    return wait * 10;
  });
  expect(results).toEqual([50, 10, 40, 20, 30]);
  expect(most).toBe(2);
  await expect(mapConcurrently([1], 0, async () => 1)).rejects.toThrow("concurrency");
});
