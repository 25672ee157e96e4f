import { chromiumSkipNote, runInChromium } from "@reverie/testing";
import { beforeAll, describe, expect, test } from "vitest";
import { episodeDigests } from "./testing/episodes.ts";
import { reverie } from "./testing/reverie.ts";

const note = chromiumSkipNote();

interface RunOutput {
  readonly successRate: number;
  readonly meanReward: number;
  readonly episodes: readonly { readonly seed: number; readonly success: boolean; readonly simSteps: number; readonly stateHash: string }[];
}

async function run(task: string, seed: number, episodes: number): Promise<RunOutput> {
  const { code, stdout, stderr } = await reverie([
    "run",
    task,
    "--planner",
    "symbolic",
    "--episodes",
    String(episodes),
    "--seed",
    String(seed),
    "--json",
  ]);
  expect(code, stderr).toBe(0);
  return JSON.parse(stdout) as RunOutput;
}

describe("Episodes have the same bits", () => {
  let first: RunOutput;

  beforeAll(async () => {
    first = await run("manipulation/stack-cubes", 1, 20);
  }, 120_000);

  test("when the command runs twice; and at least 95 % of 20 episodes of stack-cubes succeed", { timeout: 120_000 }, async () => {
    expect(first.episodes).toHaveLength(20);
    expect(first.successRate).toBeGreaterThanOrEqual(0.95);
    for (const episode of first.episodes) expect(episode.stateHash).toMatch(/^[0-9a-f]{64}$/);
    const second = await run("manipulation/stack-cubes", 1, 20);
    expect(second.episodes.map((episode) => episode.stateHash)).toEqual(first.episodes.map((episode) => episode.stateHash));
    expect(new Set(first.episodes.map((episode) => episode.stateHash)).size).toBe(20);
  });

  test.skipIf(note !== "")(`in Chromium as in the command, from instruction to score.${note}`, { timeout: 180_000 }, async () => {
    const seeds = first.episodes.slice(0, 5).map((episode) => episode.seed);
    const inBrowser = await runInChromium<[boolean, number, number, string][]>(
      new URL("./testing/episodes.ts", import.meta.url),
      `entry.episodeDigests("manipulation/stack-cubes", ${JSON.stringify(seeds)})`,
    );
    expect(inBrowser.map(([, , , hash]) => hash)).toEqual(first.episodes.slice(0, 5).map((episode) => episode.stateHash));
  });

  test.skipIf(note !== "")(`in Chromium as in Node for every other task.${note}`, { timeout: 180_000 }, async () => {
    for (const task of ["pick-cube", "sort-by-colour", "cube-in-drawer", "press-then-place"]) {
      const id = `manipulation/${task}`;
      const inBrowser = await runInChromium(
        new URL("./testing/episodes.ts", import.meta.url),
        `entry.episodeDigests(${JSON.stringify(id)}, [7])`,
      );
      expect(inBrowser).toEqual(await episodeDigests(id, [7]));
    }
  });
});
