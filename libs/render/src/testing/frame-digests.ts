import { Rng, sha256Hex } from "@reverie/core";
import type { BodyDescription, CameraDescription, SceneDescription, ShapeDescription, TextureDescription } from "@reverie/core";
import { Rasteriser } from "../rasteriser.ts";
import type { RasteriserOptions } from "../rasteriser.ts";
import { SceneGraph } from "../scene-graph.ts";
import { randomScene } from "./random-scene.ts";
import { posesOf } from "./sample-scene.ts";

// Pictures of every kind that any engine must draw with the same bytes. Runs in Node and on a page.

/** How many pictures there are. */
export const FRAMES = 50;

const CHANNELS = { depth: true, segmentation: true, semantics: true, normals: true, flow: true, visibility: true } as const;

function textureOf(rng: Rng): TextureDescription {
  const colors = [
    [0.2, 0.1, 0.05],
    [0.9, 0.8, 0.6],
  ] as const;
  switch (rng.integer(0, 2)) {
    case 0:
      return { kind: "checker", colors, cellMetres: rng.uniform(0.01, 0.1) };
    case 1:
      return { kind: "wood", colors, ringMetres: rng.uniform(0.01, 0.05), seed: rng.integer(0, 99) };
    default:
      return { kind: "noise", colors, cellMetres: rng.uniform(0.01, 0.05), seed: rng.integer(0, 99) };
  }
}

function varied(scene: SceneDescription, rng: Rng): SceneDescription {
  const shapeOf = (shape: ShapeDescription): ShapeDescription => (rng.bernoulli(0.2) ? { ...shape, texture: textureOf(rng) } : shape);
  const bodies = scene.bodies.map((body): BodyDescription => ({
    ...body,
    category: rng.choice(["thing", "robot", body.id]),
    shapes: body.shapes.map(shapeOf),
  }));
  const [eye] = scene.cameras;
  const { pose, width, height, near, far } = eye;
  const intrinsics = { focalX: rng.uniform(100, 180), focalY: rng.uniform(100, 180), centerX: rng.uniform(50, 80), centerY: 64 };
  const wrist = { position: { x: 0.06, y: 0, z: 0 }, orientation: { x: 0, y: 1, z: 0, w: 0 } };
  const cameras: CameraDescription[] = [
    eye,
    { id: "measured", pose, width, height, near, far, intrinsics },
    { id: "wrist", body: "hand", pose: wrist, width, height, near: 0.02, far, verticalFov: 1.2 },
  ];
  return { ...scene, bodies, cameras };
}

/** Poses a little later: every body that may move has moved by up to 3 cm. */
function movedPoses(scene: SceneDescription, rng: Rng): Float64Array {
  const poses = posesOf(scene);
  scene.bodies.forEach(({ kind }, body) => {
    if (kind !== "dynamic") return;
    for (let k = 0; k < 3; k++) poses[7 * body + k] += rng.uniform(-0.03, 0.03);
  });
  return poses;
}

/** SHA-256 of each picture: all channels of varied manipulation scenes, sizes, cameras and sampling. */
export function frameDigests(): string[] {
  const rasteriser = new Rasteriser();
  return Array.from({ length: FRAMES }, (_, frame) => {
    const rng = new Rng(frame).split("frame");
    const scene = varied(randomScene(1000 + frame), rng);
    const graph = new SceneGraph(scene);
    graph.setPoses(posesOf(scene));
    graph.setPoses(movedPoses(scene, rng));
    const options: RasteriserOptions = {
      ...CHANNELS,
      width: rng.integer(30, 110),
      height: rng.integer(30, 110),
      supersample: rng.choice([1, 1, 2, 3]),
      shadows: rng.bernoulli(0.8),
    };
    const image = rasteriser.render(graph, rng.choice(["eye", "measured", "wrist"]), options);
    const buffers = [image.rgb, image.depth, image.segmentation, image.semantics, image.normals, image.flow].map((buffer) =>
      sha256Hex(new Uint8Array(buffer!.buffer)),
    );
    return sha256Hex(new TextEncoder().encode(`${buffers.join()} ${JSON.stringify(image.visibility)}`));
  });
}
