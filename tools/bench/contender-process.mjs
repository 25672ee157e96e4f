// A process of its own for one contender: libraries differ in what they install into a process and in the memory they keep. The
// parent sends { run: N } and gets the milliseconds of N steps, their losses, and the memory.

import { CONTENDERS } from "./contenders.mjs";

const [name, options] = JSON.parse(process.argv[2]);
const contender = await CONTENDERS[name](options);
process.on("message", async ({ run }) => {
  const milliseconds = [];
  const losses = [];
  for (let i = 0; i < run; i++) {
    const start = performance.now();
    losses.push(await contender.step());
    milliseconds.push(performance.now() - start);
  }
  process.send({ milliseconds, losses, residentBytes: process.memoryUsage.rss(), peakBytes: process.resourceUsage().maxRSS * 1024 });
});
process.send({ facts: contender.facts });
