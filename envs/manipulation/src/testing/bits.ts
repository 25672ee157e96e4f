import { sha256Hex } from "@reverie/core";
import { createEnvironment } from "../index.ts";
import { runPlan } from "./run-plan.ts";

// Runs in Node and in a browser: a whole episode there.

/** Success of a stack-cubes reference episode, and SHA-256 of its pixels at the start and its state at the end. */
export async function episodeDigest(seed: number): Promise<{ success: boolean; pixels: string; state: string }> {
  const env = await createEnvironment("manipulation/stack-cubes");
  env.reset({ seed });
  const pixels = sha256Hex(env.render("wrist", { width: 96, height: 72 }).rgb);
  const { success } = runPlan(env, env.assignment.references[0] ?? []);
  const state = sha256Hex(env.snapshot());
  env.close();
  return { success, pixels, state };
}

/** SHA-256 of what was drawn for the look of an episode, and of colour and depth of its cameras with all sensor noise. */
export async function visualDigest(seed: number): Promise<readonly string[]> {
  const env = await createEnvironment("manipulation/cube-in-drawer");
  const { info } = env.reset({ seed, options: { visual: "strong" } });
  const images = env.scene.cameras.map(({ id }) => env.render(id, { width: 96, height: 72, depth: true }));
  env.close();
  const drawn = new TextEncoder().encode(JSON.stringify(info.randomization["visual"]));
  return [drawn, ...images.flatMap(({ rgb, depth }) => [rgb, new Uint8Array(depth!.buffer)])].map(sha256Hex);
}
