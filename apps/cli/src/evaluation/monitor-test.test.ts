import { SymbolicBackend, type GenerateRequest, type PlannerBackend } from "@reverie/planning";
import { describe, expect, test } from "vitest";
import { monitorMarkdown, monitorReport } from "./monitor-report.ts";
import { countJudgements, runMonitorTest, type Judgement } from "./monitor-test.ts";

const cell = (task: string, split = "default"): { task: string; split: string; resetOptions: Readonly<Record<string, unknown>> } => ({
  task,
  split,
  resetOptions: split === "default" ? {} : { split },
});

function judge(backend: () => PlannerBackend, share: number, task = "manipulation/stack-cubes", episodes = 4): Promise<Judgement[]> {
  return runMonitorTest({
    cells: [cell(task)],
    episodes,
    seed: 0,
    backendFor: backend,
    share,
    verifyTimeoutMs: 10_000,
    signal: new AbortController().signal,
    tell: () => {},
  });
}

const found = (...outcomes: readonly (readonly [truth: boolean, complete: boolean, count: number])[]): ReturnType<typeof countJudgements> =>
  countJudgements(outcomes.flatMap(([truth, complete, count]) => Array.from({ length: count }, () => ({ truth, complete }))));

/** Believes every step, and remembers how far apart the pictures were. */
class TrustingBackend implements PlannerBackend {
  readonly name = "trusting";
  readonly privileged = false;
  readonly differing: number[];

  constructor(differing: number[]) {
    this.differing = differing;
  }

  async generate(request: GenerateRequest): ReturnType<PlannerBackend["generate"]> {
    if (request.kind === "plan") throw new Error("A monitor is asked for no plan.");
    expect(request.verify.privileged).toBeUndefined();
    const { before, after } = await request.verify.observe({ width: 32, height: 32 });
    const rgb = after.find(({ camera }) => camera === "overhead")!.rgb;
    const earlier = before.find(({ camera }) => camera === "overhead")!.rgb;
    this.differing.push(rgb.filter((value, i) => value !== earlier[i]).length);
    return { text: "True", usage: { latencyMs: 1, attempts: 1 } };
  }
}

const one = (mishap: Judgement["mishap"], truth: boolean, complete: boolean): Judgement => ({
  task: "manipulation/pick-cube",
  split: "default",
  seed: 0,
  step: { skill: "pick", args: { object: "red_cube" } },
  mishap,
  truth,
  complete,
  ms: 1,
});

describe("figures of a monitor", () => {
  test("count a failure that is found as a positive", () => {
    const figures = found([false, false, 18], [true, false, 2], [false, true, 6], [true, true, 74]);
    expect(figures).toMatchObject({
      judged: 100,
      truePositives: 18,
      falsePositives: 2,
      falseNegatives: 6,
      trueNegatives: 74,
      precision: 0.9,
      recall: 0.75,
    });
    expect(figures.precisionInterval[0]).toBeCloseTo(0.699, 3);
    expect(figures.recallInterval[1]).toBeCloseTo(0.8797, 3);
  });

  test("have no precision without an alarm and no recall without a failure", () => {
    expect(found([false, true, 3])).toMatchObject({ precision: null, precisionInterval: [0, 1], recall: 0 });
    expect(found([true, false, 3])).toMatchObject({ precision: 0, recall: null, recallInterval: [0, 1] });
  });
});

describe("a monitor test", () => {
  test("finds who reads the facts right about every step, spoiled or not", async () => {
    const judgements = await judge(() => new SymbolicBackend(), 1);
    const kinds = new Set(judgements.map(({ mishap }) => mishap));
    expect(kinds.has("none")).toBe(true);
    expect(kinds.size).toBeGreaterThan(2);
    expect(judgements.every(({ truth, complete }) => truth === complete)).toBe(true);
    // Each step was spoiled, undone, and then ran as it should.
    expect(judgements.filter(({ mishap }) => mishap !== "none")).toHaveLength(8);
    expect(judgements.filter(({ mishap, truth }) => mishap === "none" && truth)).toHaveLength(8);
    expect(judgements.filter(({ mishap, truth }) => mishap === "idle" && truth)).toHaveLength(0);
  });

  test("finds who believes everything blind to every failure, and shows it pictures of before and after", async () => {
    const differing: number[] = [];
    const judgements = await judge(() => new TrustingBackend(differing), 1);
    const figures = countJudgements(judgements);
    expect(figures).toMatchObject({ truePositives: 0, falsePositives: 0, precision: null, recall: 0 });
    expect(figures.falseNegatives).toBeGreaterThan(0);
    judgements.forEach(({ mishap, truth }, i) => {
      if (mishap === "idle") expect(differing[i]).toBe(0);
      else if (truth) expect(differing[i]).toBeGreaterThan(0);
    });
  });

  test("spoils nothing at a share of 0, and asks the same at every run", async () => {
    const calm = await judge(() => new SymbolicBackend(), 0, "manipulation/pick-cube", 2);
    expect(calm.map(({ mishap, truth }) => [mishap, truth])).toEqual([
      ["none", true],
      ["none", true],
    ]);
    const ask = async (): Promise<unknown[]> =>
      (await judge(() => new SymbolicBackend(), 0.5, "manipulation/pick-cube", 3)).map(({ ms, ...rest }) => [rest, ms >= 0]);
    expect(await ask()).toEqual(await ask());
  });

  test("is reported by task and by mishap, and says who was blind", () => {
    const facts = { planner: "text-only", privileged: false, blind: true, suite: "manipulation", seed: 0, episodes: 1, injectedShare: 0.5 };
    const report = monitorReport(facts, [one("none", true, true), one("idle", false, false), one("idle", false, true)]);
    const text = monitorMarkdown(report);
    expect(text).toContain("This planner is blind");
    expect(text).toContain(
      "| manipulation/pick-cube | default | 3 | 1 | 0 | 1 | 1 | 100.0 % (20.7 % to 100.0 %) | 50.0 % (9.5 % to 90.5 %) |",
    );
    expect(report.byMishap.map(({ mishap, judged }) => [mishap, judged])).toEqual([
      ["none", 1],
      ["idle", 2],
    ]);
  });
});
