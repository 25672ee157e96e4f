/**
 * Calls of `work` per second for each contender, measured in turns within one run: a slow second of the machine then hits all.
 * Reports the median over the turns. `work` must do the same amount on every call.
 * @param {Record<string, () => void>} contenders
 * @param {number} seconds for each contender
 * @returns {Record<string, number>}
 */
export function measureInTurns(contenders, seconds) {
  const turns = Math.max(5, Math.round(seconds / 0.3));
  const slice = (seconds * 1000) / turns;
  const rates = Object.fromEntries(Object.keys(contenders).map((name) => [name, []]));
  for (const work of Object.values(contenders)) for (const until = performance.now() + 200; performance.now() < until;) work();
  for (let turn = 0; turn < turns; turn++) {
    for (const [name, work] of Object.entries(contenders)) {
      const start = performance.now();
      let calls = 0;
      let now = start;
      while (now - start < slice) {
        for (let i = 0; i < 10; i++) work();
        calls += 10;
        now = performance.now();
      }
      rates[name].push((calls * 1000) / (now - start));
    }
  }
  return Object.fromEntries(Object.entries(rates).map(([name, list]) => [name, list.sort((a, b) => a - b)[Math.floor(list.length / 2)]]));
}
