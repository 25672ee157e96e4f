import { describe, expect, test } from "vitest";
import * as library from "../../index.ts";
import { catalogue, classificationProblems } from "./catalogue.ts";
import { notStages } from "./not-stages.ts";
import type { Stage, StageRole } from "./stage.ts";
import { STAGE_ROLES } from "./stage.ts";

const nameOf = ({ of, variant }: Stage): string => (variant === "" ? of.join(" with ") : `${of.join(" with ")}: ${variant}`);
const byName = (stages: readonly Stage[]): [string, Stage][] => stages.map((stage) => [nameOf(stage), stage]);

describe.each(STAGE_ROLES)("every %s keeps the contract of its role", (role) => {
  const stages = catalogue.filter((stage) => stage.role === role);

  test.each(byName(stages))("%s", async (_, { check, exceptions }) => {
    await check(Object.keys(exceptions));
  });

  test("no two instances have one name", () => {
    expect(new Set(stages.map(nameOf)).size).toBe(stages.length);
  });
});

describe("exceptions", () => {
  const granted = catalogue.flatMap((stage) =>
    Object.keys(stage.exceptions).map((exception): [string, string, Stage] => [nameOf(stage), exception, stage]),
  );

  test.each(granted)("%s needs the exception %s", async (_, exception, { check, exceptions }) => {
    expect(exceptions[exception]!.length, "a reason in words").toBeGreaterThan(30);
    await expect(check(Object.keys(exceptions).filter((other) => other !== exception))).rejects.toThrow();
  });
});

/** Under which role of the catalogue a row of the table has its stages. */
const ROLE_OF_ROW: ReadonlyMap<string, StageRole> = new Map(STAGE_ROLES.map((role) => [role, role]));

describe("the catalogue is complete", () => {
  const names = Object.keys(library);

  test("every export is in it under a role, or is no stage for a reason", () => {
    expect(classificationProblems(names)).toEqual([]);
    for (const [name, reason] of notStages) expect(reason.length, name).toBeGreaterThan(20);
  });

  test("a new export without a class fails and says what to do; so does one that went away", () => {
    expect(classificationProblems([...names, "newReward"])).toEqual([
      expect.stringMatching(/^"newReward" is exported, but no contract is run on it: add an instance to src\/testing\/catalogue\//),
    ]);
    expect(classificationProblems(names.filter((name) => name !== "MASTER_KEYS"))).toEqual([
      expect.stringContaining('"MASTER_KEYS" is no export'),
    ]);
  });

  test("every name in the table of methods is classified", () => {
    expect(library.rewardRows.flatMap(({ exports }) => exports).filter((name) => !names.includes(name))).toEqual([]);
  });

  const rows = library.rewardRows.filter(({ status, role }) => status === "here" && ROLE_OF_ROW.has(role));
  test.each(rows.map(({ id, role, exports }) => [id, role, exports] as const))(
    "the method %s has an instance as %s",
    (_, role, exports) => {
      const held = catalogue.filter((stage) => stage.role === ROLE_OF_ROW.get(role)).flatMap(({ of }): string[] => [...of]);
      expect(exports.filter((name) => held.includes(name))).not.toEqual([]);
    },
  );
});
