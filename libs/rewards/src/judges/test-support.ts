import type { PlanSample } from "../core/vocabulary.ts";
import { steps } from "../test-support.ts";
import type { Judge, JudgeRequest } from "./judge.ts";

/** A judge that follows a script, and the requests that reached it. */
export interface ScriptedJudge {
  readonly judge: Judge;
  readonly requests: JudgeRequest[];
}

export function scriptedJudge(reply: (request: JudgeRequest, call: number) => string): ScriptedJudge {
  const requests: JudgeRequest[] = [];
  return {
    requests,
    judge: async (request) => {
      requests.push(request);
      return { text: reply(request, requests.length - 1) };
    },
  };
}

/** An answer that reads as the steps of `pick(cup) place(cup)`. */
export function answer(text: string, change: Partial<PlanSample> = {}): PlanSample {
  const predicted = steps(text);
  return {
    taskId: "tidy",
    instruction: "Put the cup on the tray.",
    predicted: predicted.length > 0 ? predicted : undefined,
    format: predicted.length > 0,
    references: [steps("pick(cup) place(tray)")],
    text,
    ...change,
  };
}

/** What a prompt shows between `<tag>` and `</tag>`. */
export function shown(request: JudgeRequest, tag: string): string {
  return new RegExp(`<${tag}>\n([^]*?)\n</${tag}>`).exec(request.prompt)?.[1] ?? "";
}
