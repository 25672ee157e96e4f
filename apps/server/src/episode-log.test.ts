import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Episode } from "@reverie/core";
import { PeerError } from "@reverie/core";
import { afterEach, beforeEach, expect, test } from "vitest";
import { EpisodeLog } from "./episode-log.ts";

let folder = "";
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), "reverie-log-"))));
afterEach(() => rmSync(folder, { recursive: true }));

function episode(seed: number): Episode {
  return {
    task: "manipulation/stack-cubes",
    taskVersion: 1,
    planner: "symbolic",
    privileged: true,
    seed,
    instruction: "Stack \u2028 the cubes\nplease",
    plan: [],
    reference: [],
    steps: [],
    replans: 0,
    success: true,
    progress: 1,
    simSteps: 1,
    wallSeconds: 1,
    stateHash: "00",
  };
}

test("an episode is a line on disk as soon as it was added, and lines of earlier runs stay", () => {
  const directory = join(folder, "new", "place");
  for (const seed of [1, 2]) {
    const log = new EpisodeLog(directory);
    log.add(episode(seed));
    const lines = readFileSync(join(directory, "episodes.jsonl"), "utf8").trimEnd().split("\n");
    expect(lines.map((line) => JSON.parse(line) as Episode)).toEqual(Array.from({ length: seed }, (_, i) => episode(i + 1)));
    log.close();
  }
});

test("memory keeps the newest thousand", () => {
  const log = new EpisodeLog();
  for (let seed = 0; seed < 1010; seed++) log.add(episode(seed));
  expect(log.recent).toHaveLength(1000);
  expect(log.recent[0]!.seed).toBe(10);
  expect(log.recent.at(-1)!.seed).toBe(1009);
});

test("a folder that cannot be made is refused by name", () => {
  writeFileSync(join(folder, "file"), "");
  expect(() => new EpisodeLog(join(folder, "file", "sub"))).toThrow(PeerError);
  expect(() => new EpisodeLog(join(folder, "file", "sub"))).toThrow(/episodes\.jsonl: cannot be written/);
});

test.skipIf(!existsSync("/dev/full"))("a full disk is reported by name, and memory keeps the episode", () => {
  symlinkSync("/dev/full", join(folder, "episodes.jsonl"));
  const log = new EpisodeLog(folder);
  expect(() => log.add(episode(1))).toThrow(/episodes\.jsonl: cannot be written: ENOSPC/);
  expect(log.recent).toHaveLength(1);
  log.close();
});
