import { loadPhysics } from "@reverie/physics";
import { defineSkill } from "@reverie/skills";
import { afterEach, describe, expect, test } from "vitest";
import { bin } from "./props/bin.ts";
import { button } from "./props/button.ts";
import { cube } from "./props/cube.ts";
import { drawer } from "./props/drawer.ts";
import { pad } from "./props/pad.ts";
import type { Prop } from "./props/prop.ts";
import { changed, obstacle, poseAt, SKILLS, Stage, stepOf } from "./testing/stage.ts";

// Skills with props, in physics: what they declare is what the world shows afterwards, and what goes wrong is said.

const engine = await loadPhysics();
const stages: Stage[] = [];
function stage(...args: [props: readonly Prop[], obstacles?: Parameters<typeof obstacle>[]]): Stage {
  const made = new Stage(
    engine,
    args[0],
    (args[1] ?? []).map((one) => obstacle(...one)),
  );
  stages.push(made);
  return made;
}
afterEach(() => {
  for (const made of stages.splice(0)) made.free();
});

const here = { x: 0.42, y: -0.1, yaw: 0.3 };
const there = { x: 0.5, y: 0.12, yaw: -0.2 };
const cabinet = { x: 0.64, y: 0.19, yaw: Math.PI };

describe("what skills declare is what the world shows", () => {
  test.each<[string, readonly Prop[], readonly string[]]>([
    ["pick a cube from the table", [cube("red", here)], ["pick red_cube"]],
    ["pick among close neighbours", [cube("red", here), cube("blue", { x: 0.42, y: -0.01, yaw: 0 })], ["pick red_cube"]],
    ["place on a cube", [cube("red", here), cube("blue", there)], ["pick red_cube", "place red_cube blue_cube"]],
    ["place back on the table", [cube("red", here), cube("blue", there)], ["pick red_cube", "place red_cube table"]],
    ["place on a pad", [cube("red", here), pad("green", there)], ["pick red_cube", "place red_cube green_pad"]],
    ["place in a bin", [cube("red", here), bin("red", { x: 0.62, y: 0.1, yaw: 0 })], ["pick red_cube", "place red_cube red_bin"]],
    [
      "place a second cube in a bin",
      [cube("red", here), cube("blue", { x: 0.36, y: 0.1, yaw: 0 }), bin("red", { x: 0.62, y: 0, yaw: 0 })],
      ["pick red_cube", "place red_cube red_bin", "pick blue_cube", "place blue_cube red_bin"],
    ],
    [
      "take the top of a stack down",
      [cube("red", here), cube("blue", there)],
      ["pick red_cube", "place red_cube blue_cube", "pick red_cube", "place red_cube table"],
    ],
    ["push onto a pad", [cube("red", here), pad("green", { x: 0.5, y: 0.06, yaw: 0 })], ["push red_cube green_pad"]],
    ["open and close a drawer", [drawer(cabinet)], ["open drawer", "close drawer"]],
    [
      "put a cube into a drawer and take it out again",
      [drawer(cabinet), cube("red", here)],
      ["open drawer", "pick red_cube", "place red_cube drawer", "close drawer", "open drawer", "pick red_cube", "place red_cube table"],
    ],
    ["press a button", [button("blue", { ...there, yaw: 0 })], ["press blue_button"]],
  ])("%s", (_name, props, steps) => {
    const subject = stage(props);
    for (const step of steps) {
      const before = subject.factSet();
      expect([step, subject.run(step)]).toEqual([step, { status: "succeeded" }]);
      expect([step, subject.missingEffects(step, before)]).toEqual([step, []]);
    }
  });

  test("A picked cube is up in the air and stays there while nothing else is asked.", () => {
    const subject = stage([cube("red", here)]);
    subject.run("pick red_cube");
    subject.settle(240);
    expect(subject.facts()).toEqual(["holding(red_cube)"]);
    expect(subject.workspace.pose(subject.workspace.object("red_cube")!).position.z).toBeGreaterThan(0.09);
  });
});

describe("what goes wrong is said", () => {
  const far = { x: 0.9, y: 0.2, yaw: 0 };

  test.each<[string, readonly Prop[]]>([
    ["pick red_cube", [cube("red", far)]],
    ["press blue_button", [button("blue", far)]],
    ["open drawer", [drawer({ x: 1.1, y: 0, yaw: Math.PI })]],
    ["push red_cube green_pad", [cube("red", far), pad("green", here)]],
    ["push red_cube green_pad", [cube("red", here), pad("green", far)]],
  ])("Out of reach: %s.", (step, props) => {
    const subject = stage(props);
    const tool = subject.workspace.arm.tool().position;
    const outcome = subject.run(step);
    expect(outcome).toMatchObject({ status: "failed", reason: "unreachable" });
    expect((outcome as { detail: string }).detail).toMatch(/^the arm cannot reach \(.* m$/);
    // It says no before it moves over there.
    expect(Math.abs(subject.workspace.arm.tool().position.x - tool.x)).toBeLessThan(0.35);
  });

  test("Out of reach: placing far away.", () => {
    const subject = stage([cube("red", here), pad("green", far)]);
    subject.run("pick red_cube");
    expect(subject.run("place red_cube green_pad")).toMatchObject({ status: "failed", reason: "unreachable" });
    expect(subject.facts()).toContain("holding(red_cube)");
  });

  test("A cube that is taken away while the arm goes there slips.", () => {
    const subject = stage([cube("red", here)]);
    const body = subject.world.bodyIndex("red_cube");
    const outcome = subject.run(
      "pick red_cube",
      (t) => void (t < 1.4 && t > 1.3 && subject.world.placeBody(body, poseAt(0.5, 0.25, 0.02))),
    );
    expect(outcome).toEqual({ status: "failed", reason: "slipped", detail: "the fingers closed beside red_cube" });
    expect(subject.facts()).toEqual(["on(red_cube, table)"]);
  });

  test("A cube that is far too heavy slips.", () => {
    const heavy = changed(cube("red", here), (body) => ({ ...body, massKg: 15 }));
    expect(stage([heavy]).run("pick red_cube")).toMatchObject({ status: "failed", reason: "slipped" });
  });

  test("A load that is lost on the way is told by place.", () => {
    const subject = stage([cube("red", here), pad("green", there)]);
    subject.run("pick red_cube");
    const body = subject.world.bodyIndex("red_cube");
    const outcome = subject.run(
      "place red_cube green_pad",
      (t) => void (t < 0.3 && subject.world.placeBody(body, poseAt(0.5, -0.25, 0.02))),
    );
    expect(outcome).toEqual({ status: "failed", reason: "slipped", detail: "red_cube was lost on the way to green_pad" });
  });

  test("A cube that slides off what it was put on is told by place.", () => {
    const subject = stage([cube("red", here), cube("blue", there)]);
    subject.run("pick red_cube");
    const blue = subject.world.bodyIndex("blue_cube");
    // Pulled away while the arm comes down.
    const outcome = subject.run(
      "place red_cube blue_cube",
      (t) => void (t > 1 && t < 1.1 && subject.world.placeBody(blue, poseAt(0.36, 0.25, 0.02))),
    );
    expect(outcome).toMatchObject({ status: "failed", reason: "slipped", detail: "red_cube did not come to rest on blue_cube" });
  });

  test("A drawer that moves away from the hand is missed.", () => {
    const subject = stage([drawer(cabinet)]);
    const tray = subject.world.bodyIndex("drawer/tray");
    const shut = subject.world.pose(tray);
    const outcome = subject.run("open drawer", (t) => {
      if (t < 1 || t > 3.4) return;
      subject.world.placeBody(tray, { ...shut, position: { ...shut.position, x: shut.position.x - 0.1 } });
    });
    expect(outcome).toMatchObject({ status: "failed", reason: "slipped" });
    expect((outcome as { detail: string }).detail).toContain("handle of drawer");
  });

  test.each<[string, readonly Prop[], Parameters<typeof obstacle>]>([
    ["pick red_cube", [cube("red", here)], ["plate", [0.1, 0.1, 0.01], [0.42, -0.1, 0.13]]],
    ["press blue_button", [button("blue", here)], ["plate", [0.1, 0.1, 0.01], [0.42, -0.1, 0.16]]],
    [
      "push red_cube green_pad",
      [cube("red", here), pad("green", { x: 0.42, y: 0.15, yaw: 0 })],
      ["wall", [0.2, 0.02, 0.03], [0.42, 0.02, 0.03]],
    ],
    ["open drawer", [drawer({ x: 0.62, y: 0, yaw: Math.PI })], ["block", [0.03, 0.1, 0.03], [0.42, 0, 0.031]]],
  ])("Something in the way: %s.", (step, props, block) => {
    const outcome = stage(props, [block]).run(step);
    expect(outcome).toMatchObject({ status: "failed", reason: "blocked" });
  });

  test("Something in the way of a drawer that is to be closed.", () => {
    const subject = stage([drawer(cabinet)], [["wedge", [0.02, 0.05, 0.03], [0.3, -0.4, 0.5]]]);
    expect(subject.run("open drawer")).toEqual({ status: "succeeded" });
    // Behind the front of the open drawer, in front of the cabinet.
    subject.world.placeBody(subject.world.bodyIndex("wedge"), poseAt(0.46, 0.19, 0.085));
    expect(subject.run("close drawer")).toMatchObject({ status: "failed", reason: "blocked" });
    expect(subject.facts()).toEqual(["open(drawer)"]);
  });

  test("Something in the way of a load on its way down.", () => {
    const subject = stage([cube("red", here), pad("green", there)], [["plate", [0.1, 0.1, 0.01], [0.5, 0.12, 0.1]]]);
    expect(subject.run("pick red_cube")).toEqual({ status: "succeeded" });
    expect(subject.run("place red_cube green_pad")).toMatchObject({ status: "failed" });
  });

  test("A skill that never ends is stopped at its time limit.", () => {
    const wait = defineSkill({
      signature: { name: "wait", description: "Wait for ever.", parameters: [], preconditions: [], effects: [] },
      timeLimitSeconds: 1,
      *run({ arm }) {
        for (;;) yield { jointPositions: Float64Array.from(arm.target.subarray(0, 7)), opening: 0.08 };
      },
    });
    const subject = stage([cube("red", here)]);
    const steps = subject.world.stepCount;
    const outcome = subject.run({ skill: "wait", args: {} }, undefined, new Map([["wait", wait]]));
    expect(outcome).toEqual({ status: "failed", reason: "timed-out", detail: "wait took longer than 1 s" });
    expect((subject.world.stepCount - steps) / 120).toBeCloseTo(1, 0);
  });
});

describe("steps that cannot start", () => {
  const props = [cube("red", here), cube("blue", there), pad("green", { x: 0.38, y: 0.2, yaw: 0 }), drawer({ ...cabinet, y: -0.19 })];
  test.each([
    ["an unknown skill", { skill: "pik", args: { object: "red_cube" } }, 'there is no skill "pik"; did you mean "pick"?'],
    ["a skill unlike any", { skill: "teleport", args: {} }, 'there is no skill "teleport"'],
    ["an unknown object", stepOf("pick red_cub"), 'there is no object "red_cub" here; did you mean "red_cube"?'],
    ["an object unlike any", stepOf("pick elephant_in_the_room"), 'there is no object "elephant_in_the_room" here'],
    ["a missing argument", { skill: "place", args: { object: "red_cube" } }, 'place needs "target"'],
    [
      "an inherited argument",
      { skill: "pick", args: Object.create({ object: "red_cube" }) as Record<string, string> },
      'pick needs "object"',
    ],
    ["the wrong kind of object", stepOf("pick table"), "table is not graspable"],
    ["the wrong kind of target", stepOf("push red_cube blue_cube"), "blue_cube is not zone"],
    ["placing what is not held", stepOf("place red_cube blue_cube"), "place needs holding(red_cube)"],
    ["opening what is not shut", stepOf("close drawer"), "close needs open(drawer)"],
  ])("%s", (_name, step, detail) => {
    const subject = stage(props);
    const steps = subject.world.stepCount;
    expect(subject.run(step)).toEqual({ status: "failed", reason: "precondition", detail });
    expect(subject.world.stepCount).toBe(steps);
  });

  test("With something in the hand, what needs it empty says so.", () => {
    const subject = stage([...props, button("blue", { x: 0.36, y: 0.02, yaw: 0 })]);
    subject.run("pick red_cube");
    for (const step of ["pick blue_cube", "press blue_button", "open drawer"]) {
      expect(subject.run(step)).toMatchObject({ status: "failed", reason: "precondition" });
      expect((subject.run(step) as { detail: string }).detail).toContain("handEmpty()");
    }
    expect(subject.run("place red_cube red_cube")).toMatchObject({
      reason: "precondition",
      detail: "place needs not same(red_cube, red_cube)",
    });
    expect(subject.run("place red_cube drawer")).toMatchObject({ reason: "precondition", detail: expect.stringContaining("(drawer)") });
  });

  test("A cube under another, and one in a shut drawer, cannot be picked.", () => {
    const subject = stage([
      cube("red", here),
      cube("blue", there),
      cube("green", { x: 0.36, y: 0.2, yaw: 0 }),
      drawer({ ...cabinet, y: -0.19 }),
    ]);
    for (const step of ["pick red_cube", "place red_cube blue_cube"]) expect(subject.run(step)).toEqual({ status: "succeeded" });
    expect(subject.run("pick blue_cube")).toMatchObject({ reason: "precondition", detail: "pick needs clear(blue_cube)" });
    for (const step of ["open drawer", "pick green_cube", "place green_cube drawer", "close drawer"]) {
      expect([step, subject.run(step)]).toEqual([step, { status: "succeeded" }]);
    }
    expect(subject.facts()).toContain("in(green_cube, drawer)");
    expect(subject.run("pick green_cube")).toMatchObject({ reason: "precondition", detail: "pick needs accessible(green_cube)" });
  });

  test("Every skill has a time limit, and a signature that names its own parameters only.", () => {
    for (const { signature, timeLimitSeconds } of SKILLS.values()) {
      expect(timeLimitSeconds).toBeGreaterThan(0);
      const names = new Set(signature.parameters.map(({ name }) => `?${name}`));
      const terms = [
        ...signature.preconditions.map(({ fact }) => fact),
        ...signature.effects.flatMap(({ adds, deletes, when }) => [...adds, ...deletes, ...(when ?? []).map(({ fact }) => fact)]),
      ].flatMap(([, ...rest]) => rest);
      for (const term of terms) if (term.startsWith("?")) expect(names).toContain(term);
    }
  });
});
