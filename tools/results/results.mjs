// `node tools/results/results.mjs --run DIR`: evaluates the planners of a training and writes docs/results.md, its charts and results.json.
// DIR is the training's folder (`out` of its recipe). What was measured is kept in DIR/results: a run that was stopped goes on from there.
//
//   --weights DIR     the shipped planner (default models/embedded)
//   --sft DIR         the planner after examples alone (default DIR/sft-planner of the run, where there is one)
//   --episodes N      episodes for each set of scenes (default 24)
//   --seed N          seed of the first episode (default 0)
//   --parallel N      evaluations at a time (default 2)
//   --page FILE       the page (default docs/results.md)
//   --assets DIR      charts and results.json (default docs/results)
//   --fresh           measure anew what was measured before

import { spawnSync } from "node:child_process";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { ensureBuilt } from "../build.mjs";

const ROOT = resolve(fileURLToPath(import.meta.url), "../../..");
/** Below it a seed belongs to evaluation, from it on to training. */
const FIRST_TRAINING_SEED = 2 ** 31;

const say = (line) => process.stderr.write(`${line}\n`);

function wholeNumber(name, text, low, high) {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < low || value > high)
    throw new Error(`--${name}: expected an integer from ${low} to ${high}, got "${text}".`);
  return value;
}

async function main() {
  const text = { type: "string" };
  const { values } = parseArgs({
    options: {
      run: text,
      weights: { ...text, default: "models/embedded" },
      sft: text,
      episodes: { ...text, default: "24" },
      seed: { ...text, default: "0" },
      parallel: { ...text, default: "2" },
      page: { ...text, default: "docs/results.md" },
      assets: { ...text, default: "docs/results" },
      fresh: { type: "boolean", default: false },
    },
  });
  if (values.run === undefined) throw new Error("--run: expected the folder of a training.");
  const episodes = wholeNumber("episodes", values.episodes, 1, 100_000);
  const seed = wholeNumber("seed", values.seed, 0, FIRST_TRAINING_SEED - 1);
  const parallel = wholeNumber("parallel", values.parallel, 1, 64);
  process.chdir(ROOT);
  await ensureBuilt({ log: say });
  const { makeResults } = await import("../../apps/cli/dist/results/make-results.js");
  const controller = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"])
    process.once(signal, () => {
      say("Stopping; the same command goes on from here.");
      controller.abort();
    });
  const { fresh, page, assets, run, weights, sft } = values;
  const command = ["node tools/results/results.mjs", ...process.argv.slice(2).filter((word) => word !== "--fresh")].join(" ");
  const done = await makeResults({
    run,
    weights,
    sft,
    episodes,
    seed,
    parallel,
    page,
    assets,
    fresh,
    command,
    signal: controller.signal,
    say,
  });
  if (!done) return 130;
  const format = spawnSync(process.execPath, [join(ROOT, "node_modules/oxfmt/bin/oxfmt"), page, assets], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  return format.status ?? 1;
}

try {
  process.exitCode = await main();
} catch (error) {
  process.stderr.write(`results: ${error.message}\n`);
  process.exitCode = 2;
}
