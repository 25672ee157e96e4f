// `node tools/bench/memory.mjs [STEPS]`: trains the measurements' model for so many steps (default 1000) after 50 others and prints how much the
// process's memory grew: the median of the samples in the last quarter over that in the first, because garbage comes and goes in between.
// Ends with 1 when that is 2 % or more, or when the peak passes 1.5 GiB.

import { Contender } from "./contender.mjs";

const SAMPLE_STEPS = 25;
const steps = Number(process.argv[2] ?? 1000);
const mebibytes = (bytes) => (bytes / 2 ** 20).toFixed(0);
const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];

const contender = await Contender.start("ours", { threads: 2, microBatches: 2 });
await contender.run(50);
const samples = [];
for (let done = SAMPLE_STEPS; done <= steps; done += SAMPLE_STEPS) {
  await contender.run(SAMPLE_STEPS);
  samples.push(contender.residentBytes);
  process.stderr.write(`${done} steps: ${mebibytes(contender.residentBytes)} MiB\n`);
}
contender.stop();
const quarter = Math.ceil(samples.length / 4);
const [first, last] = [median(samples.slice(0, quarter)), median(samples.slice(-quarter))];
const growth = last / first - 1;
process.stdout.write(
  `${mebibytes(first)} MiB in the first quarter, ${mebibytes(last)} MiB in the last (${(100 * growth).toFixed(2)} %), peak ${mebibytes(contender.peakBytes)} MiB\n`,
);
process.exit(growth < 0.02 && contender.peakBytes < 1.5 * 2 ** 30 ? 0 : 1);
