import { InputError } from "@reverie/core";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { PlanSearchProblem } from "./search-plan.ts";
import { searchPlan } from "./search-plan.ts";
import { inferStepValues } from "./step-values.ts";
import { after, blocksProblem, GOAL, greedyPlan, met } from "./test-blocks.ts";
import { backedUpValue } from "./tree.ts";

/** Words of the letters a and b; only `right` is right. */
const words = (right: string, value = 0.5): PlanSearchProblem<string> => ({
  propose: () => [{ step: "a" }, { step: "b" }],
  value: () => value,
  verify: (prefix) => (prefix.length < right.length ? undefined : { success: prefix.join("") === right }),
});

describe("a search among blocks", () => {
  test("finds the plan that greedy steps miss, as the first good step buries a block", async () => {
    const problem = blocksProblem();
    expect(met(after(await greedyPlan(problem, 12)))).toBeLessThan(1);
    const found = await searchPlan(problem, { maximumDepth: 4, iterations: 200 });
    expect(found).toMatchObject({ solved: true, end: "solved" });
    expect(met(after(found.plan))).toBe(1);
    expect(found.nodes.length).toBeLessThan(400);
  });

  test("finds a plan within the paper's 50 rounds, without a bound on the depth that fits", async () => {
    const found = await searchPlan(blocksProblem());
    expect(found.end).toBe("solved");
    expect(met(after(found.plan))).toBe(1);
  });

  test("finds every plan of three steps when asked for all: there is one", async () => {
    const found = await searchPlan(blocksProblem(), { maximumDepth: 3, iterations: 10_000, maximumSolutions: 100 });
    expect(found.end).toBe("solved");
    expect(found.nodes.filter(({ success }) => success === true)).toHaveLength(1);
    expect(found.plan.map(({ args }) => `${args["block"]} on ${args["to"]}`)).toEqual(["C on table", "B on C", "A on B"]);
  });

  test("says that nothing is left when the goal cannot be met", async () => {
    const found = await searchPlan(blocksProblem(undefined, { A: "B", B: "A" }), { maximumDepth: 2, iterations: 1000 });
    expect(found).toMatchObject({ solved: false, end: "exhausted" });
    expect(found.iterations).toBeLessThan(1000);
  });

  test("infers values from its tree that rise along the plan by the hand-worked steps", async () => {
    const found = await searchPlan(blocksProblem(), { maximumDepth: 3, iterations: 10_000, maximumSolutions: 100 });
    const values = inferStepValues(found.nodes);
    const leaf = found.nodes.findIndex(({ success }) => success === true);
    const line: number[] = [];
    for (let at = found.nodes[leaf]!; at.parent >= 0; at = found.nodes[at.parent]!) line.unshift(values[at.id]!);
    line.forEach((value, k) => expect(value).toBeCloseTo((k + 1) / 3, 12));
  });
});

describe("a search", () => {
  test("gives the same tree for the same seed, also when the callbacks answer later", async () => {
    const problem = blocksProblem(undefined, GOAL);
    const withPriors = (later: boolean): PlanSearchProblem => ({
      propose: (prefix) => {
        const candidates = [...(problem.propose(prefix, undefined as never) as { step: never }[])].map(({ step }, i) => ({
          step,
          prior: i + 1,
        }));
        return later ? Promise.resolve(candidates) : candidates;
      },
      value: (prefix) => (later ? Promise.resolve(problem.value(prefix)) : problem.value(prefix)),
      verify: (prefix) => problem.verify!(prefix),
    });
    const options = { seed: 5, iterations: 30, maximumSolutions: 9 };
    const first = await searchPlan(withPriors(false), options);
    expect(await searchPlan(withPriors(true), options)).toEqual(first);
    const other = await searchPlan(withPriors(false), { ...options, seed: 6 });
    expect(other.nodes).not.toEqual(first.nodes);
  });

  test("gives the planner random numbers that depend on the seed and the prefix only", async () => {
    const seen: number[][] = [[], []];
    for (const draws of seen) {
      const problem = words("abab");
      await searchPlan(
        { ...problem, propose: (prefix, request) => (draws.push(request.rng.uint32()), problem.propose(prefix, request)) },
        { seed: 3 },
      );
    }
    expect(seen[0]!.length).toBeGreaterThan(2);
    expect(seen[0]).toEqual(seen[1]);
    expect(new Set(seen[0]).size).toBe(seen[0]!.length);
  });

  test("takes candidates best first at temperature 0, and enters the others later", async () => {
    const problem: PlanSearchProblem<number> = {
      propose: (prefix) => (prefix.length === 0 ? [0, 1, 2, 3, 4].map((step) => ({ step, prior: step })) : []),
      value: () => 0.5,
      verify: (prefix) => (prefix.length === 0 ? undefined : { success: prefix[0] === 0 }),
    };
    const found = await searchPlan(problem, { temperature: 0, branch: 2 });
    expect(found.nodes.map(({ step }) => step)).toEqual([undefined, 4, 3, 2, 1, 0]);
    expect(found.plan).toEqual([0]);
  });

  test("draws candidates in proportion to their priors at temperature 1", async () => {
    let firsts = 0;
    for (let seed = 0; seed < 400; seed++) {
      const found = await searchPlan<string>(
        {
          propose: () => [
            { step: "a", prior: 1 },
            { step: "b", prior: 3 },
          ],
          value: () => 0,
        },
        { seed, temperature: 1, branch: 1, iterations: 1, rolloutSteps: 0 },
      );
      firsts += found.nodes[1]!.step === "b" ? 1 : 0;
    }
    // 400 draws with probability 3/4 have a standard deviation of 8.7.
    expect(Math.abs(firsts - 300)).toBeLessThan(44);
  });

  test("finds any word when it has the rounds to see them all, whatever the value model says", async () => {
    const letters = fc.string({ unit: fc.constantFrom("a", "b"), minLength: 1, maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(letters, fc.double({ min: 0, max: 1, noNaN: true }), fc.integer({ min: 1, max: 3 }), async (word, value, branch) => {
        const found = await searchPlan(words(word, value), { iterations: 200, branch });
        expect(found.plan.join("")).toBe(word);
        expect(found.nodes.length).toBeLessThan(2 ** (word.length + 1));
      }),
      { numRuns: 50 },
    );
  });

  test("drops candidates that are the same step", async () => {
    const found = await searchPlan<{ a: number; b: number }>(
      { propose: () => [{ step: { a: 1, b: 2 } }, { step: { b: 2, a: 1 } }], value: () => 0 },
      { iterations: 1, rolloutSteps: 0 },
    );
    expect(found.nodes).toHaveLength(2);
  });

  test("keeps values of inner nodes at the visit-weighted mean of their children", async () => {
    const { nodes } = await searchPlan(words("abbabb", 0.3), { iterations: 25 });
    for (const node of nodes) {
      const children = nodes.filter(({ parent }) => parent === node.id);
      const value = backedUpValue(children);
      if (value !== undefined) expect(node.value).toBeCloseTo(value, 12);
      expect(node.visits).toBeGreaterThanOrEqual(children.reduce((sum, child) => sum + child.visits, 0));
    }
  });

  test("mixes a child's value with the best of its roll-out, half and half", async () => {
    const { nodes } = await searchPlan<string>(
      { propose: () => [{ step: "a" }], value: (prefix) => [0, 0.2, 0.8, 0.4, 0.1][prefix.length]! },
      { iterations: 1 },
    );
    expect(nodes).toHaveLength(5);
    expect(nodes[1]!.value).toBeCloseTo(0.5 * 0.2 + 0.5 * 0.8, 12);
    expect(nodes[0]!.value).toBeCloseTo(0.5, 12);
  });

  test("without a verifier ends at a leaf whose value passes the gate", async () => {
    const target = "abba";
    const shared = (prefix: readonly string[]): number => {
      let k = 0;
      while (k < prefix.length && prefix[k] === target[k]) k++;
      return k === prefix.length ? k / target.length : 0;
    };
    const found = await searchPlan<string>({ propose: words(target).propose, value: shared }, { maximumDepth: 4, rolloutSteps: 0 });
    expect(found.end).toBe("gate");
    expect(found.plan.join("")).toBe(target);
    expect(found.solved).toBe(false);
  });
});

describe("a search ends", () => {
  test("when it is told to, before the next call", async () => {
    const signal = { aborted: false };
    let calls = 0;
    const problem = words("abababab");
    const found = await searchPlan(
      { ...problem, value: (prefix) => ((signal.aborted = ++calls === 5), problem.value(prefix)) },
      { signal },
    );
    expect(found.end).toBe("aborted");
    expect(calls).toBe(5);
    expect((await searchPlan(problem, { signal: { aborted: true } })).nodes).toEqual([]);
  });

  test("at its bounds of rounds, nodes and depth", async () => {
    const endless = { propose: words("a").propose, value: () => 0.5 };
    expect(await searchPlan(endless, { iterations: 7 })).toMatchObject({ end: "iterations", iterations: 7 });
    const full = await searchPlan(endless, { maximumNodes: 20, iterations: 1000 });
    expect(full).toMatchObject({ end: "nodes" });
    expect(full.nodes).toHaveLength(20);
    const shallow = await searchPlan(endless, { maximumDepth: 3, iterations: 1000 });
    expect(shallow.end).toBe("exhausted");
    expect(shallow.nodes).toHaveLength(15);
  });

  test("with the open prefix of highest value when no plan is right", async () => {
    const found = await searchPlan<string>(
      { propose: () => [{ step: "a" }, { step: "b" }], value: (prefix) => (prefix.join("") === "ba" ? 0.8 : 0.1) },
      { maximumDepth: 2, iterations: 100 },
    );
    expect(found.plan).toEqual(["b", "a"]);
  });
});

describe("a search refuses", () => {
  test.each([
    ["iterations", 1.5],
    ["branch", 0],
    ["rolloutWeight", 2],
    ["maximumNodes", Infinity],
    ["temperature", NaN],
  ])("the option %s of %d", async (name, value) => {
    await expect(searchPlan(words("a"), { [name]: value })).rejects.toThrow(`options.${name}`);
  });

  test("values outside [0, 1], too many candidates and priors that do not fit", async () => {
    await expect(searchPlan(words("ab", NaN))).rejects.toThrow(InputError);
    const many = Array.from({ length: 1001 }, (_, i) => ({ step: String(i) }));
    await expect(searchPlan<string>({ propose: () => many, value: () => 0 })).rejects.toThrow("at most 1000 candidates");
    const mixed = [{ step: "a", prior: 1 }, { step: "b" }];
    await expect(searchPlan<string>({ propose: () => mixed, value: () => 0 })).rejects.toThrow("finite prior");
  });

  test("to hide an error of the planner", async () => {
    const broken: PlanSearchProblem<string> = { ...words("ab"), propose: () => Promise.reject(new Error("The planner is gone.")) };
    await expect(searchPlan(broken)).rejects.toThrow("The planner is gone.");
  });
});
