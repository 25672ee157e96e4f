// Every channel of one camera, side by side. `node docs/examples/channels.mjs`

import { mkdirSync, writeFileSync } from "node:fs";
import { createEnvironment } from "@reverie/manipulation";
import { encodePng, segmentationNames } from "@reverie/render";

const WIDTH = 320;
const HEIGHT = 240;
const print = (text) => process.stdout.write(`${text}\n`);

const environment = await createEnvironment("manipulation/sort-by-colour");
environment.reset({ seed: 4 });
// A dozen control steps of the reference plan, so that something moves.
const run = environment.execute(environment.assignment.references[0][0]);
for (let i = 0; i < 12; i++) run.next();
const image = environment.render("overview", {
  width: WIDTH,
  height: HEIGHT,
  depth: true,
  segmentation: true,
  semantics: true,
  normals: true,
  flow: true,
  visibility: true,
});

/** A hue for each id, golden-ratio steps apart; 0 stays dark. */
const hueOf = (id) => {
  if (id === 0) return [22, 24, 28];
  const hue = (id * 0.618034) % 1;
  return [0, 1 / 3, 2 / 3].map((shift) => Math.round(70 + 150 * Math.min(1, Math.max(0, Math.abs(((hue + shift) % 1) * 6 - 3) - 1))));
};
const clamp = (value) => Math.max(0, Math.min(255, Math.round(value)));
const panels = [
  (i) => [...image.rgb.subarray(3 * i, 3 * i + 3)],
  (i) => Array(3).fill(Number.isFinite(image.depth[i]) ? clamp(255 * (1.6 - image.depth[i])) : 22),
  (i) => hueOf(image.segmentation[i]),
  (i) => hueOf(image.semantics[i]),
  (i) => [...image.normals.subarray(3 * i, 3 * i + 3)].map((value) => clamp(128 + 127 * value)),
  (i) => [clamp(128 + 60 * image.flow[2 * i]), clamp(128 + 60 * image.flow[2 * i + 1]), 128],
];

const columns = 3;
const rows = panels.length / columns;
const sheet = new Uint8Array(3 * columns * WIDTH * rows * HEIGHT);
panels.forEach((paint, panel) => {
  for (let i = 0; i < WIDTH * HEIGHT; i++) {
    const x = (panel % columns) * WIDTH + (i % WIDTH);
    const y = Math.floor(panel / columns) * HEIGHT + Math.floor(i / WIDTH);
    sheet.set(paint(i), 3 * (y * columns * WIDTH + x));
  }
});
mkdirSync("out", { recursive: true });
writeFileSync("out/channels.png", encodePng({ camera: "sheet", width: columns * WIDTH, height: rows * HEIGHT, rgb: sheet }));

print(`categories: ${segmentationNames(environment.scene).categories.join(", ")}`);
for (const { body, visiblePixels, unoccludedPixels, occlusion, box } of image.visibility) {
  if (!body.endsWith("_cube")) continue;
  print(`${body}: ${visiblePixels} of ${unoccludedPixels} pixels seen, occlusion ${occlusion.toFixed(2)}, box ${JSON.stringify(box)}`);
}
environment.close();
