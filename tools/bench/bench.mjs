// `node tools/bench/bench.mjs [NAME ...] [--seconds N] [--json]`: prints a table, or JSON. Runs the compiled packages.

import { cpus } from "node:os";
import { parseArgs } from "node:util";
import { MEASUREMENTS } from "./measurements.mjs";

const round = (value) => Math.round(value).toLocaleString("en");

function refuse(problem) {
  process.stderr.write(`bench: ${problem}\n`);
  process.exit(2);
}

function readArguments() {
  try {
    return parseArgs({ allowPositionals: true, options: { json: { type: "boolean" }, seconds: { type: "string", default: "3" } } });
  } catch (error) {
    return refuse(error.message);
  }
}

// Whoever reads the answer may stop before its end.
process.stdout.on("error", (error) => {
  if (error.code !== "EPIPE") throw error;
  process.exit(141);
});

const { positionals: names, values } = readArguments();
const { json } = values;
const seconds = Number(values.seconds);
const unknown = names.find((name) => !Object.hasOwn(MEASUREMENTS, name));
if (unknown !== undefined) refuse(`unknown measurement "${unknown}". Known: ${Object.keys(MEASUREMENTS).join(", ")}.`);
if (!(seconds > 0)) refuse("--seconds expects a positive number.");

const results = [];
for (const name of names.length === 0 ? Object.keys(MEASUREMENTS) : new Set(names)) {
  process.stderr.write(`measuring ${name} ...\n`);
  const { suites } = await import(`./suites/${MEASUREMENTS[name]}.mjs`);
  results.push(await suites[name](seconds));
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
