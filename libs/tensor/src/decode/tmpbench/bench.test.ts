import { test } from "vitest";
import { ParameterSet } from "/work/main/libs/tensor/src/graph/parameters.ts";
import { LanguageModel } from "/work/main/libs/tensor/src/nn/language-model.ts";
import { Generator } from "/work/main/libs/tensor/src/node/generator.ts";
import { Session } from "/work/main/libs/tensor/src/node/session.ts";
import { Rng } from "/work/main/libs/core/src/rng.ts";
test("bench", async () => {
  const parameters = new ParameterSet({ seed: 1 });
  const model = new LanguageModel(parameters, { layers: 6, width: 256, heads: 8, vocabulary: 512, maxLength: 128 });
  const t0 = performance.now();
  const generator = await Generator.create({ model, ...(process.env.PROFILE ? { session: { profilePrefix: "/tmp/gen/prof" } } : {}) });
  console.log("create ms", performance.now() - t0, "parameters", parameters.count);
  let runMs = 0, runs: number[] = [];
  const real = Session.prototype.run;
  Session.prototype.run = async function (...args) {
    const t = performance.now();
    const out = await real.apply(this, args);
    runs.push(performance.now() - t);
    runMs += runs.at(-1)!;
    return out;
  };
  const rng = new Rng(3);
  for (const batch of [16, 16, 16, 1, 64]) {
    const prompts = Array.from({ length: batch }, () => Int32Array.from({ length: 32 }, () => rng.integer(0, 511)));
    runMs = 0; runs = [];
    const t = performance.now(), c = process.cpuUsage();
    await generator.generate({ prompts, maxTokens: 96, seed: 1, sampling: { temperature: 1, ...(process.env.TOPP ? { topP: 0.9 } : {}) } });
    const all = performance.now() - t, cpu = process.cpuUsage(c);
    const rest = runs.slice(1);
    const med = (a: number[]) => a.toSorted((x, y) => x - y)[a.length >> 1]!.toFixed(2);
    console.log(`B=${batch} ${(batch * 96 / all * 1000).toFixed(0)} tok/s wall ${all.toFixed(0)} cpu ${((cpu.user+cpu.system)/1000).toFixed(0)} prefill ${runs[0]!.toFixed(1)} ms; steps: run mean ${(rest.reduce((a, b) => a + b) / rest.length).toFixed(2)} median ${med(rest)} JS mean ${((all - runMs) / 96).toFixed(2)}; medians per window ${med(rest.slice(1, 32))} ${med(rest.slice(33, 64))} ${med(rest.slice(65))}`);
  }
  await generator.release();
}, 300000);
