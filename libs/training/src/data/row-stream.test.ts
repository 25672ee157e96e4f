import { InputError } from "@reverie/core";
import { describe, expect, test } from "vitest";
import { RowStream, type StreamPosition } from "./row-stream.ts";
import { assertRowPlan, jobAt, type RowPlan } from "./source.ts";
import { ShuffledRows, type ShufflePosition } from "./shuffled-rows.ts";
import { essence, NUMBERED_SOURCE, testPlan } from "./testing/rows.ts";

const source = { module: NUMBERED_SOURCE, settings: {} };

async function take(count: number, workers: number, position?: StreamPosition): Promise<unknown[]> {
  const stream = await RowStream.open({ plan: testPlan, source, workers, ...(position === undefined ? {} : { position }) });
  const rows: unknown[] = [];
  while (rows.length < count) rows.push(essence(await stream.next()));
  await stream.close();
  return rows;
}

async function shuffled(count: number, position?: ShufflePosition): Promise<{ rows: unknown[]; rest: ShufflePosition }> {
  const stream = await ShuffledRows.open({
    plan: testPlan,
    source,
    workers: 1,
    blockRows: 8,
    ...(position === undefined ? {} : { position }),
  });
  const rows: unknown[] = [];
  while (rows.length < count) rows.push(essence(await stream.next()));
  const rest = stream.position!;
  await stream.close();
  return { rows, rest };
}

const splitPlan = (split: string, purpose: RowPlan["purpose"]): RowPlan => ({
  ...testPlan,
  ...(purpose === undefined ? {} : { purpose }),
  stages: [{ jobs: 1, mix: [{ part: "easy", split, weight: 1 }] }],
});

describe("RowStream", () => {
  test("gives the same rows in the same order from no thread, one or two", async () => {
    const alone = await take(40, 0);
    expect(await take(40, 1)).toEqual(alone);
    expect(await take(40, 2)).toEqual(alone);
  });

  test("goes on from any position as if it had never stopped", async () => {
    const all = await take(30, 0);
    const stream = await RowStream.open({ plan: testPlan, source, workers: 0 });
    for (let i = 0; i < 13; i++) await stream.next();
    const { position } = stream;
    await stream.close();
    expect(await take(17, 2, position)).toEqual(all.slice(13));
  });

  test("tells which job its source failed at", async () => {
    const failing = { module: NUMBERED_SOURCE, settings: { fail: jobAt(testPlan, 3).seed % 97 } };
    const stream = await RowStream.open({ plan: testPlan, source: failing, workers: 1 });
    const drain = async (): Promise<void> => {
      for (let i = 0; i < 50; i++) await stream.next();
    };
    await expect(drain()).rejects.toThrow(`"seed":${jobAt(testPlan, 3).seed}`);
    await stream.close();
  });

  test("does not open with a source that cannot be imported", async () => {
    const missing = { module: `${NUMBERED_SOURCE}.missing`, settings: {} };
    await expect(RowStream.open({ plan: testPlan, source: missing, workers: 1 })).rejects.toThrow("could not be opened");
  });
});

describe("a row plan", () => {
  test("draws jobs by its seed, its stages and the job's number alone, from its range of seeds", () => {
    const jobs = Array.from({ length: 2_000 }, (_, i) => jobAt(testPlan, i));
    expect(jobs).toEqual(Array.from({ length: 2_000 }, (_, i) => jobAt(testPlan, i)));
    expect(jobs.slice(0, 10).every(({ part }) => part === "easy")).toBe(true);
    expect(jobs.every(({ seed }) => seed >= 1000)).toBe(true);
    const hard = jobs.slice(10).filter(({ part }) => part === "hard").length / 1_990;
    expect(hard).toBeGreaterThan(0.71);
    expect(hard).toBeLessThan(0.79);
    expect(jobAt({ ...testPlan, seed: 6 }, 0)).not.toEqual(jobs[0]);
  });

  test("never draws for training from a split that is held out", async () => {
    expect(() => assertRowPlan(splitPlan("held-out-seeds", undefined))).toThrow('"held-out-seeds" is held out');
    await expect(take(1, 0)).resolves.toHaveLength(1);
    await expect(RowStream.open({ plan: splitPlan("held-out-seeds", "training"), source, workers: 0 })).rejects.toThrow(InputError);
    const open = ShuffledRows.open({ plan: splitPlan("held-out-seeds", "evaluation"), source, workers: 0, blockRows: 2 });
    await expect(open).rejects.toThrow("rows for evaluation are never trained on");
  });
});

describe("ShuffledRows", () => {
  test("brings every row of a block once, in another order", async () => {
    const plain = (await take(16, 0)).map((row) => JSON.stringify(row));
    const mixed = (await shuffled(16)).rows.map((row) => JSON.stringify(row));
    expect(mixed.slice(0, 8).toSorted()).toEqual(plain.slice(0, 8).toSorted());
    expect(mixed.slice(8).toSorted()).toEqual(plain.slice(8).toSorted());
    expect(mixed).not.toEqual(plain);
  });

  test.each([1, 7, 8, 9, 16, 21])("goes on after %i rows with those that would have come", async (count) => {
    const { rows } = await shuffled(30);
    const { rest } = await shuffled(count);
    expect((await shuffled(30 - count, rest)).rows).toEqual(rows.slice(count));
  });
});
