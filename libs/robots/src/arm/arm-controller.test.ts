import { compose, quaternionFromAxisAngle, Rng } from "@reverie/core";
import { loadPhysics } from "@reverie/physics";
import { describe, expect, test } from "vitest";
import { Bench, cube, floor, gap } from "../testing/bench.ts";
import { ARM_HOME, ARM_LINKS, GRIPPER } from "./arm-model.ts";
import { forwardKinematics } from "./kinematics.ts";

const engine = await loadPhysics();
const OPEN = 2 * GRIPPER.fingerTravel;
const spot = { x: 0.45, y: 0.1, z: 0.02 };

function lift(massKg: number): { bench: Bench; grasped: ReturnType<Bench["cubeInTool"]> } {
  const bench = new Bench(engine, [floor, cube(massKg, spot)]);
  bench.moveTo({ ...spot, z: 0.1 }, OPEN);
  bench.moveTo(spot, OPEN);
  bench.hold(0, 0.8);
  const grasped = bench.cubeInTool();
  expect(bench.arm.grips(bench.world.bodyIndex("cube"))).toBe(true);
  bench.moveTo({ ...spot, z: 0.2 }, 0);
  return { bench, grasped };
}

describe("ArmController", () => {
  test("Brings the tool within 2 mm of where the joint targets say, wherever the base stands.", () => {
    const rng = new Rng(1);
    const worldFromBase = { position: { x: 0.3, y: -1, z: 0.2 }, orientation: quaternionFromAxisAngle({ x: 0, y: 0, z: 1 }, 2) };
    const bench = new Bench(engine, [], worldFromBase);
    for (let i = 0; i < 8; i++) {
      const target = ARM_HOME.map((angle) => angle + rng.uniform(-0.4, 0.4));
      for (let t = 0; t < 30; t++) bench.period(target, OPEN);
      const wanted = compose(worldFromBase, forwardKinematics(target));
      expect(gap(bench.arm.tool().position, wanted.position)).toBeLessThan(0.002);
      expect(gap(bench.arm.toBase(bench.arm.tool()).position, forwardKinematics(target).position)).toBeLessThan(0.002);
      const measured = new Float64Array(7);
      bench.arm.readJointPositions(measured);
      measured.forEach((angle, joint) => expect(Math.abs(angle - target[joint])).toBeLessThan(0.004));
    }
    bench.world.free();
  });

  test("Keeps targets and joints within the velocity limits, and targets within the position limits.", () => {
    const rng = new Rng(2);
    const bench = new Bench(engine);
    const velocity = new Float64Array(7);
    let before = bench.arm.target.slice();
    let fastest = 0;
    bench.watch = () => {
      bench.arm.readJointVelocities(velocity);
      const target = bench.arm.target;
      for (let i = 0; i < 7; i++) {
        const { lower, upper, maxVelocity } = ARM_LINKS[i];
        expect(Math.abs(target[i] - before[i]) * 120).toBeLessThanOrEqual(maxVelocity * 1.0001);
        expect(target[i]).toBeGreaterThanOrEqual(lower);
        expect(target[i]).toBeLessThanOrEqual(upper);
        fastest = Math.max(fastest, Math.abs(velocity[i]) / maxVelocity);
      }
      expect(Math.abs(target[7] - before[7]) * 120).toBeLessThanOrEqual(GRIPPER.maxVelocity * 1.0001);
      before = target.slice();
    };
    for (let i = 0; i < 12; i++) {
      const wild = ARM_LINKS.map(() => rng.uniform(-9, 9));
      for (let t = 0; t < 12; t++) bench.period(wild, rng.uniform(-1, 1));
    }
    expect(fastest).toBeGreaterThan(0.9);
    bench.world.free();
  });

  test("The gripper opens and closes to what is asked, no further than it goes.", () => {
    const bench = new Bench(engine);
    for (const [asked, reached] of [
      [0.03, 0.03],
      [0, 0],
      [1, OPEN],
    ] as const) {
      bench.hold(asked, 1.2);
      expect(Math.abs(bench.arm.opening() - reached)).toBeLessThan(0.001);
      expect(bench.arm.openingTarget).toBeCloseTo(reached, 9);
    }
    bench.world.free();
  });
});

describe("a friction grasp", () => {
  test.each([0.1, 0.3, 0.5])("Holds a cube of %d kg through a lift and two seconds after it with less than 1.5 mm of slip.", (massKg) => {
    const { bench, grasped } = lift(massKg);
    bench.hold(0, 2);
    expect(bench.world.pose(bench.world.bodyIndex("cube")).position.z).toBeGreaterThan(0.19);
    expect(bench.arm.grips(bench.world.bodyIndex("cube"))).toBe(true);
    expect(gap(bench.cubeInTool(), grasped)).toBeLessThan(0.0015);
    bench.world.free();
  });

  test("Cannot carry 15 kg: two fingers of 70 N have not the friction for it.", () => {
    const { bench } = lift(15);
    bench.hold(0, 2);
    expect(bench.world.pose(bench.world.bodyIndex("cube")).position.z).toBeLessThan(0.1);
    bench.world.free();
  });
});
