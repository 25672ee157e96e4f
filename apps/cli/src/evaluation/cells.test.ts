import type { CameraImage } from "@reverie/core";
import { createEnvironment } from "@reverie/manipulation";
import { SymbolicBackend, type GenerateRequest, type PlannerBackend } from "@reverie/planning";
import { describe, expect, test } from "vitest";
import { BlindBackend } from "./blind.ts";
import { cellsOf } from "./cells.ts";
import { breakdownsOf, reportMarkdown } from "./report.ts";
import { runEvaluation, summariseOutcomes } from "./run-evaluation.ts";
import { sceneSeeds } from "./scene-seeds.ts";
import { differenceInterval } from "./wilson.ts";

const COMPOSED = "manipulation/composed";

/** Remembers the brightest byte of every picture that it is shown, and whether it was told facts. */
class LookingBackend implements PlannerBackend {
  readonly name = "looking";
  readonly privileged = false;
  readonly brightest: number[] = [];
  readonly told: boolean[] = [];

  async generate(request: GenerateRequest): ReturnType<PlannerBackend["generate"]> {
    this.told.push((request.kind === "plan" ? request.plan : request.verify).privileged !== undefined);
    const size = { width: 16, height: 16 };
    const images = request.kind === "plan" ? await request.plan.observe(size) : Object.values(await request.verify.observe(size)).flat();
    this.brightest.push(...images.map(({ rgb }) => Math.max(...rgb)));
    return { text: "True", usage: { latencyMs: 1, attempts: 1 } };
  }
}

describe("cells of an evaluation", () => {
  test("are all tasks with all splits, or those that were asked for", () => {
    expect(cellsOf({ visual: "none" }).length).toBeGreaterThan(8);
    expect(cellsOf({ task: COMPOSED, split: "held-out-seeds", subgoals: 4, visual: "none" })).toEqual([
      { task: COMPOSED, split: "held-out-seeds", resetOptions: { subgoals: 4, visual: "none", split: "held-out-seeds" } },
    ]);
    expect(new Set(cellsOf({ subgoals: 2, visual: "none" }).map(({ task }) => task))).toEqual(new Set([COMPOSED]));
  });

  test("are refused where the task has no such thing", () => {
    expect(() => cellsOf({ task: "manipulation/pick-cube", subgoals: 2, visual: "none" })).toThrow("no choice of sub-goals");
    expect(() => cellsOf({ task: COMPOSED, split: "held-out-seed", visual: "none" })).toThrow('did you mean "held-out-seeds"');
  });

  test("of one length pass over the other scenes, and say so where there is none", async () => {
    const environment = await createEnvironment("manipulation/pick-cube");
    const [cell] = cellsOf({ task: "manipulation/pick-cube", visual: "none", referenceSteps: 1 });
    expect([...sceneSeeds(environment, cell!, 0xffff_ffff, 2)]).toEqual([0xffff_ffff, 0]);
    expect(() => sceneSeeds(environment, { ...cell!, referenceSteps: 9 }, 0, 1).next()).toThrow("none of 500 scenes");
    environment.close();
  });
});

describe("an evaluation on composed tasks", () => {
  test("is broken down by sub-goals, by the length of the reference plan, and by whether the picture is needed", async () => {
    const outcomes = await runEvaluation({
      cells: cellsOf({ task: COMPOSED, split: "held-out-seeds", referenceSteps: 1, visual: "none" }),
      episodes: 3,
      seed: 0,
      backendFor: () => new SymbolicBackend(),
      replans: 0,
      monitor: "perfect",
      planTimeoutMs: 10_000,
      signal: new AbortController().signal,
      tell: () => {},
    });
    expect(outcomes.every(({ referenceSteps, subgoals }) => referenceSteps === 1 && subgoals === 1)).toBe(true);
    const breakdowns = breakdownsOf(outcomes);
    expect(breakdowns.filter(({ by }) => by === "sub-goals").map(({ value, row }) => [value, row.episodes])).toEqual([[1, 3]]);
    const byPicture = breakdowns.filter(({ by }) => by === "needs the picture");
    expect(byPicture.reduce((sum, { row }) => sum + row.episodes, 0)).toBe(3);
    const overall = summariseOutcomes("all", "all", outcomes);
    const facts = { planner: "symbolic", privileged: true, blind: false, suite: "manipulation", seed: 0, replans: 0 };
    const text = reportMarkdown({ ...facts, monitor: "perfect", rows: [overall], breakdowns, overall }, outcomes);
    expect(text).toContain("judged by the facts of the world (privileged");
    expect(text).toContain("| held-out-seeds | sub-goals | 1 | 3 | 100.0 % |");
  });
});

describe("the text-only ablation", () => {
  test("shows black pictures in place of what cameras see, before plans and verdicts alike, and passes no facts on", async () => {
    const environment = await createEnvironment("manipulation/pick-cube");
    environment.reset({ seed: 0 });
    const { skills, objects } = environment;
    const look = async (): Promise<CameraImage[]> => [environment.render("overhead", { width: 16, height: 16 })];
    const asked = { task: "t", instruction: "Lift the red cube.", skills, objects };
    const both = async (): Promise<{ before: CameraImage[]; after: CameraImage[] }> => ({ before: await look(), after: await look() });
    const requests: GenerateRequest[] = [
      { kind: "plan", plan: { ...asked, history: [], seed: 0, privileged: { facts: [], goal: [] }, observe: look } },
      { kind: "verify", verify: { ...asked, step: { skill: "pick", args: {} }, privileged: { facts: [], expected: [] }, observe: both } },
    ];
    const looking = new LookingBackend();
    const blind = new BlindBackend(looking);
    for (const request of requests) await blind.generate(request, new AbortController().signal);
    expect(looking.brightest).toEqual([0, 0, 0]);
    expect(looking.told).toEqual([false, false]);
    for (const request of requests) await looking.generate(request);
    expect(Math.min(...looking.brightest.slice(3))).toBeGreaterThan(0);
    expect(looking.told.slice(2)).toEqual([true, true]);
    environment.close();
  });
});

describe("differenceInterval", () => {
  test.each([
    // Newcombe's own examples, method 10.
    [56, 70, 48, 80, 0.0524, 0.3339],
    [9, 10, 3, 10, 0.1705, 0.809],
    [10, 10, 0, 10, 0.6075, 1],
  ])("of %i in %i and %i in %i is [%d, %d]", (a, trialsA, b, trialsB, low, high) => {
    const found = differenceInterval({ successes: a, trials: trialsA }, { successes: b, trials: trialsB });
    expect(found[0]).toBeCloseTo(low, 3);
    expect(found[1]).toBeCloseTo(high, 3);
  });
});
