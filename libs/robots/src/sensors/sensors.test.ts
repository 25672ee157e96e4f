import {
  exact,
  IDENTITY_POSE,
  IDENTITY_QUATERNION,
  InputError,
  quaternionFromAxisAngle,
  Rng,
  UnknownIdError,
  vec3,
  type BodyDescription,
  type GeometryDescription,
  type Pose,
  type Vector3,
} from "@reverie/core";
import { loadPhysics, World } from "@reverie/physics";
import * as fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { Lidar, type LidarOptions } from "./lidar.ts";
import { Rangefinder } from "./rangefinder.ts";

const engine = await loadPhysics();
const worlds: World[] = [];
afterAll(() => {
  for (const world of worlds) world.free();
});

const solid = (id: string, geometry: GeometryDescription, position: Vector3, orientation = IDENTITY_QUATERNION): BodyDescription => ({
  id,
  kind: "fixed",
  worldFromBody: { position, orientation },
  shapes: [{ geometry }],
});
const cuboid = (x: number, y: number, z: number): GeometryDescription => ({ kind: "box", halfExtents: vec3(x, y, z) });

/** A world in which nothing moves, after the step that rays need. */
function still(...bodies: readonly BodyDescription[]): World {
  const world = new World(engine, { bodies, joints: [], cameras: [], gravity: vec3(0, 0, 0) });
  worlds.push(world);
  world.step();
  return world;
}

/** Four walls at 3 m on the inside. */
const room = (): World =>
  still(
    solid("east", cuboid(0.1, 4, 2), vec3(3.1, 0, 0)),
    solid("north", cuboid(4, 0.1, 2), vec3(0, 3.1, 0)),
    solid("west", cuboid(0.1, 4, 2), vec3(-3.1, 0, 0)),
    solid("south", cuboid(4, 0.1, 2), vec3(0, -3.1, 0)),
  );

const facing: Pick<LidarOptions, "pose" | "maxRange"> = { pose: IDENTITY_POSE, maxRange: 50 };
const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

describe("Lidar", () => {
  test("A full turn in a square room measures the distance of the wall behind each beam.", () => {
    const columns = 72;
    const bodies = new Int32Array(columns);
    const ranges = new Lidar(room(), { ...facing, columns }).scan({ bodies });
    ranges.forEach((range, i) => {
      const azimuth = (2 * Math.PI * i) / columns - Math.PI;
      expect(range).toBeCloseTo(3 / Math.max(Math.abs(Math.cos(azimuth)), Math.abs(Math.sin(azimuth))), 4);
    });
    // Columns begin behind the sensor and turn to the left: behind, right, ahead, left.
    expect([0, columns / 4, columns / 2, (3 * columns) / 4].map((i) => bodies[i])).toEqual([2, 3, 0, 1]);
  });

  test("Rings at slanting angles meet the ground where its plane is.", () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0.5, max: 8, noNaN: true }),
        fc.double({ min: 0.1, max: 1, noNaN: true }),
        fc.double({ min: -3, max: 3, noNaN: true }),
        (height, tilt, heading) => {
          const world = still(solid("ground", cuboid(400, 400, 1), vec3(0, 0, -1)));
          const pose: Pose = {
            position: vec3(0, 0, height),
            orientation: quaternionFromAxisAngle(vec3(0, 0, 1), heading),
          };
          const rows = 5;
          const ranges = new Lidar(world, {
            pose,
            maxRange: 300,
            columns: 3,
            rows,
            horizontalFov: 0.4,
            verticalFov: 2 * tilt,
          }).scan();
          ranges.forEach((range, i) => {
            const elevation = 2 * tilt * (0.5 - Math.floor(i / 3) / (rows - 1));
            if (elevation > -1e-9) expect(range).toBe(Infinity);
            else expect(Math.abs(range / (height / Math.sin(-elevation)) - 1)).toBeLessThan(1e-4);
          });
          world.free();
        },
      ),
      { numRuns: 25, seed: 5 },
    );
  });

  test("A sphere is met at the nearer root of its equation, and missed beside it.", () => {
    const lidar = new Lidar(still(solid("ball", { kind: "sphere", radius: 0.5 }, vec3(4, 0, 0))), {
      ...facing,
      columns: 41,
      horizontalFov: 0.4,
    });
    lidar.scan().forEach((range, i) => {
      const azimuth = 0.4 * (i / 40 - 0.5);
      const side = 4 * Math.sin(azimuth);
      if (Math.abs(side) < 0.499) expect(range).toBeCloseTo(4 * Math.cos(azimuth) - Math.sqrt(0.25 - side * side), 3);
      if (Math.abs(side) > 0.501) expect(range).toBe(Infinity);
    });
  });

  test("A tilted board is met where its slanted plane crosses the beam.", () => {
    const tilt = 0.5;
    const board = solid("board", cuboid(0.01, 5, 5), vec3(3, 0, 0), quaternionFromAxisAngle(vec3(0, 0, 1), tilt));
    const ranges = new Lidar(still(board), { ...facing, columns: 9, horizontalFov: 0.6 }).scan();
    ranges.forEach((range, i) => {
      const azimuth = 0.6 * (i / 8 - 0.5);
      expect(range).toBeCloseTo((3 * Math.cos(tilt) - 0.01) / Math.cos(azimuth - tilt), 4);
    });
  });

  test("Nothing beyond the maximum range returns, and its body is -1.", () => {
    const world = room();
    const bodies = new Int32Array(64);
    const ranges = new Lidar(world, { ...facing, columns: 64, maxRange: 3.5 }).scan({ bodies });
    expect(ranges.every((range) => range <= 3.5 || range === Infinity)).toBe(true);
    expect(ranges.filter((range) => range === Infinity).length).toBeGreaterThan(10);
    expect([...ranges].map((range) => range === Infinity)).toEqual([...bodies].map((body) => body === -1));
  });

  test("It moves with its carrier and never meets it.", () => {
    const carrier: BodyDescription = {
      ...solid("carrier", cuboid(0.3, 0.3, 0.3), vec3(-1, 0, 0), quaternionFromAxisAngle(vec3(0, 0, 1), Math.PI / 2)),
      kind: "kinematic",
    };
    const world = still(solid("wall", cuboid(0.1, 6, 2), vec3(5.1, 0, 0)), solid("far", cuboid(6, 0.1, 2), vec3(0, 7.1, 0)), carrier);
    const lidar = new Lidar(world, { body: "carrier", pose: { ...IDENTITY_POSE, position: vec3(0.2, 0, 0) }, maxRange: 50, columns: 1 });
    expect(lidar.scan()[0]).toBeCloseTo(6.8, 4);
    world.placeBody(2, { position: vec3(-1, 2, 0), orientation: IDENTITY_QUATERNION });
    world.step();
    expect(lidar.worldPose().position.x).toBeCloseTo(-0.8, 5);
    expect(lidar.scan()[0]).toBeCloseTo(5.8, 4);
  });

  test("Range errors have the deviation and the mean that are asked, and lost beams the share.", () => {
    const columns = 4000;
    const noise = { deviationMetres: 0.03, dropout: 0.2 };
    const lidar = new Lidar(room(), { ...facing, columns, horizontalFov: 1e-6, noise });
    const ranges = lidar.scan({ rng: new Rng(3) });
    const returned = [...ranges].filter(Number.isFinite);
    // Five standard errors of each figure.
    expect(Math.abs(returned.length / columns - 0.8)).toBeLessThan(5 * Math.sqrt((0.2 * 0.8) / columns));
    const center = mean(returned);
    expect(Math.abs(center - 3)).toBeLessThan((5 * 0.03) / Math.sqrt(returned.length));
    const variance = mean(returned.map((range) => (range - center) * (range - center)));
    expect(Math.abs(variance / (0.03 * 0.03) - 1)).toBeLessThan(5 * Math.sqrt(2 / returned.length));
  });

  test("Noise follows the seed, and what one beam meets changes no other beam's error.", () => {
    const options: LidarOptions = { ...facing, columns: 36, noise: { deviationMetres: 0.02, dropout: 0.1 } };
    const lidar = new Lidar(room(), options);
    const first = lidar.scan({ rng: new Rng(8) });
    expect(lidar.scan({ rng: new Rng(8) })).toEqual(first);
    expect(new Lidar(room(), options).scan({ rng: new Rng(8) })).toEqual(first);
    expect(lidar.scan({ rng: new Rng(9) })).not.toEqual(first);
    const open = still(solid("east", cuboid(0.1, 2.9, 2), vec3(3.1, 0, 0)));
    const bodies = new Int32Array(36);
    const half = new Lidar(open, options).scan({ rng: new Rng(8), bodies });
    half.forEach((range, i) => {
      if (bodies[i] !== -1) expect(range).toBe(first[i]);
    });
    expect(bodies.filter((body) => body === 0).length).toBeGreaterThan(8);
  });

  test("It writes into the caller's array and makes a new one otherwise.", () => {
    const lidar = new Lidar(room(), { ...facing, columns: 8 });
    const out = new Float32Array(8);
    expect(lidar.scan({ out })).toBe(out);
    expect(lidar.scan()).toEqual(out);
    expect(() => lidar.scan({ out: new Float32Array(7) })).toThrow("distances: expected room for 8 rays");
    expect(() => lidar.scan({ bodies: new Int32Array(3) })).toThrow("bodies: expected room for 8 rays");
  });

  test.each([
    [{ columns: 0 }, "columns: expected a whole number from 1 to 8192, got 0."],
    [{ rows: 1.5 }, "rows: expected a whole number"],
    [{ horizontalFov: 7 }, "horizontalFov: expected radians"],
    [{ horizontalFov: NaN }, "horizontalFov: expected radians"],
    [{ verticalFov: -1 }, "verticalFov: expected radians"],
    [{ maxRange: 0 }, "maxRange: expected metres above 0, got 0."],
    [{ noise: { deviationMetres: -1 } }, "noise.deviationMetres: expected metres"],
    [{ noise: { dropout: 1.1 } }, "noise.dropout: expected a share"],
  ])("Refuses %o.", (wrong, message) => {
    const make = (): Lidar => new Lidar(room(), { ...facing, columns: 4, ...wrong });
    expect(make).toThrow(InputError);
    expect(make).toThrow(message);
  });

  test("Refuses a body that is not there, and noise without chance.", () => {
    expect(() => new Lidar(room(), { ...facing, columns: 1, body: "eats" })).toThrow(UnknownIdError);
    const noisy = new Lidar(room(), { ...facing, columns: 1, noise: { dropout: 0.5 } });
    expect(() => noisy.scan()).toThrow("rng: is needed by a sensor with noise");
  });
});

describe("Rangefinder", () => {
  const drone = (position: Vector3, roll: number): BodyDescription => ({
    ...solid("drone", cuboid(0.1, 0.1, 0.05), position, quaternionFromAxisAngle(vec3(1, 0, 0), roll)),
    kind: "kinematic",
  });
  const ground = solid("ground", cuboid(50, 50, 0.5), vec3(0, 0, -0.5));

  test("Looking down, it gives the height over ground along its own axis.", () => {
    for (const roll of [0, 0.2, -0.6]) {
      const world = still(ground, drone(vec3(1, 2, 4), roll));
      expect(new Rangefinder(world, { body: "drone", maxRange: 40 }).measure()).toBeCloseTo(4 / exact.cos(roll), 4);
    }
  });

  test("It looks where it is pointed and sees no further than its range.", () => {
    const world = still(ground, solid("wall", cuboid(0.1, 5, 5), vec3(6.1, 0, 0)));
    const ahead = { position: vec3(1, 0, 1), direction: vec3(7, 0, 0) };
    expect(new Rangefinder(world, { ...ahead, maxRange: 5.01 }).measure()).toBeCloseTo(5, 4);
    expect(new Rangefinder(world, { ...ahead, maxRange: 4.99 }).measure()).toBe(Infinity);
    expect(() => new Rangefinder(world, { direction: vec3(0, 0, 0), maxRange: 1 })).toThrow("direction: expected a direction");
  });

  test("Its noise follows the seed.", () => {
    const finder = new Rangefinder(still(ground), { position: vec3(0, 0, 2), maxRange: 9, noise: { deviationMetres: 0.1 } });
    const heights = Array.from({ length: 400 }, (_, i) => finder.measure(new Rng(1).split(`scan ${i}`)));
    expect(Math.abs(mean(heights) - 2)).toBeLessThan((5 * 0.1) / 20);
    expect(new Set(heights).size).toBe(400);
    expect(finder.measure(new Rng(1).split("scan 7"))).toBe(heights[7]);
  });
});
