#!/usr/bin/env node
// Builds what is missing or older than its sources, then hands over to the compiled command.
const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  process.stderr.write(`reverie: Node ${process.versions.node} is too old; 20.19 or newer is needed.\n`);
  process.exit(2);
}
try {
  const { ensureBuilt } = await import("../../../tools/build.mjs");
  await ensureBuilt({ log: (line) => process.stderr.write(`${line}\n`) });
} catch (error) {
  process.stderr.write(`reverie: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(2);
}
const { main } = await import("../dist/main.js");
process.exitCode = await main(process.argv.slice(2));
