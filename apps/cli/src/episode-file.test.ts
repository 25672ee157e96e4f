import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { InputError, type Episode } from "@reverie/core";
import { afterEach, beforeEach, expect, test } from "vitest";
import { EpisodeFile, type RunKey } from "./episode-file.ts";

const RUN: RunKey = {
  task: "manipulation/pick-cube",
  taskVersion: 1,
  planner: "openai",
  instruction: null,
  build: "simd",
  model: "m",
  endpoint: "http://127.0.0.1:8000/v1",
  replans: 3,
};

function episode(seed: number): Episode {
  const plan = [{ skill: "pick", args: { object: "red_cube" } }];
  return {
    task: RUN.task,
    taskVersion: 1,
    planner: "openai",
    privileged: false,
    seed,
    instruction: "Pick up the red cube.",
    plan,
    reference: plan,
    reward: { value: 1, parts: { match: 1 }, matches: [{ predicted: 0, reference: 0, similarity: 1 }], reference: 0 },
    steps: [{ skill: "pick", args: { object: "red_cube" }, status: "done", monitor: { complete: true, truth: true }, plan: 0 }],
    replans: 0,
    success: true,
    progress: 1,
    simSteps: 40,
    wallSeconds: 0.25,
    stateHash: "ab".repeat(32),
  };
}

let folder: string;
const path = (): string => join(folder, "episodes.jsonl");

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "reverie-episodes-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function write(run: RunKey, seeds: readonly number[]): void {
  const file = new EpisodeFile(folder, run);
  for (const seed of seeds) file.append(episode(seed));
  file.close();
}

function resume(run: RunKey = RUN, seed = 0, count = 10): { episodes: Episode[]; notices: string[] } {
  const file = new EpisodeFile(folder, run);
  try {
    return file.resume(seed, count);
  } finally {
    file.close();
  }
}

test("An equal run gets back the episodes of its leading seeds as they were.", () => {
  write(RUN, [0, 1, 3]);
  expect(resume()).toEqual({ episodes: [episode(0), episode(1)], notices: [] });
  write(RUN, [0xffffffff]);
  expect(resume(RUN, 0xffffffff, 2).episodes.map(({ seed }) => seed)).toEqual([0xffffffff, 0]);
});

test.each<Partial<RunKey>>([
  { task: "manipulation/stack-cubes" },
  { taskVersion: 2 },
  { planner: "symbolic" },
  { instruction: "pick up the blue cube" },
  { build: "plain" },
  { model: "another" },
  { endpoint: "http://127.0.0.1:9000/v1" },
  { replans: 0 },
  { visual: "mild" },
])("A run that differs in %o runs its own episodes and hears of the others.", (change) => {
  write(RUN, [0, 1]);
  expect(resume({ ...RUN, ...change })).toEqual({
    episodes: [],
    notices: [`${path()} also holds 2 episodes of other runs; they stay as they are.`],
  });
});

test("Episodes that a server recorded, which name no run, are not taken for one's own.", () => {
  writeFileSync(path(), `${JSON.stringify(episode(0))}\n`);
  expect(resume().episodes).toEqual([]);
});

test("A line that a crash cut off is removed with a notice, and the run goes on before it.", () => {
  write(RUN, [0, 1]);
  const before = readFileSync(path(), "utf8");
  appendFileSync(path(), before.slice(0, 100));
  const { episodes, notices } = resume();
  expect(episodes).toHaveLength(2);
  expect(notices).toEqual([`${path()}:3 was cut off while it was written; it is removed and its episode run again.`]);
  expect(readFileSync(path(), "utf8")).toBe(before);
});

test("A last line that lacks only its end is kept and completed.", () => {
  write(RUN, [0, 1]);
  const before = readFileSync(path(), "utf8");
  writeFileSync(path(), before.slice(0, -1));
  expect(resume()).toMatchObject({ episodes: [{ seed: 0 }, { seed: 1 }], notices: [] });
  expect(readFileSync(path(), "utf8")).toBe(before);
});

test.each([
  ["null", /episodes\.jsonl:2: is not an episode \(.*expected object.*\); remove the line or record elsewhere\.$/],
  ['{"task":"manipulation/pick-cube"}', /episodes\.jsonl:2: is not an episode \(taskVersion: /],
  ["{oops}", /episodes\.jsonl:2: is not JSON/],
])("A line that is no episode, such as %s, is refused with its number.", (line, message) => {
  write(RUN, [0]);
  appendFileSync(path(), `${line}\n`);
  expect(() => resume()).toThrow(InputError);
  expect(() => resume()).toThrow(message);
});
