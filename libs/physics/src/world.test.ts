import {
  exact,
  InputError,
  quaternionFromAxisAngle,
  Rng,
  StateError,
  UnknownIdError,
  vec3,
  type BodyDescription,
  type JointDescription,
} from "@reverie/core";
import { describe, expect, test } from "vitest";
import { loadPhysics, type PhysicsBuild } from "./engine.ts";
import { at, box, FLOOR, rammedWall, runTo, sceneOf } from "./testing/scenes.ts";
import { World } from "./world.ts";

const G = 9.81;
const Y = vec3(0, 1, 0);
const engine = await loadPhysics();

const crate = (extra: Partial<BodyDescription> = {}): BodyDescription => ({
  id: "crate",
  kind: "dynamic",
  worldFromBody: at(0, 0, 0.1),
  shapes: [box(0.1, 0.1, 0.1)],
  ...extra,
});

function steps(world: World, n: number): void {
  for (let i = 0; i < n; i++) world.step();
}

/** Moves the target there in half a second, then waits as long: a target more than half a turn away would be approached the short way round. */
function moveTo(world: World, target: number): void {
  const from = world.jointPosition(0);
  for (let i = 1; i <= 120; i++) {
    world.setJointTarget(0, from + (target - from) * Math.min(1, i / 60));
    world.step();
  }
}

describe("mechanics", () => {
  test("A thrown body follows the parabola of its integrator, and the true one to half a step.", () => {
    const world = new World(engine, sceneOf([crate({ worldFromBody: at(0, 0, 20), massKg: 3 })]));
    world.applyImpulse(0, vec3(6, 0, 9));
    const n = 120;
    const dt = world.timestep;
    steps(world, n);
    const { x, z } = world.pose(0).position;
    const t = n * dt;
    expect(x).toBeCloseTo(2 * t, 4);
    expect(Math.abs(z - (20 + 3 * t - (G * t * t) / 2))).toBeLessThan((G * t * dt) / 2 + 1e-4);
    expect(world.linearVelocity(0).z).toBeCloseTo(3 - G * t, 3);
    world.free();
  });

  test("A pendulum swings with the period of a physical pendulum.", () => {
    const length = 0.5;
    const inertia = 0.02;
    const amplitude = 0.2;
    const hinge = { orientation: quaternionFromAxisAngle(vec3(1, 0, 0), -Math.PI / 2) };
    const bob = crate({
      canSleep: false,
      worldFromBody: {
        position: vec3(-length * exact.sin(amplitude), 0, 2 - length * exact.cos(amplitude)),
        orientation: quaternionFromAxisAngle(Y, amplitude),
      },
      inertia: { massKg: 1, centerOfMass: vec3(0, 0, 0), principalInertia: vec3(inertia, inertia, inertia) },
    });
    const world = new World(
      engine,
      sceneOf(
        [{ id: "ceiling", kind: "fixed", worldFromBody: at(0, 0, 2), shapes: [] }, bob],
        [
          {
            id: "hinge",
            kind: "revolute",
            parent: "ceiling",
            child: "crate",
            parentFromJoint: { ...at(0, 0, 0), ...hinge },
            childFromJoint: { ...at(0, 0, length), ...hinge },
          },
        ],
      ),
    );
    expect(world.jointPosition(0)).toBeCloseTo(amplitude, 3);
    const crossings: number[] = [];
    let before = world.jointPosition(0);
    while (crossings.length < 9) {
      world.step();
      const now = world.jointPosition(0);
      if (before * now < 0) crossings.push((world.stepCount - now / (now - before)) * world.timestep);
      before = now;
    }
    const period = (crossings[8] - crossings[0]) / 4;
    const small = 2 * Math.PI * Math.sqrt((inertia + length * length) / (G * length));
    expect(Math.abs(period / (small * (1 + (amplitude * amplitude) / 16)) - 1)).toBeLessThan(0.003);
    world.free();
  });

  test.each([
    [24, "holds", 0],
    [29, "slides", G * (exact.sin((29 * Math.PI) / 180) - 0.5 * exact.cos((29 * Math.PI) / 180))],
  ])("On a slope of %d degrees a box with friction 0.5 (26.6 degrees) %s.", (degrees, _what, acceleration) => {
    const angle = (degrees * Math.PI) / 180;
    const tilt = quaternionFromAxisAngle(Y, angle);
    const friction = 0.5;
    const onSlope = (height: number) => ({ position: vec3(height * exact.sin(angle), 0, height * exact.cos(angle)), orientation: tilt });
    const world = new World(
      engine,
      sceneOf([
        { id: "slope", kind: "fixed", worldFromBody: onSlope(-0.1), shapes: [box(5, 5, 0.1, { friction })] },
        crate({ worldFromBody: onSlope(0.1), shapes: [box(0.1, 0.1, 0.1, { friction })] }),
      ]),
    );
    steps(world, 120);
    const { x, z } = world.pose(1).position;
    const along = Math.sqrt((x - 0.1 * exact.sin(angle)) ** 2 + (z - 0.1 * exact.cos(angle)) ** 2);
    if (acceleration === 0) expect(along).toBeLessThan(0.001);
    else expect(Math.abs(along / (acceleration / 2) - 1)).toBeLessThan(0.05);
    world.free();
  });

  test("A body spreads its mass over its shapes by volume, and forces act until they are cleared.", () => {
    const world = new World(engine, sceneOf([crate({ massKg: 2, gravityScale: 0, shapes: [box(0.1, 0.1, 0.1), box(0.2, 0.1, 0.1)] })]));
    expect(world.massKg(0)).toBeCloseTo(2, 5);
    world.addForce(0, vec3(0, 4, 0));
    steps(world, 60);
    expect(world.linearVelocity(0).y).toBeCloseTo(1, 3);
    world.clearForces(0);
    steps(world, 60);
    expect(world.linearVelocity(0).y).toBeCloseTo(1, 3);
    world.free();
  });
});

describe("rays", () => {
  const world = new World(
    engine,
    sceneOf([
      FLOOR,
      { id: "sphere", kind: "fixed", worldFromBody: at(0, 0, 1), shapes: [{ geometry: { kind: "sphere", radius: 0.3 } }] },
      {
        id: "cylinder",
        kind: "fixed",
        worldFromBody: at(2, 0, 1),
        shapes: [{ geometry: { kind: "cylinder", radius: 0.2, halfHeight: 0.4 } }],
      },
      {
        id: "capsule",
        kind: "fixed",
        worldFromBody: at(4, 0, 1),
        shapes: [{ geometry: { kind: "capsule", radius: 0.2, halfHeight: 0.4 } }],
      },
      { id: "box", kind: "fixed", worldFromBody: at(6, 0, 1, vec3(0, 0, 1), Math.PI / 4), shapes: [box(0.3, 0.3, 0.3)] },
    ]),
  );
  world.step();
  const down = vec3(0, 0, -3);
  const side = vec3(0, 1, 0);
  test.each([
    ["a sphere from above", vec3(0, 0, 3), down, 1, 1.7],
    ["a sphere off its middle", vec3(0.18, 0, 3), down, 1, 2 - 0.24],
    ["a standing cylinder from above", vec3(2.1, 0, 3), down, 2, 1.6],
    ["a standing cylinder from the side", vec3(2, -2, 1.3), side, 2, 1.8],
    ["a capsule from above", vec3(4, 0, 3), down, 3, 1.4],
    ["a capsule's flank", vec3(4.12, -2, 1), side, 3, 2 - 0.16],
    ["the edge of a turned box", vec3(6, -2, 1), side, 4, 2 - 0.3 * Math.SQRT2],
    ["the floor past everything", vec3(1, 0, 3), down, 0, 3],
  ])("Meet %s at the distance that geometry says.", (_name, origin, direction, body, distance) => {
    const hit = world.castRay(origin, direction, 10);
    expect(hit?.body).toBe(body);
    expect(hit?.distance).toBeCloseTo(distance, 5);
    expect(hit?.point.z).toBeCloseTo(direction === down ? origin.z - distance : origin.z, 5);
  });

  test("Stop at their length, pass through what they are told to ignore, and give outward normals.", () => {
    expect(world.castRay(vec3(0, 0, 3), down, 1.6)).toBeUndefined();
    expect(world.castRay(vec3(0, 0, 3), down, 10, 1)?.distance).toBeCloseTo(3, 5);
    const normal = world.castRay(vec3(0.18, 0, 3), down, 10)?.normal;
    expect(normal?.x).toBeCloseTo(0.6, 4);
    expect(normal?.z).toBeCloseTo(0.8, 4);
  });

  test("Go out by the batch as they go one by one, into arrays that are the caller's.", () => {
    const rng = new Rng(2);
    const directions = Float64Array.from({ length: 300 }, () => rng.uniform(-3, 3));
    const origin = vec3(3, -0.2, 1.1);
    const distances = new Float64Array(100);
    const bodies = new Int32Array(100);
    for (const ignore of [undefined, 0, 3]) {
      world.castRays(origin, directions, 4, distances, { bodies, ...(ignore === undefined ? {} : { ignore }) });
      for (let i = 0; i < 100; i++) {
        const direction = vec3(directions[3 * i], directions[3 * i + 1], directions[3 * i + 2]);
        const hit = world.castRay(origin, direction, 4, ignore);
        expect([distances[i], bodies[i]]).toEqual([hit?.distance ?? Infinity, hit?.body ?? -1]);
      }
      expect(new Set(bodies).size).toBeGreaterThan(1);
    }
    expect(() => world.castRays(origin, directions.subarray(1), 4, distances)).toThrow("directions: expected 3 numbers for each ray");
    expect(() => world.castRays(origin, directions, 4, new Float32Array(99))).toThrow("distances: expected room for 100 rays, got 99.");
    expect(() => world.castRays(origin, directions, 4, distances, { bodies: new Int32Array(1) })).toThrow("bodies: expected room");
    expect(() => world.castRays(origin, new Float64Array(3), 4, distances)).toThrow("directions[0]: expected a direction of non-zero");
    world.castRays(origin, new Float64Array(0), 4, distances);
  });

  test("Refuse to go nowhere.", () => {
    expect(() => world.castRay(vec3(0, 0, 1), vec3(0, 0, 0), 1)).toThrow(InputError);
    expect(() => world.castRay(vec3(0, 0, 1), vec3(NaN, 0, 0), 1)).toThrow("direction: expected a direction of non-zero length");
  });
});

describe.each(["simd", "plain", "deterministic"] satisfies PhysicsBuild[])("contacts, %s build", (build) => {
  test("Name the supporting body and carry the weight of what stands on it.", async () => {
    const tower = [0, 1, 2].map((i) => crate({ id: `c${i}`, worldFromBody: at(0, 0, 0.1 + 0.2 * i), massKg: 2 }));
    const world = new World(await loadPhysics(build), sceneOf([FLOOR, ...tower, crate({ id: "apart", worldFromBody: at(2, 0, 0.1) })]));
    steps(world, 240);
    const weight = 2 * G * world.timestep;
    expect(world.contacts(1).map(({ body }) => body)).toEqual([0, 2]);
    expect(world.contacts(1)[0].impulse / weight).toBeCloseTo(3, 1);
    expect(world.contacts(1)[1].impulse / weight).toBeCloseTo(2, 1);
    expect(world.contacts(3).map(({ body }) => body)).toEqual([2]);
    expect(world.contacts(3)[0].impulse / weight).toBeCloseTo(1, 1);
    expect(Math.abs(world.contacts(3)[0].penetration)).toBeLessThan(0.002);
    expect(world.touching(1, 2)).toBe(true);
    expect(world.touching(2, 1)).toBe(true);
    expect(world.touching(1, 3)).toBe(false);
    expect(world.touching(1, 4)).toBe(false);
    world.free();
  });
});

describe("joints", () => {
  const frame = { position: vec3(0.1, 0.2, 0.3), orientation: quaternionFromAxisAngle(vec3(0.6, 0, 0.8), 1.1) };
  /** A fixed base and a driven child whose joint frames coincide at position 0. */
  const driven = (joint: Partial<JointDescription>): World =>
    new World(engine, {
      ...sceneOf(
        [
          { id: "base", kind: "fixed", worldFromBody: at(0, 0, 1), shapes: [] },
          { id: "arm", kind: "dynamic", worldFromBody: at(0, 0, 1), massKg: 1, canSleep: false, shapes: [box(0.1, 0.1, 0.1)] },
        ],
        [
          {
            id: "drive",
            kind: "revolute",
            parent: "base",
            child: "arm",
            parentFromJoint: frame,
            childFromJoint: frame,
            // Stiff, since the joint is far from the centre of mass and the engine's motor does not count the lever's inertia.
            motor: { model: "acceleration", stiffness: 40_000, damping: 800 },
            ...joint,
          },
        ],
      ),
      gravity: vec3(0, 0, 0),
    });

  test.each([
    ["a range on both sides of zero", -2.8973, 2.8973, [2.85, -2.85, 0, 1]],
    ["a range that begins just below zero and ends beyond pi", -0.0175, 3.7525, [3.7, 0, 1.9, 3.3]],
    ["a range far from zero", 2, 4.5, [2.1, 4.4, Math.PI]],
    ["a range below zero", -3.0718, -0.0698, [-3, -0.1, -1.5]],
  ])("A revolute joint with %s reaches its targets and reads them back.", (_name, lower, upper, targets) => {
    const world = driven({ limits: { lower, upper } });
    for (const target of targets) {
      moveTo(world, target);
      expect(world.jointPosition(0)).toBeCloseTo(target, 3);
      expect(Math.abs(world.jointVelocity(0))).toBeLessThan(0.01);
    }
    for (const beyond of [lower - 0.3, upper + 0.3]) {
      moveTo(world, beyond);
      expect(world.jointPosition(0)).toBeCloseTo(Math.min(upper, Math.max(lower, beyond)), 1);
    }
    world.free();
  });

  test("A prismatic joint reaches its targets along its axis, stops at its limits and reads both back.", () => {
    const world = driven({ kind: "prismatic", limits: { lower: -0.05, upper: 0.4 } });
    for (const target of [0.3, -0.04, 0.39]) {
      world.setJointTarget(0, target);
      steps(world, 150);
      expect(world.jointPosition(0)).toBeCloseTo(target, 3);
    }
    const { position } = world.pose(1);
    expect(Math.sqrt(position.x ** 2 + position.y ** 2 + (position.z - 1) ** 2)).toBeCloseTo(0.39, 3);
    world.setJointTarget(0, 0.6);
    steps(world, 150);
    expect(world.jointPosition(0)).toBeLessThan(0.42);
    world.free();
  });

  test.each(["revolute", "prismatic"] as const)(
    "The velocity of a %s joint is the change of its position, on a turning base too.",
    (kind) => {
      const { bodies, joints } = driven({ kind }).scene;
      const beside = { ...frame, position: vec3(frame.position.x - 0.3, frame.position.y, frame.position.z) };
      const scene = {
        ...sceneOf(
          [
            { ...bodies[0], kind: "kinematic" as const },
            { ...bodies[1], worldFromBody: at(0.3, 0, 1) },
          ],
          [{ ...joints[0], childFromJoint: beside, motor: { model: "acceleration" as const, stiffness: 400, damping: 40 } }],
        ),
        gravity: vec3(0, 0, 0),
      };
      const world = new World(engine, scene);
      world.setJointTarget(0, 0.3);
      let compared = 0;
      for (let i = 0; i < 60; i++) {
        world.setKinematicTarget(0, at(0, 0, 1, vec3(0, 0, 1), i * 0.01));
        const before = world.jointPosition(0);
        world.step();
        const change = (world.jointPosition(0) - before) / world.timestep;
        if (i > 5) expect(Math.abs(world.jointVelocity(0) - change)).toBeLessThan(0.02 + 0.03 * Math.abs(change));
        if (i > 5 && Math.abs(change) > 0.1) compared++;
      }
      expect(compared).toBeGreaterThan(10);
      world.free();
    },
  );

  test("A joint without a motor says so when it is driven.", () => {
    const { motor: _, ...bare } = driven({}).scene.joints[0];
    const world = new World(engine, { ...driven({}).scene, joints: [bare] });
    expect(() => world.setJointTarget(0, 1)).toThrow(StateError);
    expect(() => world.setJointTarget(0, 1)).toThrow('Joint "drive" has no motor');
    world.free();
  });
});

describe("reading", () => {
  test("Batched poses and velocities are the single ones.", () => {
    const driven = rammedWall();
    const world = new World(engine, driven.scene);
    runTo(world, driven, 70);
    const poses = new Float64Array(world.bodyCount * 7);
    const velocities = new Float64Array(world.bodyCount * 6);
    world.readPoses(poses);
    world.readVelocities(velocities);
    for (let i = 0; i < world.bodyCount; i++) {
      const { position, orientation } = world.pose(i);
      expect([...poses.subarray(i * 7, i * 7 + 7)]).toEqual([...Object.values(position), ...Object.values(orientation)]);
      expect([...velocities.subarray(i * 6, i * 6 + 6)]).toEqual([
        ...Object.values(world.linearVelocity(i)),
        ...Object.values(world.angularVelocity(i)),
      ]);
    }
    expect(velocities.some((v) => Math.abs(v) > 0.1)).toBe(true);
    expect(() => world.readPoses(new Float32Array(world.bodyCount * 7 - 1))).toThrow("expected room for 434 numbers");
    expect(() => world.readVelocities(new Float32Array(3))).toThrow(InputError);
    world.free();
  });

  test("Unknown ids come with the closest known one, and unknown indices with how many there are.", () => {
    const world = new World(engine, sceneOf([FLOOR, crate()]));
    expect(() => world.bodyIndex("crat")).toThrow(UnknownIdError);
    expect(() => world.bodyIndex("crat")).toThrow('did you mean "crate"?');
    expect(() => world.jointIndex("hinge")).toThrow('Unknown joint "hinge"');
    expect(() => world.pose(2)).toThrow("body: no body has index 2; this scene has 2.");
    expect(() => world.jointPosition(0)).toThrow(InputError);
    world.free();
  });
});

describe("the life of a world", () => {
  test("After free() every use is a StateError, and freeing again is nothing.", () => {
    const { scene } = rammedWall();
    const joint: JointDescription = {
      id: "j",
      kind: "revolute",
      parent: "crate0",
      child: "crate1",
      parentFromJoint: at(0, 0, 0),
      childFromJoint: at(0, 0, 0),
      motor: { model: "force", stiffness: 1, damping: 1 },
    };
    const world = new World(engine, { ...scene, joints: [joint] });
    const snapshot = world.snapshot();
    world.free();
    world.free();
    const uses: readonly (() => unknown)[] = [
      () => world.step(),
      () => world.readPoses(new Float32Array(1000)),
      () => world.readVelocities(new Float32Array(1000)),
      () => world.assertFinite(),
      () => world.pose(0),
      () => world.linearVelocity(0),
      () => world.angularVelocity(0),
      () => world.placeBody(0, at(0, 0, 0)),
      () => world.setKinematicTarget(1, at(0, 0, 0)),
      () => world.applyImpulse(2, vec3(0, 0, 1)),
      () => world.addForce(2, vec3(0, 0, 1)),
      () => world.clearForces(2),
      () => world.massKg(2),
      () => world.setJointTarget(0, 1),
      () => world.jointPosition(0),
      () => world.jointVelocity(0),
      () => world.touching(0, 1),
      () => world.contacts(0),
      () => world.castRay(vec3(0, 0, 1), vec3(0, 0, -1), 1),
      () => world.castRays(vec3(0, 0, 1), Float64Array.of(0, 0, -1), 1, new Float32Array(1)),
      () => world.snapshot(),
      () => world.restore(snapshot),
      () => world.fork(),
    ];
    for (const use of uses) {
      expect(use).toThrow(StateError);
      expect(use).toThrow("World was used after free()");
    }
  });

  test("A body that leaves the numbers is named.", () => {
    const world = new World(engine, sceneOf([FLOOR, crate()]));
    world.placeBody(1, at(NaN, 0, 0));
    expect(() => world.assertFinite()).toThrow('Body "crate" has no finite position at physics step 0.');
    world.free();
  });

  test("Making and freeing 600 worlds, forks and restores leaves little behind.", () => {
    const { scene } = rammedWall();
    const cycle = (): void => {
      const world = new World(engine, scene);
      world.step();
      const fork = world.fork();
      fork.step();
      fork.restore(world.snapshot());
      fork.free();
      world.free();
    };
    for (let i = 0; i < 100; i++) cycle();
    // Some 150 KB for each world: kept, the 600 of a block would add 90 MB to every block. Garbage that was not collected yet
    // swells one block and leaves another flat.
    const growth = [0, 1, 2].map(() => {
      const before = process.memoryUsage().rss;
      for (let i = 0; i < 200; i++) cycle();
      return process.memoryUsage().rss - before;
    });
    expect(Math.min(...growth)).toBeLessThan(40e6);
  });
});

describe("mistakes in a scene", () => {
  const joint: JointDescription = {
    id: "hinge",
    kind: "revolute",
    parent: "floor",
    child: "crate",
    parentFromJoint: at(0, 0, 0),
    childFromJoint: at(0, 0, 0),
  };
  test.each([
    ["a body id used twice", sceneOf([FLOOR, crate(), crate()]), 'scene.bodies[2].id: "crate" is used twice'],
    ["a joint id used twice", sceneOf([FLOOR, crate()], [joint, joint]), 'scene.joints[1].id: "hinge" is used twice'],
    [
      "a parent that is not there",
      sceneOf([FLOOR, crate()], [{ ...joint, parent: "flor" }]),
      'scene.joints[0].parent: no body is called "flor"',
    ],
    [
      "a child that is not there",
      sceneOf([FLOOR, crate()], [{ ...joint, child: "crat" }]),
      'scene.joints[0].child: no body is called "crat"',
    ],
    [
      "reversed limits",
      sceneOf([FLOOR, crate()], [{ ...joint, limits: { lower: 1, upper: -1 } }]),
      "scene.joints[0].limits: lower 1 is above upper -1",
    ],
    ["a limit that is no number", sceneOf([FLOOR, crate()], [{ ...joint, limits: { lower: NaN, upper: 1 } }]), "scene.joints[0].limits"],
    [
      "a revolute range of a whole turn",
      sceneOf([FLOOR, crate()], [{ ...joint, limits: { lower: -4, upper: 4 } }]),
      "scene.joints[0].limits: span 8 rad; a revolute joint turns less than a whole turn between its limits.",
    ],
    [
      "a size that is not positive",
      sceneOf([FLOOR, crate({ shapes: [box(0.1, 0, 0.1)] })]),
      "scene.bodies[1].shapes[0]: half extent y is 0 m",
    ],
    [
      "a size that is no number",
      sceneOf([FLOOR, crate({ shapes: [{ geometry: { kind: "sphere", radius: NaN } }] })]),
      "scene.bodies[1].shapes[0]: radius is NaN m",
    ],
    [
      "a pose that is not finite",
      sceneOf([crate({ worldFromBody: at(0, Infinity, 0) })]),
      'scene.bodies[0].worldFromBody: "crate" has no finite pose',
    ],
  ])("%s is named.", (_name, scene, message) => {
    expect(() => new World(engine, scene)).toThrow(InputError);
    expect(() => new World(engine, scene)).toThrow(message);
  });

  test("An unknown build is refused.", () => {
    expect(() => loadPhysics("fast" as PhysicsBuild)).toThrow(
      'build: unknown physics build "fast"; allowed are simd, plain and deterministic.',
    );
  });
});
