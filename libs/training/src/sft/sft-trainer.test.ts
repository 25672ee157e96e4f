import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Tokenizer } from "@reverie/planning";
import { ParameterSet } from "@reverie/tensor";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { ShuffledRows } from "../data/shuffled-rows.ts";
import { NUMBERED_SOURCE, testPlan, testRow } from "../data/testing/rows.ts";
import { VisionLanguageModel } from "../model/vision-language-model.ts";
import { evaluateRows } from "./evaluate-rows.ts";
import { LiveAnswerer } from "./live-answerer.ts";
import { readSftState, sftState } from "./sft-state.ts";
import { SftTrainer, type SftReport } from "./sft-trainer.ts";

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "reverie-sft-"));
});
afterEach(async () => rm(folder, { recursive: true }));

const tokenizer = Tokenizer.fromMerges([]);
const tiny = { width: 16, layers: 1, heads: 1 };

interface Run {
  readonly trainer: SftTrainer;
  readonly parameters: ParameterSet;
  readonly model: VisionLanguageModel;
  readonly reports: SftReport[];
}

async function makeRun(name: string, { resume = false, steps = 4 } = {}): Promise<Run> {
  const parameters = new ParameterSet({ seed: 3 });
  const model = new VisionLanguageModel(parameters, { vocabulary: tokenizer.vocabulary, patchClasses: 5, vision: tiny, decoder: tiny });
  const reports: SftReport[] = [];
  const trainer = await SftTrainer.create(
    {
      model,
      parameters,
      tokenizer,
      steps,
      batch: 2,
      learningRate: { peak: 1e-2, warmupSteps: 1 },
      patchWeightOf: () => 0.1,
      folder: join(folder, name),
      reportEvery: 1,
      report: (report) => reports.push(report),
      openRows: (position) =>
        ShuffledRows.open({
          plan: testPlan,
          source: { module: NUMBERED_SOURCE, settings: {} },
          workers: 0,
          blockRows: 3,
          ...(position === undefined ? {} : { position }),
        }),
    },
    resume,
  );
  return { trainer, parameters, model, reports };
}

const weightsOf = (parameters: ParameterSet): Map<string, number[]> =>
  new Map([...parameters].map(({ name, values }) => [name, [...values]]));

/** Aborts once the reports hold this many steps. */
function stopAfter(run: Run, steps: number): AbortSignal {
  const controller = new AbortController();
  const push = run.reports.push.bind(run.reports);
  run.reports.push = (...reports) => {
    const length = push(...reports);
    if (run.reports.filter(({ type }) => type === "step").length >= steps) controller.abort();
    return length;
  };
  return controller.signal;
}

describe("SftTrainer", () => {
  test("goes on after it was stopped bit for bit as if it had not been", async () => {
    const whole = await makeRun("whole");
    expect(await whole.trainer.run()).toMatchObject({ step: 4, finished: true });
    const first = await makeRun("parts");
    const stopped = await first.trainer.run(stopAfter(first, 2));
    expect(stopped).toMatchObject({ step: 2, finished: false });
    await first.trainer.close();
    const second = await makeRun("parts", { resume: true });
    expect(second.trainer.step).toBe(2);
    expect(await second.trainer.run()).toMatchObject({ step: 4, finished: true });
    expect(weightsOf(second.parameters)).toEqual(weightsOf(whole.parameters));
    await whole.trainer.close();
    await second.trainer.close();
  });

  test("learns: the loss of answers falls", async () => {
    const run = await makeRun("learn", { steps: 40 });
    await run.trainer.run();
    const losses = run.reports.flatMap((report) => (report.type === "step" ? [report.tokenLoss] : []));
    expect(losses).toHaveLength(40);
    expect(losses.at(-1)!).toBeLessThan(0.7 * losses[0]!);
    await run.trainer.close();
  });

  test("can be asked as it is, and answers the same each time", async () => {
    const run = await makeRun("ask", { steps: 2 });
    const answerer = await LiveAnswerer.create(run.model, tokenizer);
    const rows = [testRow(1), testRow(2, { kind: "verify", completion: "True" }), testRow(3, { kind: "question" })];
    const ask = (): ReturnType<typeof evaluateRows> => evaluateRows({ answerer, rows, maxTokens: 8 });
    const scores = await ask();
    expect(scores).toMatchObject({ rows: 3, planFormat: 0, planReward: 0, questionExact: 0 });
    expect(await ask()).toEqual(scores);
    await answerer.release();
    await run.trainer.close();
  });

  test("takes up no checkpoint of another training", () => {
    const position = { block: { job: 3, row: 1 }, number: 2, taken: 5 };
    expect(readSftState(sftState({ position, tooLong: 4 }))).toEqual({ position, tooLong: 4 });
    for (const extra of [null, {}, { kind: "sft", version: 2 }, { kind: "policy-optimisation", version: 1 }])
      expect(() => readSftState(extra)).toThrow("the checkpoint is not one of supervised training");
    expect(() => readSftState({ kind: "sft", version: 1, tooLong: 0, position: { block: { job: -1, row: 0 } } })).toThrow(
      "extra.position.block.job",
    );
  });
});

describe("evaluateRows", () => {
  test("scores a perfect answer with 1 and a wrong one with less, by kind", async () => {
    const rows = [
      testRow(1),
      testRow(2),
      testRow(3, { kind: "verify", completion: "True: it is." }),
      testRow(4, { kind: "verify", completion: "False: it is not." }),
      testRow(5, { kind: "question", completion: "table" }),
    ];
    const said = [rows[0]!.completion, "<think></think>\n<answer>1. pick(cube_9)</answer>", "True", "True", "table"];
    const scores = await evaluateRows({
      rows,
      answerer: {
        tokenizer,
        imageSize: 128,
        textTokens: 100,
        answer: async (questions) =>
          questions.map((question) => ({
            text: said[rows.findIndex(({ prompt }) => prompt === question.prompt)]!,
            tokens: new Int32Array(1),
            finish: "end" as const,
            promptTokens: 1,
          })),
      },
      batch: 2,
    });
    expect(scores).toMatchObject({ rows: 5, planFormat: 1, planExact: 0.5, verdictRight: 0.5, questionExact: 1 });
    expect(scores.planReward).toBeGreaterThanOrEqual(0.5);
    expect(scores.planReward).toBeLessThan(1);
  });
});
