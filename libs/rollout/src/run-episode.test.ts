import { InputError, PeerError, sha256Hex, UnknownIdError, type Episode } from "@reverie/core";
import { describe, expect, test } from "vitest";
import type { EpisodeEvent } from "./events.ts";
import type { EpisodeOptions } from "./options.ts";
import { runEpisode } from "./run-episode.ts";
import { CubeWorld, planText, ScriptedPlanner } from "./test-support.ts";

const GOOD = planText("pick(red_cube)", "place(red_cube, blue_cube)");

function run(planner: ScriptedPlanner, options: Partial<EpisodeOptions> & { environment?: CubeWorld } = {}): Promise<Episode> {
  return runEpisode({ environment: new CubeWorld(), planner, seed: 7, now: () => 0, ...options });
}

/** Skill and outcome of every row. */
function rows(episode: Episode): string[] {
  return episode.steps.map(({ skill, status, plan }) => `${plan} ${skill} ${status}`);
}

/** What an observer sees of one step, given the initials of all rows' states when it starts and when it ends. */
function stepEvents(started: string, finished: string): string[] {
  return ["step-started", started, "running", "monitoring", "verdict", "step-finished", finished];
}

describe("runEpisode", () => {
  test("carries a good plan from instruction to score", async () => {
    const environment = new CubeWorld();
    const episode = await run(new ScriptedPlanner([GOOD]), { environment });
    expect(episode).toEqual({
      task: "test/stack",
      taskVersion: 1,
      planner: "scripted",
      privileged: false,
      seed: 7,
      instruction: "Put the red cube on the blue cube.",
      plan: environment.assignment.references[0],
      reference: environment.assignment.references[0],
      reward: expect.objectContaining({ value: 1 }) as unknown,
      steps: [
        {
          skill: "pick",
          args: { object: "red_cube" },
          status: "done",
          plan: 0,
          monitor: { complete: true, truth: true, explanation: "It is there." },
        },
        {
          skill: "place",
          args: { object: "red_cube", target: "blue_cube" },
          status: "done",
          plan: 0,
          monitor: { complete: true, truth: true, explanation: "It is there." },
        },
      ],
      replans: 0,
      success: true,
      progress: 1,
      simSteps: 10,
      wallSeconds: 0,
      stateHash: sha256Hex(environment.snapshot()),
    });
  });

  test("scores the first plan even when a later one succeeds", async () => {
    const planner = new ScriptedPlanner([planText("place(red_cube, blue_cube)"), GOOD]);
    const episode = await run(planner);
    expect(episode.success).toBe(true);
    expect(episode.replans).toBe(1);
    expect(rows(episode)).toEqual(["0 place failed", "1 pick done", "1 place done"]);
    expect(episode.steps[0]!.reason).toBe("precondition");
    expect(episode.reward!.value).toBeLessThan(1);
    expect(planner.planRequests[1]!.history).toEqual([episode.steps[0]]);
  });

  test("says success only when the world does, whatever the planner says", async () => {
    const episode = await run(new ScriptedPlanner([planText("pick(red_cube)")]));
    expect(episode.success).toBe(false);
    expect(episode.progress).toBe(0);
    expect(episode.failure).toBeUndefined();
    expect(rows(episode)).toEqual(["0 pick done"]);
  });

  test("ends when the goal is reached and skips the rest", async () => {
    const episode = await run(
      new ScriptedPlanner([planText("pick(red_cube)", "place(red_cube, blue_cube)", "pick(red_cube)", "place(red_cube, table)")]),
    );
    expect(episode.success).toBe(true);
    expect(rows(episode)).toEqual(["0 pick done", "0 place done", "0 pick skipped", "0 place skipped"]);
  });

  test("ends at the step limit with the running step failed", async () => {
    const episode = await run(new ScriptedPlanner([GOOD]), { environment: new CubeWorld({ maxSteps: 8 }) });
    expect(episode.success).toBe(false);
    expect(episode.simSteps).toBe(8);
    expect(rows(episode)).toEqual(["0 pick done", "0 place failed"]);
    expect(episode.steps[1]!.reason).toBe("interrupted: the step limit ended the episode");
  });

  test("knows success and progress of an empty episode from the facts", async () => {
    const episode = await run(new ScriptedPlanner(["no plan at all"]), { limits: { replans: 0 } });
    expect(episode).toMatchObject({ success: false, progress: 0, simSteps: 0 });
  });
});

describe("a failed step", () => {
  test("is tried once more when the skill may do better", async () => {
    const episode = await run(new ScriptedPlanner([GOOD]), { environment: new CubeWorld({ faults: { 0: "slipped" } }) });
    expect(rows(episode)).toEqual(["0 pick failed", "0 pick done", "0 place done"]);
    expect(episode.steps[0]).toMatchObject({ reason: "slipped: as arranged", monitor: { complete: true, truth: false } });
    expect(episode.replans).toBe(0);
  });

  test("leads to a new plan when retries are spent or cannot help", async () => {
    const slipped = await run(new ScriptedPlanner([GOOD]), { environment: new CubeWorld({ faults: { 0: "slipped", 1: "slipped" } }) });
    expect(rows(slipped)).toEqual(["0 pick failed", "0 pick failed", "0 place skipped", "1 pick done", "1 place done"]);
    const unreachable = await run(new ScriptedPlanner([GOOD]), { environment: new CubeWorld({ faults: { 0: "unreachable" } }) });
    expect(rows(unreachable)).toEqual(["0 pick failed", "0 place skipped", "1 pick done", "1 place done"]);
  });

  test("is noticed by the monitor when the skill itself believes in success", async () => {
    const planner = new ScriptedPlanner([GOOD], { judge: (_request, n) => n !== 0 });
    const episode = await run(planner, { environment: new CubeWorld({ faults: { 0: "does-nothing" } }) });
    expect(rows(episode)).toEqual(["0 pick failed", "0 pick done", "0 place done"]);
    expect(episode.steps[0]).toMatchObject({
      reason: "not complete, says the monitor: It is not there.",
      monitor: { complete: false, truth: false },
    });
  });

  test("that was complete after all leads to a new plan, since the same step cannot start again", async () => {
    const planner = new ScriptedPlanner([GOOD, planText("place(red_cube, blue_cube)")], { judge: (_request, n) => n !== 0 });
    const episode = await run(planner);
    expect(rows(episode)).toEqual(["0 pick failed", "0 place skipped", "1 place done"]);
    expect(episode.steps[0]!.monitor).toMatchObject({ complete: false, truth: true });
    expect(episode).toMatchObject({ replans: 1, success: true });
  });

  test("stays unnoticed without a monitor", async () => {
    const planner = new ScriptedPlanner([GOOD]);
    const episode = await run(planner, {
      environment: new CubeWorld({ faults: { 0: "does-nothing" } }),
      monitor: false,
      limits: { replans: 0 },
    });
    expect(rows(episode)).toEqual(["0 pick done", "0 place failed"]);
    expect(planner.verifyRequests).toHaveLength(0);
  });

  test("is noticed by a perfect monitor without a question to the planner, and the episode is then privileged", async () => {
    const planner = new ScriptedPlanner([GOOD]);
    const verdicts: unknown[] = [];
    const episode = await run(planner, {
      environment: new CubeWorld({ faults: { 0: "does-nothing" } }),
      monitor: "perfect",
      observer: (event) => {
        if (event.type === "verdict") verdicts.push(event.verdict);
      },
    });
    expect(rows(episode)).toEqual(["0 pick failed", "0 pick done", "0 place done"]);
    expect(episode).toMatchObject({ success: true, privileged: true });
    expect(verdicts).toEqual([
      { complete: false, truth: false },
      { complete: true, truth: true },
      { complete: true, truth: true },
    ]);
    expect(planner.verifyRequests).toHaveLength(0);
  });

  test("leads to at most as many new plans as allowed", async () => {
    const planner = new ScriptedPlanner([planText("place(red_cube, blue_cube)")]);
    const episode = await run(planner, { limits: { replans: 2 } });
    expect(planner.planRequests).toHaveLength(3);
    expect(episode).toMatchObject({ replans: 2, success: false });
    expect(episode.failure).toBeUndefined();
  });
});

describe("a planner", () => {
  test("that answers nonsense gets the complaint and another try, then the episode fails naming it", async () => {
    const planner = new ScriptedPlanner([planText("fly(red_cube)")]);
    const episode = await run(planner);
    expect(planner.planRequests).toHaveLength(4);
    expect(planner.planRequests[1]!.history).toEqual([
      { skill: "unreadable-plan", args: {}, status: "failed", reason: expect.stringContaining("fly") as unknown, plan: 0 },
    ]);
    expect(episode.failure!.code).toBe("unreadable-plan");
    expect(episode.failure!.message).toMatch(/^planner scripted: its plan could not be read: steps\[0\]/);
    expect(episode.reward!.value).toBe(0);
    expect(episode.plan).toEqual([]);
  });

  test("that recovers from nonsense is scored by the nonsense", async () => {
    const episode = await run(new ScriptedPlanner(["???", GOOD]));
    expect(episode).toMatchObject({ success: true, replans: 1, plan: [] });
    expect(episode.reward!.value).toBe(0);
  });

  test("that never answers fails the episode in time", async () => {
    const episode = await run(new ScriptedPlanner([() => new Promise(() => undefined)]), { limits: { planTimeoutMs: 30 } });
    expect(episode.failure).toEqual({ code: "timeout", message: "planner scripted, plan did not finish within 30 ms." });
  });

  test("that never judges fails the episode and what was running", async () => {
    const planner = new ScriptedPlanner([GOOD], { judge: () => new Promise(() => undefined) });
    const episode = await run(planner, { limits: { verifyTimeoutMs: 30 } });
    expect(episode.failure).toEqual({ code: "timeout", message: "planner scripted, verify did not finish within 30 ms." });
    expect(rows(episode)).toEqual(["0 pick failed", "0 place skipped"]);
  });

  test("that dies or throws fails the episode by name", async () => {
    const gone = await run(
      new ScriptedPlanner([() => Promise.reject(new PeerError("planner scripted", "went away during planner.plan."))]),
    );
    expect(gone.failure).toEqual({ code: "peer", message: "planner scripted: went away during planner.plan." });
    const broken = await run(new ScriptedPlanner([() => Promise.reject(new RangeError("boom"))]));
    expect(broken.failure).toEqual({ code: "planner-error", message: "planner scripted, plan: boom" });
  });

  test("gets facts and goal only when it is privileged", async () => {
    const plain = new ScriptedPlanner([GOOD]);
    await run(plain);
    expect([...plain.planRequests, ...plain.verifyRequests].every((request) => request.privileged === undefined)).toBe(true);
    const privileged = new ScriptedPlanner([GOOD], { privileged: true });
    expect((await run(privileged)).privileged).toBe(true);
    expect(privileged.planRequests[0]!.privileged!.goal).toEqual([{ fact: ["on", "red_cube", "blue_cube"] }]);
    expect(privileged.verifyRequests[0]!.privileged!.expected).toEqual([
      { fact: ["holding", "red_cube"] },
      { fact: ["on", "red_cube", "table"], negated: true },
    ]);
  });

  test("is told the episode's seed", async () => {
    const planner = new ScriptedPlanner(["nonsense", GOOD]);
    await run(planner, { seed: 11 });
    expect(planner.planRequests.map(({ seed }) => seed)).toEqual([11, 11]);
  });

  test("that looks sees the world before and after the step and changes nothing", async () => {
    const seen: number[][] = [];
    const environment = new CubeWorld();
    const planner = new ScriptedPlanner([GOOD], {
      async judge(request) {
        const { before, after } = await request.observe();
        seen.push([before[0]!.rgb[0]!, after[0]!.rgb[0]!]);
        return true;
      },
    });
    const episode = await run(planner, { environment });
    expect(seen).toEqual([
      [0, 5],
      [5, 10],
    ]);
    expect(episode).toEqual(await run(new ScriptedPlanner([GOOD])));
  });

  test("gets its pictures in the size it asks for, of a state that is past as well", async () => {
    const sizes: number[][] = [];
    const planner = new ScriptedPlanner([GOOD], {
      async judge(request) {
        const { before, after } = await request.observe({ width: 4, height: 3 });
        sizes.push([before[0]!.width, before[0]!.height, after[0]!.width, after[0]!.height]);
        return true;
      },
    });
    await run(planner);
    expect(sizes).toEqual([
      [4, 3, 4, 3],
      [4, 3, 4, 3],
    ]);
  });

  test("that does not look costs no picture", async () => {
    for (const privileged of [true, false]) {
      const environment = new CubeWorld();
      await run(new ScriptedPlanner([GOOD], { privileged }), { environment });
      expect(environment.renders).toBe(0);
    }
  });
});

describe("the run", () => {
  test("tells its observer everything in order", async () => {
    const seen: string[] = [];
    const observer = (event: EpisodeEvent): void => {
      if (event.type === "tick") return;
      seen.push(
        event.type === "phase" ? event.phase : event.type === "steps" ? event.steps.map(({ status }) => status[0]).join("") : event.type,
      );
    };
    await run(new ScriptedPlanner([GOOD]), { observer });
    expect(seen).toEqual(["reset", "planning", "plan", "pp", ...stepEvents("rp", "dp"), ...stepEvents("dr", "dd"), "dd", "dd", "finished"]);
  });

  test("awaits its pace before every plan step and control step", async () => {
    const moments: string[] = [];
    await run(new ScriptedPlanner([GOOD]), { pace: async (moment) => void moments.push(moment) });
    expect(moments.filter((moment) => moment === "plan-step")).toHaveLength(2);
    expect(moments[0]).toBe("plan-step");
    expect(moments.filter((moment) => moment === "control-step").length).toBeGreaterThanOrEqual(10);
  });

  test("is the same paced and unpaced", async () => {
    const [paced, unpaced] = await Promise.all([
      run(new ScriptedPlanner([GOOD]), { pace: async () => undefined }),
      run(new ScriptedPlanner([GOOD])),
    ]);
    expect(paced).toEqual(unpaced);
  });

  test("can be stopped between control steps", async () => {
    const controller = new AbortController();
    let ticks = 0;
    const episode = await run(new ScriptedPlanner([GOOD]), {
      signal: controller.signal,
      observer: (event) => {
        if (event.type === "tick" && ++ticks === 7) controller.abort(new PeerError("viewer", "closed the page."));
      },
    });
    expect(episode.failure).toEqual({ code: "peer", message: "viewer: closed the page." });
    expect(episode.simSteps).toBe(7);
    expect(rows(episode)).toEqual(["0 pick done", "0 place failed"]);
  });

  test("can be stopped while the planner thinks", async () => {
    const controller = new AbortController();
    const waiting = run(new ScriptedPlanner([() => new Promise(() => undefined)]), { signal: controller.signal });
    controller.abort();
    expect((await waiting).failure).toEqual({ code: "stopped", message: "The episode was stopped." });
  });

  test("throws only for mistakes of its caller", async () => {
    await expect(run(new ScriptedPlanner([GOOD]), { reward: "matsch" })).rejects.toThrow(UnknownIdError);
    await expect(run(new ScriptedPlanner([GOOD]), { limits: { replans: -1 } })).rejects.toThrow(InputError);
    await expect(run(new ScriptedPlanner([GOOD]), { limits: { planTimeoutMs: 0.5 } })).rejects.toThrow(
      /limits\.planTimeoutMs: expected an integer/,
    );
  });
});

describe("typed words", () => {
  test("become goal and reference", async () => {
    const planner = new ScriptedPlanner([planText("pick(blue_cube)", "place(blue_cube, red_cube)")]);
    const episode = await run(planner, { instruction: "put the blue cube on the red cube" });
    expect(episode).toMatchObject({ success: true, instruction: "put the blue cube on the red cube" });
    expect(episode.reference).toEqual(episode.plan);
    expect(episode.reward!.value).toBe(1);
    expect(planner.planRequests[0]!.instruction).toBe("put the blue cube on the red cube");
  });

  test("that are the task's own keep the task's goal", async () => {
    const episode = await run(new ScriptedPlanner([GOOD]), { instruction: " Put the red cube on the blue cube. " });
    expect(episode).toMatchObject({ success: true, instruction: "Put the red cube on the blue cube." });
  });

  test("that name nothing in the scene fail the episode with the reason", async () => {
    const planner = new ScriptedPlanner([GOOD]);
    const episode = await run(planner, { instruction: "sing me a song" });
    expect(episode.failure!.code).toBe("invalid-input");
    expect(episode.success).toBe(false);
    expect(planner.planRequests).toHaveLength(0);
  });
});
