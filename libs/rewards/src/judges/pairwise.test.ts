import { describe, expect, test } from "vitest";
import { guardJudge } from "./guard.ts";
import { judgeTrainingRows, pairwiseJudge, pairwiseVerdictReward } from "./pairwise.ts";
import { answer, scriptedJudge, shown } from "./test-support.ts";

const A = "<answer>[[A]]</answer>";
const B = "<answer>[[B]]</answer>";
const short = answer("pick(cup) place(tray)");
const long = answer("pick(cup) push(cup) place(tray)");
const byLength = () =>
  scriptedJudge((request) => (shown(request, "answer_a").length <= shown(request, "answer_b").length ? `fine ${A}` : `fine ${B}`));

describe("pairwiseVerdictReward", () => {
  test.each([
    ["the right verdict at the end", `because ... ${A}`, "A", 1],
    ["the wrong verdict", `because ... ${B}`, "A", -1],
    ["both verdicts", `${A} or ${B}`, "A", -1],
    ["a verdict followed by 200 characters of prose", `${A}${"x".repeat(200)}`, "A", -1],
    ["a bare mark", "[[A]]", "A", -1],
    ["nothing", "", "A", -1],
    ["another verdict long before the end", `${B}${"x".repeat(100)}${A}`, "A", 1],
  ] as const)("%s", (_, output, label, reward) => {
    expect(pairwiseVerdictReward(output, label)).toBe(reward);
  });

  test("the tail is measured in characters and must be a positive integer", () => {
    expect(pairwiseVerdictReward(`${A}${"x".repeat(80)}`, "A", { tail: 200 })).toBe(1);
    expect(pairwiseVerdictReward(`${A}.`, "A", { tail: A.length })).toBe(-1);
    expect(() => pairwiseVerdictReward(A, "A", { tail: 0 })).toThrow("tail");
  });
});

describe("pairwiseJudge", () => {
  test("a judge that always says A makes an inconsistent tie", async () => {
    const { judge, requests } = scriptedJudge(() => A);
    expect(await pairwiseJudge(judge)(short, long)).toEqual({ winner: "tie", consistent: false });
    expect(requests).toHaveLength(2);
    expect(await pairwiseJudge(judge, { swap: false })(short, long)).toEqual({ winner: "A", consistent: true });
  });

  test("a judge that looks at the answers names the same winner in both places", async () => {
    const compare = pairwiseJudge(byLength().judge);
    expect(await compare(short, long)).toEqual({ winner: "A", consistent: true });
    expect(await compare(long, short)).toEqual({ winner: "B", consistent: true });
  });

  test.each([
    ["both times", () => "hm"],
    ["once", (_: unknown, call: number) => (call === 0 ? A : "hm")],
  ])("a verdict that cannot be read %s makes an inconsistent tie", async (_, reply) => {
    expect(await pairwiseJudge(scriptedJudge(reply).judge)(short, long)).toEqual({ winner: "tie", consistent: false });
  });

  test("an answer that the guard refuses loses without a call", async () => {
    const { judge, requests } = byLength();
    const compare = pairwiseJudge(guardJudge(judge));
    const empty = answer("Done.");
    expect(await compare(long, empty)).toEqual({ winner: "A", consistent: true });
    expect(await compare(empty, long)).toEqual({ winner: "B", consistent: true });
    expect(await compare(empty, answer("."))).toEqual({ winner: "tie", consistent: true });
    expect(requests).toHaveLength(0);
  });

  test("the rubric comes first unless it is not wanted, and images go along", async () => {
    const { judge, requests } = byLength();
    await pairwiseJudge(judge, { images: ({ taskId }) => [`${taskId}.png`] })(short, long);
    await pairwiseJudge(judge, { rubricFirst: false })(short, long);
    expect(requests[0]!.system).toContain("rubric");
    expect(requests[0]!.images).toEqual(["tidy.png"]);
    expect(requests[2]!.system).not.toContain("rubric");
  });

  test("answers to different tasks are not compared", async () => {
    await expect(pairwiseJudge(byLength().judge)(short, answer("pick(cup)", { taskId: "other" }))).rejects.toThrow("same task");
  });
});

test("training rows show every pair in both orders, so that place and label are independent", () => {
  const rows = judgeTrainingRows([{ taskId: "tidy", chosen: short, rejected: long, source: "simulator" }]);
  expect(rows.map(({ label }) => label)).toEqual(["A", "B"]);
  expect(rows[0]!.prompt.indexOf("push")).toBeGreaterThan(rows[0]!.prompt.indexOf("answer_b"));
  expect(rows[1]!.prompt.indexOf("push")).toBeLessThan(rows[1]!.prompt.indexOf("answer_b"));
});
