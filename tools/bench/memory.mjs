// `node tools/bench/memory.mjs [STEPS]`: trains the measurements' model for so many steps (default 1000) and prints how much the process's
// memory grew after the first 50. Ends with 1 when that is 2 % or more, or when the peak passes 1.5 GiB.

import { Contender } from "./contender.mjs";

const steps = Number(process.argv[2] ?? 1000);
const contender = await Contender.start("ours", { threads: 2, microBatches: 2 });
const mebibytes = (bytes) => (bytes / 2 ** 20).toFixed(0);
await contender.run(50);
const start = contender.residentBytes;
for (let done = 0; done < steps; done += 50) {
  await contender.run(Math.min(50, steps - done));
  process.stderr.write(`${Math.min(steps, done + 50)} steps: ${mebibytes(contender.residentBytes)} MiB\n`);
}
contender.stop();
const growth = contender.residentBytes / start - 1;
process.stdout.write(
  `after 50 steps ${mebibytes(start)} MiB, after ${steps} more ${mebibytes(contender.residentBytes)} MiB (${(100 * growth).toFixed(2)} %), peak ${mebibytes(contender.peakBytes)} MiB\n`,
);
process.exit(growth < 0.02 && contender.peakBytes < 1.5 * 2 ** 30 ? 0 : 1);
