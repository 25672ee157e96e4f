import { InputError } from "@reverie/core";
import { describe, expect, test } from "vitest";
import { planReplySchema } from "../messages/planners.ts";
import { startRequestSchema } from "../messages/viewers.ts";
import { parsePayload, refuseUnsafe } from "./guard.ts";

describe("refuseUnsafe", () => {
  test.each(["__proto__", "constructor", "prototype"])("refuses the key %s wherever it sits", (key) => {
    const payload: unknown = JSON.parse(`{"a": [{"b": {"${key}": {"polluted": true}}}]}`);
    expect(() => refuseUnsafe(payload)).toThrow(new InputError(`a[0].b.${key}`, "this key is not allowed in a message."));
  });

  test("refuses deep nesting and floods of values without running long", () => {
    let deep: unknown = 1;
    for (let i = 0; i < 10_000; i++) deep = [deep];
    expect(() => refuseUnsafe(deep)).toThrow("nested deeper than 16 levels");
    expect(() => refuseUnsafe(Array.from({ length: 200_000 }, () => 0))).toThrow("more than 100000 values");
  });

  test("does not look inside binary data", () => {
    expect(() => refuseUnsafe({ snapshot: new Uint8Array(1_000_000) })).not.toThrow();
  });
});

describe("parsePayload", () => {
  test("names the field that is wrong", () => {
    expect(() => parsePayload("session.start", startRequestSchema, { seed: "7" })).toThrow(/^seed: .*expected number/);
    expect(() => parsePayload("session.start", startRequestSchema, { task: "../../etc" })).toThrow(/^task: expected letters/);
    expect(() => parsePayload("session.start", startRequestSchema, 7)).toThrow(/^session\.start: .*expected object/);
  });

  test("of a reply that may be either, complains about the branch that was meant", () => {
    expect(() => parsePayload("planner.plan", planReplySchema, { ok: true, text: 5, usage: { latencyMs: 1, attempts: 1 } })).toThrow(
      /^text: .*expected string/,
    );
    expect(() => parsePayload("planner.plan", planReplySchema, { ok: false, error: { code: "x" } })).toThrow(/^error\.message: /);
  });

  test("takes a missing payload for an empty one", () => {
    expect(parsePayload("session.start", startRequestSchema, undefined)).toEqual({});
  });
});
