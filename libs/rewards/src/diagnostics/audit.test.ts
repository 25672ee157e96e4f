import type { PlanStep } from "@reverie/core";
import { InputError } from "@reverie/core";
import { describe, expect, test } from "vitest";
import type { PlanSample, RewardTerm } from "../core/vocabulary.ts";
import { matchPlans } from "../matching/plans.ts";
import { steps } from "../test-support.ts";
import type { AuditCheck, AuditFinding } from "./audit.ts";
import { rewardAudit } from "./audit.ts";

const RIGHT = steps("pick(cup) place(tray) pick(plate) place(table)");

function sample(taskId: string, predicted: readonly PlanStep[], progress: number): PlanSample {
  return {
    taskId,
    instruction: "Put the cup on the tray.",
    predicted,
    text: predicted.map(({ skill, args }) => `${skill} ${args["object"]}`).join("\n"),
    format: true,
    references: [RIGHT],
    rollout: { steps: [], success: progress === 1, progress },
  };
}

/** Two tasks with answers of which the first 0 to 4 steps are right. */
const samples = ["tower", "table"].flatMap((taskId) =>
  [0, 1, 2, 3, 4].map((k) => sample(taskId, [...RIGHT.slice(0, k), ...steps("wave(hand)").slice(0, 4 - k)], k / 4)),
);

const matched: RewardTerm = ({ predicted, format, references }) => ({
  value: predicted !== undefined && format ? matchPlans(predicted, references).value : 0,
  max: 1,
});
const lengthy: RewardTerm = ({ predicted }) => ({ value: Math.min(10, predicted?.length ?? 0), max: 10 });
const constant: RewardTerm = () => ({ value: 1, max: 1 });

const refusing: RewardTerm = () => {
  throw new InputError("references", "expected a plan.");
};
const broken: RewardTerm = () => {
  throw new TypeError("broken");
};

const verdicts = (findings: readonly AuditFinding[], scorer: string): Partial<Record<AuditCheck, string>> =>
  Object.fromEntries(findings.filter((finding) => finding.scorer === scorer).map(({ check, verdict }) => [check, verdict]));

describe("rewardAudit", () => {
  test("finds nothing wrong with the overlap with the right plan", async () => {
    const findings = await rewardAudit(samples, { matched });
    expect(verdicts(findings, "matched")).toEqual({
      "separates success": "good",
      padding: "good",
      "repeated step": "good",
      "prompt echo": "good",
      "empty answer": "good",
      "junk answer": "good",
      "correlation with truth": "good",
      "length correlation": "good",
      "degenerate groups": "good",
    });
    expect(verdicts(findings, "all")).toEqual({ "ensemble diversity": "not applicable" });
  });

  test("finds that a reward for length is raised by padding, repeating and junk", async () => {
    const found = verdicts(await rewardAudit(samples, { lengthy }), "lengthy");
    expect(found).toMatchObject({ padding: "bad", "repeated step": "bad", "junk answer": "bad", "empty answer": "good" });
  });

  test("finds that a constant separates nothing, pays for nothing and teaches nothing", async () => {
    const found = verdicts(await rewardAudit(samples, { constant }), "constant");
    expect(found).toMatchObject({
      "separates success": "bad",
      padding: "good",
      "prompt echo": "bad",
      "empty answer": "bad",
      "junk answer": "bad",
      "correlation with truth": "bad",
      "degenerate groups": "bad",
    });
  });

  test("finds a scorer beside its copy to be one in disguise, and an unlike one to help", async () => {
    const copies = await rewardAudit(samples, { matched, again: matched });
    expect(copies.at(-1)).toMatchObject({ check: "ensemble diversity", scorer: "all", verdict: "bad" });
    expect(copies.at(-1)!.figures["effectiveMembers"]).toBeCloseTo(1, 9);
    const unlike = await rewardAudit(samples, { matched, lengthy });
    expect(unlike.at(-1)!.figures["effectiveMembers"]!).toBeGreaterThan(1.1);
  });

  test("takes scorers that answer later, compares shares of the maximum, and leaves the samples alone", async () => {
    const before = structuredClone(samples);
    const later = async (one: PlanSample) => ({ value: 5 * matched(one).value, max: 5 });
    const found = await rewardAudit(samples, { later });
    expect(found.map(({ figures }) => figures)).toEqual((await rewardAudit(samples, { later: matched })).map(({ figures }) => figures));
    expect(samples).toEqual(before);
  });

  test("says what is missing where the data does not allow a check", async () => {
    const bare: PlanSample = { predicted: undefined, format: false, references: [] };
    const findings = await rewardAudit([bare], { lengthy });
    expect(new Set(findings.map(({ verdict }) => verdict))).toEqual(new Set(["not applicable"]));
    expect(findings.find(({ check }) => check === "separates success")!.detail).toContain("Needs rollouts");
    expect(await rewardAudit([], { matched })).toHaveLength(10);
  });

  test("reports a scorer that refuses the samples, and passes on any other error", async () => {
    const findings = await rewardAudit(samples, { refusing });
    expect(findings).toHaveLength(10);
    expect(findings[0]).toMatchObject({
      verdict: "not applicable",
      detail: "The scorer refused the samples: references: expected a plan.",
    });
    await expect(rewardAudit(samples, { broken })).rejects.toThrow("broken");
  });

  test("follows thresholds of the caller", async () => {
    const strict = await rewardAudit(samples, { lengthy }, { thresholds: { gaming: [1, 1] } });
    expect(verdicts(strict, "lengthy")).toMatchObject({ padding: "good" });
  });
});
