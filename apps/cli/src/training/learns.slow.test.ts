import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { reverie } from "../testing/reverie.ts";

const folder = mkdtempSync(join(tmpdir(), "reverie-learns-"));
afterAll(() => rmSync(folder, { recursive: true }));

type Line = { readonly type: string; readonly rewardMean: number };

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

test("rewards raise what a planner earns in training above its start from examples", async () => {
  const out = ["--out", folder, "--export", join(folder, "planner")];
  const { code, stderr } = await reverie(["train", "--recipe", "embedded-small", ...out]);
  expect(code, stderr).toBe(0);
  const lines = readFileSync(join(folder, "metrics.jsonl"), "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Line);
  const rewards = lines.filter(({ type }) => type === "iteration").map(({ rewardMean }) => rewardMean);
  expect(mean(rewards.slice(-10))).toBeGreaterThan(mean(rewards.slice(0, 5)) + 0.05);
});
