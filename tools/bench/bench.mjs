// `node tools/bench/bench.mjs [NAME] [--seconds N] [--json]`: prints a table, or JSON. Runs the compiled packages.

import { cpus } from "node:os";
import { suites as pickCube } from "./suites/pick-cube.mjs";
import { suites as world } from "./suites/world.mjs";

const round = (value) => Math.round(value).toLocaleString("en");

const SUITES = { ...pickCube, ...world };

const args = process.argv.slice(2);
const json = args.includes("--json");
const at = args.indexOf("--seconds");
const seconds = at < 0 ? 3 : Number(args[at + 1]);
const names = args.filter((arg, i) => !arg.startsWith("--") && i !== at + 1);
const unknown = names.find((name) => !Object.hasOwn(SUITES, name));
if (unknown !== undefined || !(seconds > 0)) {
  process.stderr.write(
    unknown === undefined
      ? "bench: --seconds expects a positive number.\n"
      : `bench: unknown measurement "${unknown}". Known: ${Object.keys(SUITES).join(", ")}.\n`,
  );
  process.exit(2);
}

const results = [];
for (const name of names.length === 0 ? Object.keys(SUITES) : names) {
  process.stderr.write(`measuring ${name} ...\n`);
  results.push(await SUITES[name](seconds));
}
if (json) process.stdout.write(`${JSON.stringify(results, null, 2)}\n`);
else {
  process.stdout.write(
    `Node ${process.versions.node}, ${cpus()[0]?.model ?? "unknown processor"}, one thread. Ratios matter, not the figures.\n\n`,
  );
  for (const { name, unit, ours, peers, ratio, note } of results) {
    process.stdout.write(`${name.padEnd(18)} ${round(ours).padStart(8)} ${unit}\n`);
    for (const [peer, value] of Object.entries(peers))
      process.stdout.write(`${"".padEnd(18)} ${round(value).padStart(8)} ${peer}  (ours/theirs ${ratio[peer].toFixed(2)})\n`);
    process.stdout.write(`${"".padEnd(18)} ${note}\n\n`);
  }
}
