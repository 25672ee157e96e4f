import { angleBetween, distance, exact, quaternionFromAxisAngle, Rng, rotate, rotationVectorBetween } from "@reverie/core";
import { loadPhysics, World } from "@reverie/physics";
import { describe, expect, test } from "vitest";
import { ARM_HOME, ARM_LINKS, FLANGE_OFFSET, HAND_FROM_TOOL } from "./arm-model.ts";
import { describeArm } from "./arm-scene.ts";
import { InverseKinematics } from "./inverse-kinematics.ts";
import { ArmKinematics, forwardKinematics } from "./kinematics.ts";

const TRIALS = 1000;

function randomJoints(rng: Rng, margin = 0.03): number[] {
  return ARM_LINKS.map(({ lower, upper }) => rng.uniform(lower + margin, upper - margin));
}

describe("forward kinematics", () => {
  test("At zero angles the flange is where the maker's table puts it, and the tool beyond it.", () => {
    const tool = forwardKinematics([0, 0, 0, 0, 0, 0, 0]);
    const approach = rotate(tool.orientation, { x: 0, y: 0, z: 1 });
    expect(approach.z).toBeCloseTo(-1, 12);
    expect(tool.position.x).toBeCloseTo(0.088, 12);
    expect(tool.position.y).toBeCloseTo(0, 12);
    expect(tool.position.z + HAND_FROM_TOOL.position.z).toBeCloseTo(0.333 + 0.316 + 0.384 - FLANGE_OFFSET, 12);
    // The hand is turned by -45 degrees on the flange, whose x axis points forward here.
    const hand = rotate(tool.orientation, { x: 1, y: 0, z: 0 });
    expect(hand.x).toBeCloseTo(Math.SQRT1_2, 12);
    expect(Math.abs(hand.y)).toBeCloseTo(Math.SQRT1_2, 12);
  });

  test("The first joint turns everything about the base's z axis.", () => {
    const rng = new Rng(1);
    for (let i = 0; i < 20; i++) {
      const q = randomJoints(rng);
      const turn = rng.uniform(-1, 1);
      const before = forwardKinematics([0, ...q.slice(1)]);
      const after = forwardKinematics([turn, ...q.slice(1)]);
      const turned = rotate(quaternionFromAxisAngle({ x: 0, y: 0, z: 1 }, turn), before.position);
      expect(distance(after.position, turned)).toBeLessThan(1e-12);
    }
  });

  test("Agrees with where the scene puts the links, for any posture.", async () => {
    const engine = await loadPhysics();
    const rng = new Rng(2);
    const kinematics = new ArmKinematics();
    for (let i = 0; i < 20; i++) {
      const q = randomJoints(rng);
      const world = new World(engine, { ...describeArm({ jointPositions: q }), cameras: [] });
      kinematics.update(q);
      for (let link = 0; link < 7; link++) {
        const body = world.pose(world.bodyIndex(`arm/link${link + 1}`));
        expect(distance(kinematics.frame(link).position, body.position)).toBeLessThan(1e-6);
        expect(angleBetween(kinematics.frame(link).orientation, body.orientation)).toBeLessThan(1e-3);
        expect(world.jointPosition(world.jointIndex(`arm/joint${link + 1}`))).toBeCloseTo(q[link], 5);
      }
      world.free();
    }
  });

  test("The Jacobian is the central difference of position and orientation.", () => {
    const rng = new Rng(3);
    const kinematics = new ArmKinematics();
    const h = 1e-5;
    for (let trial = 0; trial < 50; trial++) {
      const q = randomJoints(rng);
      for (let joint = 0; joint < 7; joint++) {
        const plus = forwardKinematics(q.map((angle, i) => (i === joint ? angle + h : angle)));
        const minus = forwardKinematics(q.map((angle, i) => (i === joint ? angle - h : angle)));
        const turn = rotationVectorBetween(minus.orientation, plus.orientation);
        const expected = [
          plus.position.x - minus.position.x,
          plus.position.y - minus.position.y,
          plus.position.z - minus.position.z,
          turn.x,
          turn.y,
          turn.z,
        ].map((change) => change / (2 * h));
        kinematics.update(q);
        expected.forEach((value, row) => expect(kinematics.jacobian[row * 7 + joint]).toBeCloseTo(value, 6));
      }
    }
  });
});

describe("inverse kinematics", () => {
  test("Finds every tool pose over the table that points down, from the home posture.", () => {
    const rng = new Rng(6);
    const solver = new InverseKinematics();
    for (let i = 0; i < TRIALS; i++) {
      const heading = rng.uniform(-1.5, 1.5);
      const down = { x: exact.cos(heading / 2), y: exact.sin(heading / 2), z: 0, w: 0 };
      const target = {
        position: { x: rng.uniform(0.33, 0.64), y: rng.uniform(-0.28, 0.28), z: rng.uniform(0.01, 0.3) },
        orientation: down,
      };
      expect(solver.solve(target, ARM_HOME).converged).toBe(true);
    }
  });

  test("Finds at least 97 % of random reachable poses from home with 24 restarts, inside the limits and true to forward kinematics.", () => {
    const rng = new Rng(4);
    const solver = new InverseKinematics();
    let found = 0;
    for (let i = 0; i < TRIALS; i++) {
      const target = forwardKinematics(randomJoints(rng));
      const solution = solver.solve(target, ARM_HOME, { restarts: 24 });
      solution.jointPositions.forEach((angle, joint) => {
        expect(angle).toBeGreaterThanOrEqual(ARM_LINKS[joint].lower);
        expect(angle).toBeLessThanOrEqual(ARM_LINKS[joint].upper);
      });
      const reached = forwardKinematics(solution.jointPositions);
      expect(Math.abs(distance(reached.position, target.position) - solution.positionError)).toBeLessThan(1e-9);
      expect(Math.abs(angleBetween(reached.orientation, target.orientation) - solution.orientationError)).toBeLessThan(1e-6);
      if (!solution.converged) continue;
      expect(distance(reached.position, target.position)).toBeLessThan(5e-4);
      expect(angleBetween(reached.orientation, target.orientation)).toBeLessThan(5e-3);
      found++;
    }
    expect(found / TRIALS).toBeGreaterThanOrEqual(0.97);
  });

  test("Poses out of reach are reported as not reached, with the distance that is left.", () => {
    const rng = new Rng(5);
    const solver = new InverseKinematics();
    for (let i = 0; i < 50; i++) {
      const heading = rng.uniform(-Math.PI, Math.PI);
      const away = rotate(quaternionFromAxisAngle({ x: 0, y: 0, z: 1 }, heading), { x: rng.uniform(1.2, 5), y: 0, z: 0.3 });
      const solution = solver.solve({ position: away, orientation: { x: 1, y: 0, z: 0, w: 0 } }, ARM_HOME, { restarts: i % 2 });
      expect(solution.converged).toBe(false);
      expect(solution.positionError).toBeGreaterThan(0.1);
      expect(solution.jointPositions.every(Number.isFinite)).toBe(true);
    }
  });

  test("Starting at the answer stays there, and a start outside the limits is brought inside.", () => {
    const solver = new InverseKinematics();
    const still = solver.solve(forwardKinematics(ARM_HOME), ARM_HOME);
    still.jointPositions.forEach((angle, i) => expect(angle).toBeCloseTo(ARM_HOME[i], 9));
    const wild = solver.solve(forwardKinematics(ARM_HOME), [9, -9, 9, 9, -9, 9, 9], { maxIterations: 0 });
    wild.jointPositions.forEach((angle, i) => expect(angle > ARM_LINKS[i].lower && angle < ARM_LINKS[i].upper).toBe(true));
  });
});
