import { createEnvironment } from "@reverie/manipulation";

const OBJECTS = 10;
const COLORS = [
  [0.8, 0.06, 0.05],
  [0.07, 0.5, 0.1],
  [0.05, 0.15, 0.75],
  [0.85, 0.62, 0.04],
  [0.35, 0.07, 0.5],
];
const GEOMETRIES = [
  { kind: "box", halfExtents: { x: 0.025, y: 0.025, z: 0.025 } },
  { kind: "sphere", radius: 0.025 },
  { kind: "cylinder", radius: 0.025, halfHeight: 0.03 },
  { kind: "capsule", radius: 0.015, halfHeight: 0.03 },
];

function extraBody(index) {
  return {
    id: `extra-${index}`,
    kind: "dynamic",
    worldFromBody: {
      position: { x: 0.28 + 0.12 * (index % 4), y: 0.15 + 0.12 * Math.floor(index / 4), z: 0.03 },
      orientation: { x: 0, y: 0, z: 0, w: 1 },
    },
    shapes: [{ geometry: GEOMETRIES[index % GEOMETRIES.length], color: COLORS[index % COLORS.length] }],
  };
}

/**
 * The tabletop of stack-cubes with things added until there are ten beside the seven-joint arm, and the poses of its bodies while the
 * reference plan runs and the added things turn: no two frames are alike.
 * @returns {Promise<{ scene: object, camera: string, frames: Float32Array[] }>}
 */
export async function recordCameraFrames() {
  const environment = await createEnvironment("manipulation/stack-cubes");
  environment.reset({ seed: 1 });
  const own = environment.scene;
  const count = environment.objects.filter(({ id }) => id !== "table").length;
  const extras = Array.from({ length: OBJECTS - count }, (_, index) => extraBody(index));
  const frames = [];
  const run = environment.execute(environment.assignment.references[0][0]);
  do {
    const poses = Float32Array.of(
      ...environment.poses(),
      ...extras.flatMap(({ worldFromBody: { position: p } }) => {
        const angle = 0.01 * frames.length;
        return [p.x, p.y, p.z, 0, 0, Math.sin(angle), Math.cos(angle)];
      }),
    );
    frames.push(poses);
  } while (!run.next().done);
  environment.close();
  return { scene: { ...own, bodies: [...own.bodies, ...extras] }, camera: "overview", frames };
}
