import { factText, IDENTITY_QUATERNION, normalizeQuaternion, type BodyDescription } from "@reverie/core";
import { loadPhysics, World } from "@reverie/physics";
import { ArmController, describeArm, InverseKinematics } from "@reverie/robots";
import { afterEach, describe, expect, test } from "vitest";
import { defineSkill, type SkillDefinition, type SkillOutcome } from "./define-skill.ts";
import { skills } from "./index.ts";
import { readFacts } from "./predicates.ts";
import { runSkill } from "./run-skill.ts";
import { Workspace } from "./workspace.ts";

// An arm, a table and two blocks. What needs drawers, bins and buttons is tested with the tabletop environments.

const engine = await loadPhysics();
const byName: ReadonlyMap<string, SkillDefinition> = new Map([...skills].map((skill) => [skill.signature.name, skill]));
const at = (x: number, y: number, z: number) => ({ position: { x, y, z }, orientation: IDENTITY_QUATERNION });
const HALF = 0.02;

const table: BodyDescription = {
  id: "table",
  kind: "fixed",
  worldFromBody: at(0.4, 0, -0.02),
  shapes: [{ geometry: { kind: "box", halfExtents: { x: 0.6, y: 0.6, z: 0.02 } }, friction: 0.8 }],
};

const block = (id: string, x: number, y: number): BodyDescription => ({
  id,
  kind: "dynamic",
  worldFromBody: at(x, y, HALF),
  massKg: 0.1,
  shapes: [{ geometry: { kind: "box", halfExtents: { x: HALF, y: HALF, z: HALF } }, friction: 0.8 }],
});

const blockObject = (id: string) => ({
  id,
  types: ["graspable", "support"],
  description: id,
  body: id,
  grasp: { halfExtents: { x: HALF, y: HALF, z: HALF } },
  support: { center: { x: 0, y: 0, z: HALF }, halfX: HALF, halfY: HALF },
  footprintRadius: 0.03,
  height: 2 * HALF,
});

/** Turned so that a corner points up: no face is nearer to upright than the others. */
const ON_CORNER = normalizeQuaternion({ x: 0.3251, y: -0.3251, z: 0, w: 0.8881 });

let workspace: Workspace;

/** Two blocks on a table; the first where it is asked. */
function stage(x: number, y: number): void {
  const arm = describeArm();
  const world = new World(engine, {
    bodies: [table, ...arm.bodies, block("left", x, y), block("right", 0.5, -0.15)],
    joints: arm.joints,
    cameras: [],
  });
  workspace = new Workspace({
    world,
    arm: new ArmController(world),
    inverseKinematics: new InverseKinematics(),
    objects: [
      {
        id: "table",
        types: ["support", "table"],
        description: "table",
        body: "table",
        support: { center: { x: 0, y: 0, z: 0.02 }, halfX: 0.6, halfY: 0.6 },
        footprintRadius: 0,
        height: 0,
      },
      blockObject("left"),
      blockObject("right"),
    ],
    periodSeconds: 0.05,
  });
  for (let i = 0; i < 24; i++) world.step();
}

afterEach(() => workspace.world.free());

/** Runs a step to its end; returns how, and how many commands that took. */
function run(skill: string, args: Record<string, string>, known = byName): { outcome: SkillOutcome; commands: number } {
  const running = runSkill(workspace, known, { skill, args });
  const { arm, world, periodSeconds } = workspace;
  for (let commands = 0; ; commands++) {
    const next = running.next();
    if (next.done === true) return { outcome: next.value, commands };
    arm.command(next.value.jointPositions, next.value.opening, periodSeconds);
    for (let k = 1; k <= 6; k++) {
      arm.drive(k / 6);
      world.step();
    }
  }
}

const facts = (): string[] => readFacts(workspace).map(factText).sort();

describe("runSkill", () => {
  test("Picks one block and stacks it on the other.", () => {
    stage(0.42, 0.1);
    expect(facts()).toEqual(["on(left, table)", "on(right, table)"]);
    expect(run("pick", { object: "left" }).outcome).toEqual({ status: "succeeded" });
    expect(facts()).toEqual(["holding(left)", "on(right, table)"]);
    expect(workspace.heldObject()?.id).toBe("left");
    expect(run("place", { object: "left", target: "right" }).outcome).toEqual({ status: "succeeded" });
    expect(facts()).toEqual(["on(left, right)", "on(right, table)"]);
  });

  test("Two runs of the same step in equal worlds give the same commands.", () => {
    const commands = (): number[][] => {
      stage(0.42, 0.1);
      const seen: number[][] = [];
      const running = runSkill(workspace, byName, { skill: "pick", args: { object: "left" } });
      for (let next = running.next(); next.done !== true; next = running.next()) {
        seen.push([...next.value.jointPositions, next.value.opening]);
        workspace.arm.command(next.value.jointPositions, next.value.opening, 0.05);
        for (let k = 1; k <= 6; k++) {
          workspace.arm.drive(k / 6);
          workspace.world.step();
        }
      }
      return seen;
    };
    const first = commands();
    workspace.world.free();
    expect(commands()).toEqual(first);
    expect(first.length).toBeGreaterThan(20);
  });

  test("A block that stands on its corner ends in an outcome like any other.", () => {
    stage(0.42, 0.1);
    const left = workspace.object("left")!;
    workspace.world.placeBody(left.bodyIndex, { position: { x: 0.42, y: 0.1, z: 0.035 }, orientation: ON_CORNER });
    expect(["succeeded", "failed"]).toContain(run("pick", { object: "left" }).outcome.status);
  });

  test("A block on its side rests on the table like one that stands.", () => {
    stage(0.42, 0.1);
    const left = workspace.object("left")!;
    const onSide = { x: Math.SQRT1_2, y: 0, z: 0, w: Math.SQRT1_2 };
    workspace.world.placeBody(left.bodyIndex, { position: { x: 0.42, y: 0.1, z: HALF }, orientation: onSide });
    for (let i = 0; i < 24; i++) workspace.world.step();
    expect(facts()).toContain("on(left, table)");
  });

  test("What is out of reach is refused before the arm has moved there.", () => {
    stage(0.95, 0.4);
    const { outcome } = run("pick", { object: "left" });
    expect(outcome).toMatchObject({ status: "failed", reason: "unreachable" });
  });

  test.each([
    ["pik", { object: "left" }, 'there is no skill "pik"; did you mean "pick"?'],
    ["pick", { object: "lft" }, 'there is no object "lft" here; did you mean "left"?'],
    ["pick", { object: "x".repeat(10_000) }, `there is no object "${"x".repeat(60)}" here`],
    ["pick", {}, 'pick needs "object"'],
    ["pick", { object: "table" }, "table is not graspable"],
    ["place", { object: "left", target: "right" }, "place needs holding(left)"],
  ] as [string, Record<string, string>, string][])("%s %j fails at once: its precondition does not hold.", (skill, args, detail) => {
    stage(0.42, 0.1);
    expect(run(skill, args)).toEqual({ outcome: { status: "failed", reason: "precondition", detail }, commands: 0 });
  });

  test("A controller that never ends is stopped when its time is up.", () => {
    stage(0.42, 0.1);
    const wait = defineSkill({
      signature: { name: "wait", description: "Wait for ever.", parameters: [], preconditions: [], effects: [] },
      timeLimitSeconds: 0.5,
      *run({ arm }) {
        for (;;) yield { jointPositions: Float64Array.from(arm.target.subarray(0, 7)), opening: 0.08 };
      },
    });
    const { outcome, commands } = run("wait", {}, new Map([["wait", wait]]));
    expect(outcome).toEqual({ status: "failed", reason: "timed-out", detail: "wait took longer than 0.5 s" });
    expect(commands).toBeGreaterThanOrEqual(10);
    expect(commands).toBeLessThanOrEqual(11);
  });

  test("The registry offers the closest skill.", () => {
    stage(0.42, 0.1);
    expect(skills.ids).toEqual(["close", "open", "pick", "place", "press", "push"]);
    expect(() => skills.get("pus")).toThrow('Unknown skill "pus", did you mean "push"?');
  });
});
