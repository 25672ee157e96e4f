// A world in this process: reset, look, act, save, go back. `node docs/examples/world.mjs`

import { mkdirSync, writeFileSync } from "node:fs";
import { sha256Hex } from "@reverie/core";
import { createEnvironment } from "@reverie/manipulation";
import { encodePng } from "@reverie/render";

const print = (text) => process.stdout.write(`${text}\n`);

const environment = await createEnvironment("manipulation/stack-cubes");
const { observation } = environment.reset({ seed: 7 });
print(`instruction: ${observation.instruction}`);
print(`proprioception: ${observation.proprioception.length} numbers`);

// Colour, depth and segmentation of one camera; colour as a file.
const image = environment.render("overview", { width: 640, height: 480, depth: true, segmentation: true });
mkdirSync("out", { recursive: true });
writeFileSync("out/overview.png", encodePng(image));

// One control step (1/20 s): seven joint targets in radians and the gripper's opening in metres.
const action = new Float32Array([...observation.proprioception.subarray(0, 7), 0.04]);
const { reward, terminated, truncated, info } = environment.step(action);
print(`reward ${reward}, terminated ${terminated}, truncated ${truncated}, progress ${info.progress}`);

// The same future twice: from here, and again from a snapshot of here.
const start = environment.snapshot();
const [pick] = environment.assignment.references[0];
function runPick() {
  const run = environment.execute(pick);
  let tick = run.next();
  while (!tick.done) tick = run.next();
  return `${tick.value.status}, state ${sha256Hex(environment.snapshot()).slice(0, 12)}`;
}
print(`first time:  ${runPick()}`);
environment.restore(start);
print(`second time: ${runPick()}`);
environment.close();
