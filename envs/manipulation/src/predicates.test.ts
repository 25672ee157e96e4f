import { deriveFacts, quaternionFromAxisAngle, type Pose } from "@reverie/core";
import { loadPhysics } from "@reverie/physics";
import { isIn, isOn, isShut } from "@reverie/skills";
import { afterEach, expect, test } from "vitest";
import { bin } from "./props/bin.ts";
import { button } from "./props/button.ts";
import { cube } from "./props/cube.ts";
import { drawer } from "./props/drawer.ts";
import { pad, PAD_HALF } from "./props/pad.ts";
import { poseAt, Stage } from "./testing/stage.ts";

// Facts of staged scenes: each is put there by hand, then read from physics.

const engine = await loadPhysics();
let stage: Stage;
afterEach(() => stage.free());

const red = cube("red", { x: 0.4, y: -0.1, yaw: 0 });
const blue = cube("blue", { x: 0.5, y: 0.1, yaw: 0 });

function put(id: string, pose: Pose, settle = 60): string[] {
  stage.world.placeBody(stage.world.bodyIndex(id), pose);
  stage.settle(settle);
  return stage.facts();
}

test("on: what rests on the table or on another cube, as long as it touches and lies over it.", () => {
  stage = new Stage(engine, [red, blue]);
  expect(stage.facts()).toEqual(["on(blue_cube, table)", "on(red_cube, table)"]);
  expect(put("red_cube", poseAt(0.5, 0.1, 0.0605))).toEqual(["on(blue_cube, table)", "on(red_cube, blue_cube)"]);
  // Turned and off the middle, but over it.
  const turned = { ...poseAt(0.512, 0.108, 0.0605), orientation: quaternionFromAxisAngle({ x: 0, y: 0, z: 1 }, 0.6) };
  expect(put("red_cube", turned)).toEqual(["on(blue_cube, table)", "on(red_cube, blue_cube)"]);
  // In the air above it, just let go.
  expect(put("red_cube", poseAt(0.5, 0.1, 0.09), 1)).toEqual(["on(blue_cube, table)"]);
  // Beside it, touching its side.
  expect(put("red_cube", poseAt(0.5402, 0.1, 0.0202))).toEqual(["on(blue_cube, table)", "on(red_cube, table)"]);
  const { workspace } = stage;
  expect(isOn(workspace, workspace.object("red_cube")!, workspace.object("red_cube")!)).toBe(false);
  expect(isOn(workspace, workspace.object("table")!, workspace.object("red_cube")!)).toBe(false);
});

test("on a pad: the table carries it and its middle is over the mark.", () => {
  stage = new Stage(engine, [red, pad("green", { x: 0.5, y: 0.1, yaw: Math.PI / 4 })]);
  expect(put("red_cube", poseAt(0.5, 0.1, 0.0202))).toEqual(["on(red_cube, green_pad)", "on(red_cube, table)"]);
  // Inside the turned square's corner, then as far out along its side.
  expect(put("red_cube", poseAt(0.5 + PAD_HALF * 1.3, 0.1, 0.0202))).toContain("on(red_cube, green_pad)");
  const out = PAD_HALF * 1.3 * Math.SQRT1_2;
  expect(put("red_cube", poseAt(0.5 + out, 0.1 + out, 0.0202))).toEqual(["on(red_cube, table)"]);
});

test("in: what lies inside a bin or the drawer, open or shut.", () => {
  stage = new Stage(engine, [red, bin("blue", { x: 0.62, y: -0.1, yaw: 0 }), drawer({ x: 0.64, y: 0.19, yaw: Math.PI })]);
  expect(put("red_cube", poseAt(0.62, -0.1, 0.03))).toEqual(["in(red_cube, blue_bin)"]);
  expect(put("red_cube", poseAt(0.62, -0.1, 0.2), 1)).toEqual([]);
  expect(put("red_cube", poseAt(0.5, -0.1, 0.0202))).toEqual(["on(red_cube, table)"]);
  expect(put("red_cube", poseAt(0.64, 0.19, 0.04))).toEqual(["in(red_cube, drawer)"]);
  const tray = stage.world.bodyIndex("drawer/tray");
  const shut = stage.world.pose(tray);
  expect(isIn(stage.workspace, stage.workspace.object("red_cube")!, stage.workspace.object("drawer")!)).toBe(true);
  expect(put("drawer/tray", { ...shut, position: { ...shut.position, x: shut.position.x - 0.05 } }, 3)).toContain("open(drawer)");
});

test("open: a drawer that is not shut to within two centimetres.", () => {
  stage = new Stage(engine, [drawer({ x: 0.64, y: 0.19, yaw: Math.PI })]);
  const tray = stage.world.bodyIndex("drawer/tray");
  const shut = stage.world.pose(tray);
  const object = stage.workspace.object("drawer")!;
  for (const [travel, open] of [
    [0, false],
    [0.015, false],
    [0.025, true],
    [0.13, true],
  ] as const) {
    expect([travel, put("drawer/tray", { ...shut, position: { ...shut.position, x: shut.position.x - travel } }, 1)]).toEqual([
      travel,
      open ? ["open(drawer)"] : [],
    ]);
    expect(isShut(stage.workspace, object)).toBe(!open);
  }
});

test("holding: both fingers press on it and nothing else carries it; a held cube is on nothing.", () => {
  stage = new Stage(engine, [red, blue]);
  stage.run("pick red_cube");
  expect(stage.facts()).toEqual(["holding(red_cube)", "on(blue_cube, table)"]);
  expect(stage.workspace.heldObject()?.id).toBe("red_cube");
  // The table comes up under it: still gripped, but carried.
  const { z } = stage.workspace.pose(stage.workspace.object("red_cube")!).position;
  expect(z).toBeGreaterThan(0.09);
  stage.run("place red_cube blue_cube");
  expect(stage.facts()).toEqual(["on(blue_cube, table)", "on(red_cube, blue_cube)"]);
  expect(stage.workspace.heldObject()).toBeUndefined();
});

test("holding: a cube that is gripped while it still stands on the table is not held.", () => {
  stage = new Stage(engine, [red]);
  let grippedOnTable = 0;
  const object = stage.workspace.object("red_cube")!;
  stage.run("pick red_cube", () => {
    const low = stage.workspace.pose(object).position.z < 0.0202;
    if (!low || !stage.workspace.arm.grips(object.bodyIndex)) return;
    grippedOnTable++;
    expect(stage.facts()).toEqual(["on(red_cube, table)"]);
  });
  expect(grippedOnTable).toBeGreaterThan(0);
});

test("pressed: a button counts from the press on, also when it has come up again.", () => {
  stage = new Stage(engine, [button("blue", { x: 0.5, y: 0.1, yaw: 0 })]);
  expect(stage.facts()).toEqual([]);
  stage.run("press blue_button");
  stage.settle(60);
  expect(stage.world.jointPosition(stage.world.jointIndex("blue_button/slide"))).toBeLessThan(0.001);
  expect(stage.facts()).toEqual(["pressed(blue_button)"]);
});

test("clear and accessible: what follows from on and in.", () => {
  stage = new Stage(engine, [red, blue, drawer({ x: 0.64, y: 0.19, yaw: Math.PI })]);
  const derived = (): string[] =>
    [...deriveFacts(stage.factSet(), stage.workspace.objects)]
      .filter(([name]) => ["clear", "accessible"].includes(name))
      .map((fact) => fact.join(" "));
  expect(derived()).toEqual(expect.arrayContaining(["clear red_cube", "clear blue_cube", "accessible red_cube"]));
  put("red_cube", poseAt(0.5, 0.1, 0.0605));
  expect(derived()).not.toContain("clear blue_cube");
  expect(derived()).toContain("clear red_cube");
  put("red_cube", poseAt(0.64, 0.19, 0.04));
  expect(derived()).not.toContain("accessible red_cube");
  expect(derived()).toEqual(expect.arrayContaining(["clear blue_cube", "accessible blue_cube"]));
});
