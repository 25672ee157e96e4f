// A lidar and a rangefinder on a body over a floor. `node docs/examples/rays.mjs`

import { IDENTITY_POSE, IDENTITY_QUATERNION, Rng } from "@reverie/core";
import { loadPhysics, World } from "@reverie/physics";
import { Lidar, Rangefinder } from "@reverie/robots";

const print = (text) => process.stdout.write(`${text}\n`);
const box = (id, kind, [x, y, z], [hx, hy, hz]) => ({
  id,
  kind,
  worldFromBody: { position: { x, y, z }, orientation: IDENTITY_QUATERNION },
  shapes: [{ geometry: { kind: "box", halfExtents: { x: hx, y: hy, z: hz } } }],
});

const bodies = [
  box("floor", "fixed", [0, 0, -0.5], [20, 20, 0.5]),
  box("wall", "fixed", [4.1, 0, 1], [0.1, 3, 1]),
  box("drone", "kinematic", [0, 0, 1.5], [0.15, 0.15, 0.05]),
];
const world = new World(await loadPhysics(), { bodies, joints: [], cameras: [] });
world.step();

// 16 rings of 360 beams all around; a split of the seed for each scan.
const lidar = new Lidar(world, {
  body: "drone",
  pose: IDENTITY_POSE,
  columns: 360,
  rows: 16,
  verticalFov: 0.5,
  maxRange: 12,
  noise: { deviationMetres: 0.01, dropout: 0.02 },
});
const hit = new Int32Array(lidar.columns * lidar.rows);
const ranges = lidar.scan({ rng: new Rng(7).split("lidar 0"), bodies: hit });
const share = (id) => ((100 * hit.filter((body) => body === world.bodyIndex(id)).length) / hit.length).toFixed(1);
print(`${ranges.length} beams: ${share("wall")} % meet the wall, ${share("floor")} % the floor`);
print(`straight ahead, in the 8th ring: ${ranges[7 * lidar.columns + lidar.columns / 2].toFixed(3)} m`);

const height = new Rangefinder(world, { body: "drone", maxRange: 40 });
print(`height over ground: ${height.measure().toFixed(3)} m`);
world.free();
