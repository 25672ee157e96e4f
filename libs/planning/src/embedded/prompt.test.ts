import type { EpisodeStep } from "@reverie/core";
import { expect, test } from "vitest";
import { place } from "../test-support.ts";
import { embeddedCompletionTokens, embeddedPlanPrompt, embeddedPromptTokens, embeddedVerifyPrompt } from "./prompt.ts";
import { Tokenizer } from "./tokenizer.ts";

const objects = ["red_cube", "drawer"].map((id) => ({ id, types: ["graspable"], description: id }));
const request = { instruction: "Put the red cube\n into the drawer.", objects, skills: [place], history: [] };
const step = { skill: "place", args: { target: "drawer", object: "red_cube" } };

test("A plan's prompt holds objects, task and what was tried, in one line each.", () => {
  expect(embeddedPlanPrompt(request)).toBe("objects: red_cube, drawer\ntask: Put the red cube into the drawer.\n");
  const history: EpisodeStep[] = [
    { skill: "pick", args: { object: "red_cube" }, status: "done", plan: 0 },
    { ...step, status: "failed", reason: "slipped: at 0.13 m", plan: 0 },
  ];
  const told = embeddedPlanPrompt({ ...request, history });
  expect(told.split("\n")[2]).toBe("done: pick(red_cube); place(red_cube, drawer) failed (slipped)");
  expect(embeddedPlanPrompt({ ...request, history }, 1).split("\n")[2]).toBe("done: place(red_cube, drawer) failed (slipped)");
  expect(embeddedPlanPrompt({ ...request, history }, 0)).toBe(embeddedPlanPrompt(request));
});

test("A verdict's prompt holds step and task; arguments stand in the order of the skill's slots.", () => {
  expect(embeddedVerifyPrompt({ ...request, step })).toBe("step: place(red_cube, drawer)\ntask: Put the red cube into the drawer.\n");
});

test("Prompts begin with the token of their kind, answers end with the end token.", () => {
  const tokenizer = Tokenizer.fromMerges([]);
  expect(embeddedPromptTokens(tokenizer, "verify", "a")).toEqual([3, 102]);
  expect(embeddedCompletionTokens(tokenizer, "a")).toEqual([102, 1]);
});
