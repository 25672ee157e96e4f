import { applyEffects, FactSet, type PlanStep } from "@reverie/core";
import { createEnvironment } from "@reverie/manipulation";
import { formatPlan, SymbolicBackend, type PlannerBackend } from "@reverie/planning";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { failureKind, reachesGoal, type EpisodeStart } from "./failure-kind.ts";
import { curvesSvg, readCurves } from "./learning-curve.ts";
import { OneSkillBackend } from "./one-skill.ts";
import { reportMarkdown } from "./report.ts";
import { runEvaluation, summariseOutcomes, type EpisodeOutcome } from "./run-evaluation.ts";
import { wilsonInterval } from "./wilson.ts";

const step = (skill: string, args: Readonly<Record<string, string>>): PlanStep => ({ skill, args });

async function startOf(task: string, seed: number): Promise<EpisodeStart & { readonly reference: readonly PlanStep[] }> {
  const environment = await createEnvironment(task);
  environment.reset({ seed });
  const { skills, objects, assignment } = environment;
  const facts = environment.facts();
  environment.close();
  return { skills, objects, facts, assignment, reference: assignment.references[0]! };
}

const evaluate = (backend: () => PlannerBackend, tasks: readonly string[], episodes = 2): Promise<EpisodeOutcome[]> =>
  runEvaluation({
    cells: tasks.map((task) => ({ task, split: "default", resetOptions: {} })),
    episodes,
    seed: 4,
    backendFor: backend,
    replans: 0,
    monitor: "on",
    planTimeoutMs: 10_000,
    signal: new AbortController().signal,
    tell: () => {},
  });

/** Outcomes of the teacher, without what depends on the clock. */
const once = async (): Promise<unknown[]> =>
  (await evaluate(() => new SymbolicBackend(), ["manipulation/pick-cube"])).map(({ planMs, ...rest }) => [rest, planMs.length]);

/** Says the same plan each time, and that no step is ever complete. */
class DoubtingBackend implements PlannerBackend {
  readonly name = "doubting";
  readonly privileged = true;
  readonly #teacher = new SymbolicBackend();

  async generate(...[request, signal]: Parameters<PlannerBackend["generate"]>): ReturnType<PlannerBackend["generate"]> {
    return request.kind === "plan" ? this.#teacher.generate(request, signal) : { text: "False", usage: { latencyMs: 0, attempts: 1 } };
  }
}

describe("wilsonInterval", () => {
  test.each([
    [0, 10, 0, 0.2775],
    [5, 10, 0.2366, 0.7634],
    [10, 10, 0.7225, 1],
    [81, 263, 0.2553, 0.3662],
    [0, 0, 0, 1],
  ])("of %i in %i is [%d, %d]", (successes, trials, low, high) => {
    const found = wilsonInterval(successes, trials);
    expect(found[0]).toBeCloseTo(low, 4);
    expect(found[1]).toBeCloseTo(high, 4);
  });

  test("holds the share, mirrors when successes become failures, and narrows with more trials", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 500 }), fc.double({ min: 0, max: 1, noNaN: true }), (trials, share) => {
        const successes = Math.round(share * trials);
        const [low, high] = wilsonInterval(successes, trials);
        const [mirroredLow, mirroredHigh] = wilsonInterval(trials - successes, trials);
        expect(low).toBeLessThanOrEqual(successes / trials);
        expect(high).toBeGreaterThanOrEqual(successes / trials);
        expect(low).toBeCloseTo(1 - mirroredHigh, 10);
        expect(high).toBeCloseTo(1 - mirroredLow, 10);
        const [lowerOfMore, upperOfMore] = wilsonInterval(successes * 4, trials * 4);
        expect(upperOfMore - lowerOfMore).toBeLessThan(high - low);
      }),
    );
    expect(() => wilsonInterval(3, 2)).toThrow("0 <= successes <= trials");
  });
});

describe("why an episode failed", () => {
  test("is execution when the reference plan was given, and planning when a step of it is missing", async () => {
    const start = await startOf("manipulation/cube-in-drawer", 3);
    expect(reachesGoal(start, start.reference)).toBe(true);
    expect(failureKind(start, start.reference)).toBe("execution");
    expect(failureKind(start, start.reference.slice(0, 3))).toBe("planning");
    expect(failureKind(start, [])).toBe("planning");
    expect(failureKind(start, undefined)).toBe("format");
  });

  test("is perception when a thing was taken for another of its kind, or a shut drawer for an open one", async () => {
    const start = await startOf("manipulation/cube-in-drawer", 3);
    const named = start.reference[1]!.args["object"]!;
    const other = start.objects.find(({ id, types }) => types.includes("cube") && id !== named)!.id;
    const swapped = start.reference.map(({ skill, args }) => ({
      skill,
      args: Object.fromEntries(Object.entries(args).map(([key, id]) => [key, id === named ? other : id])),
    }));
    expect(failureKind(start, swapped)).toBe("perception");
    expect(failureKind(start, start.reference.slice(1))).toBe("perception");
  });

  test("is the monitor's when it doubted a step that the facts show complete", async () => {
    const start = await startOf("manipulation/stack-cubes", 3);
    const doubted = [{ monitor: { complete: false, truth: true } }];
    expect(failureKind(start, start.reference, doubted)).toBe("monitor");
    expect(failureKind(start, start.reference, [{ monitor: { complete: false, truth: false } }])).toBe("execution");
  });

  test("counts what is done in the wrong order as not reached", async () => {
    const start = await startOf("manipulation/press-then-place", 2);
    const [press, pick, place] = start.reference;
    expect(reachesGoal(start, [press!, pick!, place!])).toBe(true);
    expect(reachesGoal(start, [pick!, place!, press!])).toBe(false);
    const skill = start.skills.find(({ name }) => name === "press")!;
    const pressed = applyEffects(skill, press!.args, new FactSet(start.facts), start.objects);
    expect(reachesGoal({ ...start, facts: [...pressed] }, [pick!, place!])).toBe(true);
    expect(reachesGoal(start, [step("fly", {})])).toBe(false);
  });
});

describe("an evaluation", () => {
  test("finds the symbolic teacher right in physics, and one skill enough for picking but not for stacking", async () => {
    const tasks = ["manipulation/pick-cube", "manipulation/stack-cubes"];
    const taught = await evaluate(() => new SymbolicBackend(), tasks);
    expect(taught.map(({ success, reward, format, steps }) => ({ success, reward, format, steps }))).toEqual(
      [1, 1, 2, 2].map((steps) => ({ success: true, reward: 1, format: true, steps })),
    );
    const single = await evaluate(() => new OneSkillBackend(), tasks);
    expect(single.map(({ success, failure }) => failure ?? success)).toEqual([true, true, "planning", "planning"]);
    const row = summariseOutcomes("all", "default", single);
    expect(row).toMatchObject({ episodes: 4, success: 0.5, formatFailures: 0, failures: { planning: 2, format: 0, execution: 0 } });
    expect([row.low, row.high]).toEqual([...wilsonInterval(2, 4)]);
  });

  test("gives the same outcomes each time, but for the milliseconds", async () => {
    expect(await once()).toEqual(await once());
  });

  test("tells a planner that doubts itself from one that plans badly", async () => {
    const [outcome] = await evaluate(() => new DoubtingBackend(), ["manipulation/stack-cubes"], 1);
    expect(outcome).toMatchObject({ success: false, failure: "monitor", reward: 1, judgedRight: 0 });
  });

  test("is stopped between episodes, and those that were run stay", async () => {
    const controller = new AbortController();
    const outcomes = await runEvaluation({
      cells: [{ task: "manipulation/pick-cube", split: "default", resetOptions: {} }],
      episodes: 5,
      seed: 0,
      backendFor: () => new SymbolicBackend(),
      replans: 0,
      monitor: "off",
      planTimeoutMs: 10_000,
      signal: controller.signal,
      tell: (_outcome, done) => {
        if (done === 2) controller.abort();
      },
    });
    expect(outcomes).toHaveLength(2);
    const rows = [summariseOutcomes("manipulation/pick-cube", "default", outcomes)];
    const text = reportMarkdown(
      {
        planner: "symbolic",
        privileged: true,
        blind: false,
        suite: "manipulation",
        seed: 0,
        replans: 0,
        monitor: "off",
        rows,
        breakdowns: [],
        overall: rows[0]!,
        interrupted: true,
      },
      outcomes,
    );
    expect(text).toContain("| manipulation/pick-cube | default | 2 | 100.0 % | 34.2 % to 100.0 % | 1.000 |");
    expect(text).toContain("The evaluation was stopped");
  });

  test("without a planner makes one skill of the words", async () => {
    const { skills, objects } = await startOf("manipulation/press-then-place", 2);
    const [, button] = objects.map(({ id }) => id).filter((id) => id.endsWith("_button") || id === "table");
    const words = `Please push the ${button!.replace("_", " ")}.`;
    const plan = { task: "t", instruction: words, skills, objects, history: [], seed: 0, observe: async () => [] };
    const { text } = await new OneSkillBackend().generate({ kind: "plan", plan }, new AbortController().signal);
    expect(text).toBe(formatPlan({ steps: [step("press", { object: button! })], reasoning: "One skill for all of it." }, "line", skills));
  });
});

describe("learning curves", () => {
  test("are read from a training's metrics and drawn", () => {
    const text = [
      JSON.stringify({ type: "step", step: 10, loss: 3, tokenLoss: 2, patchLoss: 1 }),
      JSON.stringify({ type: "checkpoint", step: 10, path: "x" }),
      JSON.stringify({ type: "evaluation", step: 10, scores: { "seeds/planExact": 0.25, "seeds/rows": 32 } }),
      JSON.stringify({ type: "step", step: 20, loss: 1, tokenLoss: 0.5, patchLoss: 0.5 }),
    ].join("\n");
    const { losses, scores } = readCurves(text, "metrics.jsonl");
    expect(losses.map(({ name, points }) => [name, points.length])).toEqual([
      ["loss", 2],
      ["tokenLoss", 2],
      ["patchLoss", 2],
    ]);
    expect(scores).toEqual([{ name: "seeds/planExact", points: [[10, 0.25]] }]);
    const svg = curvesSvg("a < b", losses);
    expect(svg).toContain("a &lt; b");
    expect(svg.match(/<polyline/g)).toHaveLength(3);
    // The largest value is at the top edge, the last step at the right one.
    expect(svg).toContain('points="293.0,34.0 530.0,200.7"');
  });

  test("are refused where there are none", () => {
    expect(() => readCurves("{", "metrics.jsonl")).toThrow("metrics.jsonl:1");
    expect(() => curvesSvg("empty", [])).toThrow("expected one point or more");
  });
});
