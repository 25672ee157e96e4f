import type { Fact, Literal } from "@reverie/core";
import { InputError, StateError } from "@reverie/core";
import { describe, expect, test } from "vitest";
import { backends } from "./backends/index.ts";
import { RandomBackend } from "./backends/random.ts";
import { parsePlan } from "./language/parse-plan.ts";
import { PlannerAgent } from "./planner-agent.ts";
import type { GenerateRequest, PlannerBackend, PlanRequest, VerifyRequest } from "./planner.ts";
import { facts, objects, skills } from "./test-support.ts";

const { signal } = new AbortController();
const goal: Literal[] = [{ fact: ["on", "red_cube", "blue_cube"] }];
const request = (privileged?: PlanRequest["privileged"]): PlanRequest => ({
  task: "manipulation/stack-cubes",
  instruction: "put the red cube on the blue cube",
  skills,
  objects,
  history: [],
  seed: 0,
  ...(privileged === undefined ? {} : { privileged }),
  observe: async () => [],
});
const verify = (expected: readonly Literal[], now: readonly Fact[]): VerifyRequest => ({
  ...request(),
  step: { skill: "pick", args: { object: "red_cube" } },
  privileged: { expected, facts: now },
  observe: async () => ({ before: [], after: [] }),
});

describe("the symbolic planner", () => {
  const planner = new PlannerAgent(backends.get("symbolic").create({}));

  test("answers a cheapest plan in the strict format, with the goal as its thinking", async () => {
    const { text, usage } = await planner.plan(request({ facts, goal }), signal);
    expect(text).toBe("<think>Goal: on(red_cube, blue_cube).</think>\n<answer>1. pick(red_cube)\n2. place(red_cube, blue_cube)</answer>");
    expect(parsePlan(text, { skills, objects }).format).toBe(true);
    expect(usage.attempts).toBe(1);
  });

  test("answers an empty plan when the goal holds, an InputError when it cannot be reached", async () => {
    const done = await planner.plan(request({ facts: [["on", "red_cube", "blue_cube"]], goal }), signal);
    expect(done.text).toContain("<answer></answer>");
    await expect(planner.plan(request({ facts, goal: [{ fact: ["on", "table", "red_cube"] }] }), signal)).rejects.toThrow(InputError);
  });

  test("judges a step by the facts and names what is missing", async () => {
    const held: Literal[] = [{ fact: ["holding", "red_cube"] }, { fact: ["clear", "table"] }];
    expect(await planner.verify(verify(held, [["holding", "red_cube"]]), signal)).toMatchObject({ complete: true });
    expect(await planner.verify(verify(held, facts), signal)).toMatchObject({
      complete: false,
      explanation: "expected that the gripper holds red_cube.",
    });
  });

  test("refuses requests without facts, and calls that were given up", async () => {
    await expect(planner.plan(request(), signal)).rejects.toThrow(StateError);
    await expect(planner.plan(request({ facts, goal }), AbortSignal.abort(new Error("enough")))).rejects.toThrow("enough");
  });
});

async function draw(seed: number): Promise<string[]> {
  const planner = new PlannerAgent(new RandomBackend(seed));
  const texts: string[] = [];
  for (let episode = 0; episode < 200; episode++) texts.push((await planner.plan({ ...request(), seed: episode }, signal)).text);
  return texts;
}

async function planAfter(planner: PlannerAgent, seed: number, tried = 0): Promise<string> {
  const history = Array.from({ length: tried }, () => ({ skill: "pick", args: {}, status: "failed" as const, plan: 0 }));
  return (await planner.plan({ ...request(), seed, history }, signal)).text;
}

describe("the random planner", () => {
  test("draws 1 to 8 steps over all skills and objects, in the strict format, the same for the same seed", async () => {
    const texts = await draw(3);
    expect(await draw(3)).toEqual(texts);
    expect(await draw(4)).not.toEqual(texts);
    const plans = texts.map((text) => parsePlan(text, { skills, objects }));
    expect(plans.every((plan) => plan.format)).toBe(true);
    const lengths = new Set(plans.map((plan) => plan.plan!.steps.length));
    expect([...lengths].toSorted((a, b) => a - b)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    const steps = plans.flatMap((plan) => plan.plan!.steps);
    expect(new Set(steps.map((step) => step.skill)).size).toBe(skills.length);
    expect(new Set(steps.filter((step) => step.skill === "open").map((step) => step.args["object"])).size).toBe(objects.length);
  });

  test("plans an episode alike whatever it was asked before, and unlike after a failed try", async () => {
    const fresh = new PlannerAgent(new RandomBackend());
    const used = new PlannerAgent(new RandomBackend());
    for (let seed = 0; seed < 5; seed++) await planAfter(used, seed);
    expect(await planAfter(used, 9)).toBe(await planAfter(fresh, 9));
    expect(await planAfter(used, 9, 1)).toBe(await planAfter(fresh, 9, 1));
    expect(
      new Set([await planAfter(fresh, 9), await planAfter(fresh, 9, 1), await planAfter(fresh, 9, 2), await planAfter(fresh, 10)]).size,
    ).toBe(4);
  });

  test("believes every step", async () => {
    expect((await new PlannerAgent(new RandomBackend()).verify(verify([], []), signal)).complete).toBe(true);
  });
});

describe("PlannerAgent", () => {
  class Spy implements PlannerBackend {
    readonly name = "spy";
    readonly privileged = false;
    seen: GenerateRequest[] = [];
    async generate(seen: GenerateRequest): Promise<{ text: string; usage: { latencyMs: number; attempts: number } }> {
      this.seen.push(seen);
      if (seen.kind === "plan") await seen.plan.observe();
      return { text: "who knows", usage: { latencyMs: 0, attempts: 1 } };
    }
  }

  test("keeps facts and goal from a planner that is not privileged, and cameras working", async () => {
    const spy = new Spy();
    const planner = new PlannerAgent(spy);
    let observed = 0;
    class Seen {
      readonly #own = 1;
      readonly privileged = { facts, goal };
      async observe(): Promise<[]> {
        observed += this.#own;
        return [];
      }
    }
    const { observe: _, ...rest } = request();
    await planner.plan(Object.assign(new Seen(), rest), signal);
    expect(observed).toBe(1);
    expect(spy.seen[0]).toMatchObject({ kind: "plan", plan: { instruction: "put the red cube on the blue cube" } });
    expect(spy.seen[0]?.kind === "plan" && spy.seen[0].plan.privileged).toBeUndefined();
  });

  test("an unreadable judgement is no approval", async () => {
    expect(await new PlannerAgent(new Spy()).verify(verify([], []), signal)).toMatchObject({
      complete: false,
      explanation: 'The judgement could not be read: "who knows".',
    });
  });
});

test("backends are found by name, with the closest one offered", () => {
  expect(backends.ids).toEqual(["symbolic", "random", "openai", "embedded", "transformers"]);
  expect(() => backends.get("symbolik")).toThrow('did you mean "symbolic"');
  expect(() => backends.get("openai").create({})).toThrow("model: expected the name of a model");
});
