import { Rasteriser, SceneGraph } from "@reverie/render";
import { RenderPool } from "@reverie/render/node";
import { fork, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { recordCameraFrames } from "../camera-scene.mjs";
import { measureInTurns } from "../measure.mjs";

const PINNABLE = spawnSync("taskset", ["--version"]).status === 0;
/** Where Chromium keeps a Vulkan driver that computes on the CPU. */
const CHROMIUM_LIBRARIES = ["/usr/lib/chromium", "/opt/google/chrome"];
/** Texels of the shadow map that the rasteriser takes at this size; the peers get the same. */
const SHADOW_TEXELS = 192;
const TURNS = 7;
/** Frames of one batch for the pool. */
const BATCH = 32;
const NOTE = "scene of stack-cubes with ten things and the seven-joint arm, lit, with shadows, every frame with new poses";

function createOurs({ scene, camera, frames }, options) {
  const graph = new SceneGraph(scene);
  const rasteriser = new Rasteriser();
  let next = 0;
  return () => {
    graph.setPoses(frames[next++ % frames.length]);
    rasteriser.render(graph, camera, options);
  };
}

function timed(work) {
  return async (count) => {
    const start = performance.now();
    for (let i = 0; i < count; i++) await work();
    return performance.now() - start;
  };
}

/** Starts a peer's process on the scene. @returns {Promise<{ missing: string } | { adapter: string, run: Function, stop: Function }>} */
async function startPeer(file, job, { environment = {}, oneCore }) {
  const path = fileURLToPath(new URL(`../peers/${file}.mjs`, import.meta.url));
  const pinned = oneCore ? { execPath: "taskset", execArgv: ["--cpu-list", "0", process.execPath] } : {};
  const child = fork(path, { ...pinned, env: { ...process.env, ...environment }, stdio: ["ignore", "ignore", "ignore", "ipc"] });
  const ask = (message) =>
    new Promise((resolve, reject) => {
      const ended = (code) => reject(new Error(`${file} ended with code ${code}.`));
      child.once("exit", ended);
      child.once("message", (answer) => {
        child.off("exit", ended);
        resolve(answer);
      });
      child.send(message);
    });
  const { adapter, missing } = await ask(job);
  if (missing !== undefined) return { missing };
  const stop = () =>
    new Promise((resolve) => {
      child.once("exit", resolve);
      child.send({ run: 0 });
    });
  return { adapter, run: async (count) => (await ask({ run: count })).milliseconds, stop };
}

/** With the machine's own drivers, else with the software driver that comes with Chromium. */
async function startWebGpu(job, options) {
  const started = await startPeer("webgpu-camera", job, options);
  const library = CHROMIUM_LIBRARIES.find((folder) => existsSync(`${folder}/libvk_swiftshader.so`));
  if (started.missing === undefined || library === undefined) return started;
  const environment = { LD_LIBRARY_PATH: library, VK_DRIVER_FILES: `${library}/vk_swiftshader_icd.json` };
  return startPeer("webgpu-camera", job, { ...options, environment });
}

/** Frames per second of each contender, in turns within one run: medians. */
async function framesPerSecond(contenders, seconds) {
  const counts = {};
  for (const [name, run] of Object.entries(contenders)) {
    await run(10);
    counts[name] = Math.max(2, Math.round((20 * ((seconds * 1000) / TURNS)) / (await run(20))));
  }
  const rates = Object.fromEntries(Object.keys(contenders).map((name) => [name, []]));
  for (let turn = 0; turn < TURNS; turn++) {
    for (const [name, run] of Object.entries(contenders)) rates[name].push((counts[name] * 1000) / (await run(counts[name])));
  }
  return Object.fromEntries(Object.entries(rates).map(([name, list]) => [name, list.sort((a, b) => a - b)[TURNS >> 1]]));
}

function row(name, unit, ours, peers, note) {
  return { name, unit, ours, peers, ratio: Object.fromEntries(Object.entries(peers).map(([peer, rate]) => [peer, ours / rate])), note };
}

async function alone(name, options, what, seconds) {
  const { frames } = measureInTurns({ frames: createOurs(await recordCameraFrames(), options) }, seconds);
  return row(name, "frames/s", frames, {}, `${what} on the CPU, one thread; ${NOTE}`);
}

/** Pictures per second: ours on the CPU beside three's renderers, and several channels, a larger size and several threads. */
export const suites = {
  "camera-peers": async (seconds) => {
    const size = 128;
    const recorded = await recordCameraFrames();
    const job = { ...recorded, frames: recorded.frames.map((frame) => [...frame]), size, shadowTexels: SHADOW_TEXELS };
    const contenders = { ours: timed(createOurs(recorded, { width: size, height: size })) };
    const stops = [];
    const notes = new Set();
    const enter = (name, peer) => {
      if (peer.missing !== undefined) return notes.add(`${name}: ${peer.missing}`);
      contenders[name] = peer.run;
      stops.push(peer.stop);
      return notes.add(`${name.split(",")[0]} on ${peer.adapter}`);
    };
    // Software drivers spread a frame over all cores; on one core the comparison is with one thread of ours.
    for (const [cores, oneCore] of PINNABLE
      ? [
          ["one core", true],
          ["all cores", false],
        ]
      : [["all cores", false]]) {
      enter(`three WebGL, ${cores}`, await startPeer("webgl-camera", job, { oneCore }));
      enter(`three WebGPU, ${cores}`, await startWebGpu(job, { oneCore }));
    }
    try {
      const { ours, ...peers } = await framesPerSecond(contenders, seconds);
      return row("camera-peers", "frames/s, one thread", ours, peers, `${size}x${size} RGB; ${[NOTE, ...notes].join("; ")}`);
    } finally {
      for (const stop of stops) await stop();
    }
  },
  "camera-channels": (seconds) =>
    alone("camera-channels", { width: 128, height: 128, depth: true, segmentation: true }, "128x128 RGB, depth and segmentation", seconds),
  "camera-224": (seconds) => alone("camera-224", { width: 224, height: 224 }, "224x224 RGB", seconds),
  "camera-pool": async (seconds) => {
    const { scene, camera, frames } = await recordCameraFrames();
    const pools = await Promise.all([1, 2].map((workers) => RenderPool.create({ workers })));
    const runs = await Promise.all(
      pools.map(async (pool) => {
        const number = await pool.addScene(scene);
        let next = 0;
        const job = () => ({ scene: number, camera, poses: frames[next++ % frames.length], options: { width: 128, height: 128 } });
        return timed(() => pool.render(Array.from({ length: BATCH }, job)));
      }),
    );
    try {
      const { one, two } = await framesPerSecond({ one: runs[0], two: runs[1] }, seconds);
      return row(
        "camera-pool",
        "frames/s with two threads",
        BATCH * two,
        { "one thread": BATCH * one },
        `128x128 RGB in batches of ${BATCH}; ${NOTE}`,
      );
    } finally {
      for (const pool of pools) await pool.close();
    }
  },
};
