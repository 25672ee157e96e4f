// One scene in three looks, and the drawn look as data. `node docs/examples/randomised.mjs`

import { mkdirSync, writeFileSync } from "node:fs";
import { createEnvironment } from "@reverie/manipulation";
import { encodePng, VISUAL_PRESETS } from "@reverie/render";

const print = (text) => process.stdout.write(`${text}\n`);
const WIDTH = 320;
const HEIGHT = 240;

const environment = await createEnvironment("manipulation/sort-by-colour");
const sheet = new Uint8Array(3 * WIDTH * 3 * HEIGHT);

["none", "mild", "strong"].forEach((visual, column) => {
  const { info } = environment.reset({ seed: 12, options: { visual } });
  const { rgb } = environment.render("overview", { width: WIDTH, height: HEIGHT });
  for (let y = 0; y < HEIGHT; y++) {
    sheet.set(rgb.subarray(3 * WIDTH * y, 3 * WIDTH * (y + 1)), 3 * WIDTH * (3 * y + column));
  }
  print(`${visual}: ${JSON.stringify(info.randomization.visual?.sensor ?? "the scene as it is described")}`);
});

// What was drawn makes the same picture again, from a file as well.
const shown = environment.render("wrist").rgb;
const drawn = JSON.parse(JSON.stringify(environment.reset({ seed: 12, options: { visual: "strong" } }).info.randomization.visual));
environment.reset({ seed: 12, options: { visual: drawn } });
print(`again, from its data: ${Buffer.compare(shown, environment.render("wrist").rgb) === 0 ? "equal bytes" : "different bytes"}`);

// Ranges of one's own: only the cameras move, twice as far as in "strong".
const { cameras } = VISUAL_PRESETS.strong;
const visual = { cameras: { ...cameras, positionMetres: 2 * cameras.positionMetres } };
const { info } = environment.reset({ seed: 12, options: { visual } });
print(`own ranges: ${Object.keys(info.randomization.visual).join(", ")}`);

mkdirSync("out", { recursive: true });
writeFileSync("out/randomised.png", encodePng({ camera: "sheet", width: 3 * WIDTH, height: HEIGHT, rgb: sheet }));
environment.close();
