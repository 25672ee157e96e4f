import { expect, test } from "vitest";
import type { PreferencePair } from "../core/vocabulary.ts";
import { guardJudge } from "../judges/guard.ts";
import { cachedJudge } from "../judges/judge.ts";
import { answer, scriptedJudge, shown } from "../judges/test-support.ts";
import { judgeRuleProposer, judgeRuleVote } from "./ask.ts";
import { extractRules } from "./mine.ts";
import { residualHypothesisSearch } from "./residual.ts";

const pair: PreferencePair = {
  taskId: "tidy",
  chosen: answer("open(a) reach(a)"),
  rejected: answer("reach(a) open(a)"),
  source: "simulator",
};
const rule = { id: "r", text: "open before reach" };

test("the explanation is asked first and shown when the rules are written", async () => {
  const { judge, requests } = scriptedJudge((_, call) =>
    call === 0 ? "It opens first." : '```json\n["open before reach", 7, "Be kind.",]\n```',
  );
  const rules = await extractRules([pair], judgeRuleProposer(judge));
  expect(rules.map(({ text, compiled }) => [text, compiled !== undefined])).toEqual([
    ["open before reach", true],
    ["Be kind.", false],
  ]);
  expect(shown(requests[1]!, "explanation")).toBe("It opens first.");
  expect(shown(requests[0]!, "better_answer")).toBe("open(a) reach(a)");
});

test("a reply that is no list proposes nothing, and a refused pair is not asked about", async () => {
  expect(await judgeRuleProposer(scriptedJudge(() => "no idea").judge)(pair)).toEqual([]);
  const { judge, requests } = scriptedJudge(() => "[]");
  expect(await judgeRuleProposer(guardJudge(judge))({ ...pair, rejected: answer("Done.") })).toEqual([]);
  expect(requests).toHaveLength(0);
});

test.each([
  ['{"explains": true, "confidence": 8}', { label: 1, confidence: 8 }],
  ['I think so. {"explains": false, "confidence": 2.5,}', { label: 0, confidence: 2.5 }],
  ['{"explains": true, "confidence": 80}', { label: 0, confidence: 0 }],
  ['{"explains": "yes", "confidence": 8}', { label: 0, confidence: 0 }],
  ["yes", { label: 0, confidence: 0 }],
])("the opinion %j is read", async (text, vote) => {
  expect(await judgeRuleVote(scriptedJudge(() => text).judge)(rule, pair, 0)).toEqual(vote);
});

test("three opinions on one pair are three calls, also through a cache", async () => {
  const { judge, requests } = scriptedJudge((_, call) => `{"explains": ${call !== 1}, "confidence": 5}`);
  const result = await residualHypothesisSearch([pair], async () => [rule], judgeRuleVote(cachedJudge(judge)));
  expect(requests).toHaveLength(3);
  expect(result).toMatchObject({ unexplained: 0, rounds: 1 });
});
