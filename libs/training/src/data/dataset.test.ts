import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { checkDataset, readDataset, readManifest, writeDataset } from "./dataset.ts";
import { RowStream } from "./row-stream.ts";
import { essence, NUMBERED_SOURCE, testPlan } from "./testing/rows.ts";

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "reverie-rows-"));
});
afterEach(async () => rm(folder, { recursive: true }));

const write = (to: string, rows: number, settings: unknown = {}): ReturnType<typeof writeDataset> =>
  writeDataset({
    folder: to,
    rows,
    settings,
    shardRows: 4,
    open: (position) => RowStream.open({ plan: testPlan, source: { module: NUMBERED_SOURCE, settings: {} }, workers: 0, position }),
  });

describe("a dataset", () => {
  test("holds the rows of its stream, and a run that was cut off adds those that were missing", async () => {
    const whole = await write(join(folder, "whole"), 12);
    await write(join(folder, "parts"), 4);
    const parts = await write(join(folder, "parts"), 12);
    expect(parts).toEqual(whole);
    const stream = await RowStream.open({ plan: testPlan, source: { module: NUMBERED_SOURCE, settings: {} }, workers: 0 });
    for await (const row of readDataset(join(folder, "parts"))) expect(essence(row)).toEqual(essence(await stream.next()));
    expect(await checkDataset(join(folder, "whole"))).toMatchObject({
      ok: true,
      rows: 12,
      kinds: { plan: 12 },
      splits: { train: 12 },
      errors: [],
    });
  });

  test("is not added to by other settings", async () => {
    await write(folder, 4, { seed: 1 });
    await expect(write(folder, 8, { seed: 2 })).rejects.toThrow("holds rows that were made by other settings");
  });

  test("tells which shard is damaged or not listed, and reads the others", async () => {
    await write(folder, 8);
    const path = join(folder, "rows-000000.rows");
    const bytes = await readFile(path);
    bytes[500]! ^= 1;
    await writeFile(path, bytes);
    await writeFile(join(folder, "rows-000009.rows"), bytes);
    const found = await checkDataset(folder);
    expect(found).toMatchObject({ ok: false, rows: 4 });
    expect(found.errors).toEqual([expect.stringContaining("rows-000009.rows: is not listed"), expect.stringContaining("has the SHA-256")]);
  });

  test("is refused when its description leads elsewhere or does not add up", async () => {
    await write(folder, 4);
    const path = join(folder, "dataset.json");
    const good = JSON.parse(await readFile(path, "utf8")) as { rows: number; shards: { file: string }[]; position: unknown };
    const bad = [
      "{",
      { ...good, format: "other" },
      { ...good, rows: 5 },
      { ...good, shards: [{ ...good.shards[0], file: "../rows-000000.rows" }] },
      { ...good, shards: [{ ...good.shards[0], sha256: "no" }] },
      { ...good, position: { job: -1, row: 0 } },
      null,
    ];
    for (const json of bad) {
      await writeFile(path, typeof json === "string" ? json : JSON.stringify(json));
      await expect(readManifest(folder)).rejects.toThrow(path);
    }
  });
});
