import { existsSync, readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import * as rewards from "./index.ts";

interface Vector {
  readonly id: string;
  readonly row: string;
  readonly call: string;
  readonly arguments: readonly unknown[];
  readonly expected: unknown;
  readonly tolerance: number;
}

const FOLDER = new URL("../vectors/", import.meta.url);
const files = readdirSync(FOLDER).filter((name) => name.endsWith(".json"));
const functions = rewards as unknown as Readonly<Record<string, unknown>>;

function expectClose(actual: unknown, expected: unknown, tolerance: number, path: string): void {
  if (typeof expected === "number") {
    expect(Math.abs(Number(actual) - expected), `${path}: ${String(actual)} against ${expected}`).toBeLessThanOrEqual(tolerance);
  } else if (Array.isArray(expected)) {
    const list = Array.from(actual as ArrayLike<unknown>);
    expect(list.length, path).toBe(expected.length);
    expected.forEach((item, i) => expectClose(list[i], item, tolerance, `${path}[${i}]`));
  } else if (typeof expected === "object" && expected !== null) {
    for (const [key, value] of Object.entries(expected))
      expectClose((actual as Record<string, unknown>)[key], value, tolerance, `${path}.${key}`);
  } else expect(actual, path).toEqual(expected);
}

describe.each(files)("numeric cases of %s", (file) => {
  const vectors = JSON.parse(readFileSync(new URL(file, FOLDER), "utf8")) as Vector[];
  it.each(vectors.map((vector) => [vector.id, vector] as const))("%s", (_id, vector) => {
    const call = functions[vector.call];
    expect(call, `the package exports ${vector.call}`).toBeTypeOf("function");
    expectClose((call as (...args: unknown[]) => unknown)(...vector.arguments), vector.expected, vector.tolerance, vector.call);
  });
});

it("every numeric case has an id of its own and belongs to a row of the table", () => {
  const all = files.flatMap((file) => JSON.parse(readFileSync(new URL(file, FOLDER), "utf8")) as Vector[]);
  expect(new Set(all.map(({ id }) => id)).size).toBe(all.length);
  const rows = new Set(rewards.rewardRows.flatMap(({ parts }) => parts));
  for (const { id, row } of all) expect(rows.has(row), `${id} names the row ${row}`).toBe(true);
});

it("the published file holds every numeric case", () => {
  const published = JSON.parse(readFileSync(new URL("../reward-vectors.json", import.meta.url), "utf8")) as Vector[];
  const all = files.toSorted().flatMap((file) => JSON.parse(readFileSync(new URL(file, FOLDER), "utf8")) as Vector[]);
  expect(published, "run node tools/docs/reward-vectors.mjs").toEqual(all);
});

it("every row of the table names exports and tests that exist, or says that it is not here yet", () => {
  for (const { id, exports, tests, status } of rewards.rewardRows) {
    for (const name of exports) expect(functions[name], `${id} exports ${name}`).toBeDefined();
    for (const test of tests) expect(existsSync(new URL(`../${test}`, import.meta.url)), `${id} is tested by ${test}`).toBe(true);
    expect(exports.length > 0 && tests.length > 0, id).toBe(status === "here");
  }
});
