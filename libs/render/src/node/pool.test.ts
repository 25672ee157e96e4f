import { InputError, PeerError, StateError } from "@reverie/core";
import type { CameraImage, SceneDescription } from "@reverie/core";
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Rasteriser } from "../rasteriser.ts";
import { SceneGraph } from "../scene-graph.ts";
import { at, box, posesOf, sampleScene } from "../testing/sample-scene.ts";
import { RenderPool } from "./pool.ts";
import type { RenderJob } from "./pool-batch.ts";

const SIZE = { width: 48, height: 32 };
const ALL = { ...SIZE, depth: true, segmentation: true, semantics: true, normals: true, flow: true, visibility: true } as const;

const scene = sampleScene();
const bytes = (channel: Uint8Array | Uint16Array | Float32Array): Uint8Array =>
  Uint8Array.from(new Uint8Array(channel.buffer, channel.byteOffset, channel.byteLength));

/** The image with plain copies of its channels: shared and unshared buffers then compare equal. */
function plain(image: CameraImage): unknown {
  return Object.fromEntries(
    Object.entries(image).map(([name, value]: [string, unknown]) => [name, ArrayBuffer.isView(value) ? bytes(value as Uint8Array) : value]),
  );
}

function jobsOf(sceneNumber: number, count: number, options: RenderJob["options"] = SIZE): RenderJob[] {
  return Array.from({ length: count }, (_, i) => ({
    scene: sceneNumber,
    camera: scene.cameras[i % scene.cameras.length]!.id,
    poses: posesOf(scene, 0.01 * i),
    options,
  }));
}

/** What one rasteriser in this thread draws for the same jobs. */
function drawHere(jobs: readonly RenderJob[], description: SceneDescription = scene): CameraImage[] {
  const rasteriser = new Rasteriser();
  return jobs.map((job) => {
    const graph = new SceneGraph(description);
    if (job.previousPoses !== undefined) graph.setPoses(job.previousPoses);
    graph.setPoses(job.poses);
    return rasteriser.render(graph, job.camera, job.options);
  });
}

/** A scene whose graph needs more memory than the small heaps below have. */
function hugeScene(): SceneDescription {
  const shapes = [{ geometry: box(0.1, 0.1, 0.1), color: [1, 0, 0] as const }];
  const bodies = Array.from({ length: 60_000 }, (_, i) => ({
    id: `body-${i}`,
    kind: "fixed" as const,
    worldFromBody: at(0, 0, 0),
    shapes,
  }));
  return { bodies, joints: [], cameras: scene.cameras };
}

describe("a render pool", () => {
  let pool: RenderPool;
  let number: number;
  beforeAll(async () => {
    pool = await RenderPool.create({ workers: 2 });
    number = await pool.addScene(scene);
  });
  afterAll(() => pool.close());

  test.each([1, 2, 3])("of %i threads draws the bytes of one rasteriser, in the order of the jobs", async (workers) => {
    const other = await RenderPool.create({ workers });
    try {
      const jobs = jobsOf(await other.addScene(scene), 10, ALL).map((job, i) =>
        i % 2 === 0 ? { ...job, previousPoses: posesOf(scene) } : job,
      );
      expect((await other.render(jobs)).map(plain)).toEqual(drawHere(jobs).map(plain));
    } finally {
      await other.close();
    }
  });

  test("gives images on shared memory, with the channels that were asked for and no others", async () => {
    const [image] = await pool.render(jobsOf(number, 1, { ...SIZE, depth: true }));
    expect(Object.keys(image!)).toEqual(["camera", "width", "height", "rgb", "depth"]);
    expect(image!.rgb.buffer).toBeInstanceOf(SharedArrayBuffer);
    expect(image!.depth!.buffer).toBe(image!.rgb.buffer);
  });

  test("takes float32 poses as they are", async () => {
    const jobs = jobsOf(number, 2).map((job) => ({ ...job, poses: Float32Array.from(job.poses) }));
    expect((await pool.render(jobs)).map(plain)).toEqual(drawHere(jobs).map(plain));
  });

  test("copies poses at once, so that their buffer may be written again", async () => {
    const jobs = jobsOf(number, 4);
    const expected = drawHere(jobs).map(plain);
    const drawn = pool.render(jobs);
    for (const { poses } of jobs) poses.fill(Number.NaN);
    expect((await drawn).map(plain)).toEqual(expected);
  });

  test("keeps the images of one batch when the next is drawn, and draws into those that are lent", async () => {
    const jobs = jobsOf(number, 3);
    const first = await pool.render(jobs.slice(0, 1));
    const kept = plain(first[0]!);
    await pool.render(jobs.slice(1, 2));
    expect(plain(first[0]!)).toEqual(kept);
    const [again] = await pool.render([{ ...jobs[2]!, options: { ...SIZE, into: first[0]! } }]);
    expect(again!.rgb).toBe(first[0]!.rgb);
    expect(plain(again!)).toEqual(plain(drawHere(jobs)[2]!));
  });

  test("draws several batches at the same time", async () => {
    const jobs = jobsOf(number, 8);
    const batches = await Promise.all(jobs.map((job) => pool.render([job])));
    expect(batches.map(([image]) => plain(image!))).toEqual(drawHere(jobs).map(plain));
  });

  test("draws nothing for no jobs", async () => {
    expect(await pool.render([])).toEqual([]);
  });

  test.each<[string, (job: RenderJob) => RenderJob, RegExp]>([
    ["an unknown scene", (job) => ({ ...job, scene: 999 }), /^jobs\[1\]\.scene: expected a scene that was added/],
    ["an unknown camera", (job) => ({ ...job, camera: "nowhere" }), /^jobs\[1\]: Unknown camera "nowhere"/],
    ["too few poses", (job) => ({ ...job, poses: new Float64Array(7) }), /^jobs\[1\]\.poses: expected \d+ bodies x 7 numbers/],
    ["an image of no width", (job) => ({ ...job, options: { width: 0 } }), /^jobs\[1\]\.options\.width: .* from 1 to 4096, got 0/],
    ["a wrong supersampling", (job) => ({ ...job, options: { supersample: 9 } }), /^jobs\[1\]\.options\.supersample: .* got 9/],
    ["poses that are no numbers", (job) => ({ ...job, poses: job.poses.slice().fill(Number.NaN) }), /^jobs\[1\]/],
    [
      "an unshared image to draw into",
      (job) => ({ ...job, options: { ...SIZE, into: drawHere([job])[0]! } }),
      /^jobs\[1\]\.options\.into: .*shared/,
    ],
  ])("names the job with %s, and draws the next batch", async (_, change, message) => {
    const jobs = jobsOf(number, 3);
    await expect(pool.render(jobs.map((job, i) => (i === 1 ? change(job) : job)))).rejects.toThrow(message);
    expect((await pool.render(jobs)).map(plain)).toEqual(drawHere(jobs).map(plain));
  });

  test("names the first of several jobs that cannot be drawn", async () => {
    const jobs = jobsOf(number, 12, { ...SIZE, supersample: 0 });
    for (let round = 0; round < 5; round++) await expect(pool.render(jobs)).rejects.toThrow(/^jobs\[0\]\.options\.supersample/);
  });

  test("refuses one image lent to two jobs", async () => {
    const [into] = await pool.render(jobsOf(number, 1));
    await expect(pool.render(jobsOf(number, 2, { ...SIZE, into: into! }))).rejects.toThrow(/^jobs\[1\]\.options\.into: lends its "rgb"/);
  });

  test("rejects with the reason of an aborted signal, before and while it draws, and goes on", async () => {
    const gone = new StateError("Enough.");
    await expect(pool.render(jobsOf(number, 2), { signal: AbortSignal.abort(gone) })).rejects.toBe(gone);
    const stopping = new AbortController();
    const drawn = pool.render(jobsOf(number, 40, { width: 256, height: 256 }), { signal: stopping.signal });
    stopping.abort(gone);
    await expect(drawn).rejects.toBe(gone);
    expect(await pool.render(jobsOf(number, 2))).toHaveLength(2);
  });

  test("draws what was asked for before its scene was removed, and refuses it later", async () => {
    const short = await pool.addScene(scene);
    const jobs = jobsOf(short, 4);
    const drawn = pool.render(jobs);
    pool.removeScene(short);
    expect((await drawn).map(plain)).toEqual(drawHere(jobs).map(plain));
    await expect(pool.render(jobs)).rejects.toThrow(InputError);
    expect(() => pool.removeScene(short)).toThrow(InputError);
  });

  test("refuses a scene whose camera is carried by nobody, with the graph's own words", async () => {
    const cameras = [{ ...scene.cameras[0]!, body: "ghost" }];
    await expect(pool.addScene({ ...scene, cameras })).rejects.toThrow(/Unknown body "ghost"/);
    expect(await pool.render(jobsOf(number, 1))).toHaveLength(1);
  });
});

describe("a thread that ends", () => {
  test("while it builds a scene fails that scene and is replaced", { timeout: 60_000 }, async () => {
    const pool = await RenderPool.create({ workers: 2, heapMegabytes: 24 });
    try {
      const number = await pool.addScene(scene);
      await expect(pool.addScene(hugeScene())).rejects.toThrow(PeerError);
      const jobs = jobsOf(number, 6);
      expect((await pool.render(jobs)).map(plain)).toEqual(drawHere(jobs).map(plain));
    } finally {
      await pool.close();
    }
  });
});

const built = (path: string): string => JSON.stringify(new URL(`../../dist/${path}`, import.meta.url).href);

/** Runs a module beside a preloaded one that ends a thread with code 7 when it draws the camera "fatal". Resolves with what it prints. */
async function runWithFault(program: string): Promise<unknown> {
  const folder = await mkdtemp(join(tmpdir(), "reverie-pool-"));
  try {
    const fault = join(folder, "fault.mjs");
    await writeFile(
      fault,
      `import { isMainThread } from "node:worker_threads";
       import { Rasteriser } from ${built("index.js")};
       const { render } = Rasteriser.prototype;
       if (!isMainThread) Rasteriser.prototype.render = function (graph, camera, options) {
         if (camera === "fatal") process.exit(7);
         return render.call(this, graph, camera, options);
       };`,
    );
    const main = join(folder, "main.mjs");
    await writeFile(main, `import { RenderPool } from ${built("node/index.js")};\nconst scene = ${JSON.stringify(scene)};\n${program}`);
    const { stdout } = await promisify(execFile)(process.execPath, ["--import", pathToFileURL(fault).href, main]);
    return JSON.parse(stdout);
  } finally {
    await rm(folder, { recursive: true });
  }
}

test.each([1, 2])(
  "a thread of %i that ends while it draws fails that job alone by name, and is replaced",
  { timeout: 60_000 },
  async (workers) => {
    const told = await runWithFault(`
    const pool = await RenderPool.create({ workers: ${workers} });
    const fatal = { ...scene.cameras[0], id: "fatal" };
    const number = await pool.addScene({ ...scene, cameras: [...scene.cameras, fatal] });
    const poses = Float64Array.from(scene.bodies.flatMap(({ worldFromBody: { position: p, orientation: q } }) => [p.x, p.y, p.z, q.x, q.y, q.z, q.w]));
    const job = (camera) => ({ scene: number, poses, camera, options: { width: 32, height: 32 } });
    const good = Array.from({ length: 6 }, () => job(scene.cameras[0].id));
    const said = [];
    for (let round = 0; round < 3; round++) {
      await pool.render([...good, job("fatal"), ...good]).catch((error) => said.push(error.code + " " + error.message.replace(/^render thread \\d/, "")));
    }
    const images = await pool.render(good);
    console.log(JSON.stringify({ said, images: images.length, lit: images.every(({ rgb }) => rgb.some((value) => value > 0)) }));
    await pool.close();`);
    const message = "peer : ended while it drew jobs[6] (exit code 7).";
    expect(told).toEqual({ said: [message, message, message], images: 6, lit: true });
  },
);

test("an idle pool does not keep its process alive", { timeout: 60_000 }, async () => {
  const told = await runWithFault(`
    const pool = await RenderPool.create({ workers: 2 });
    await pool.addScene(scene);
    console.log(JSON.stringify(pool.workers));`);
  expect(told).toBe(2);
});

describe("a closed pool", () => {
  test("fails what is under way and all later calls with a StateError", async () => {
    const pool = await RenderPool.create({ workers: 1 });
    const number = await pool.addScene(scene);
    const drawn = pool.render(jobsOf(number, 20));
    const failed = expect(drawn).rejects.toThrow(StateError);
    await pool.close();
    await failed;
    await expect(pool.render(jobsOf(number, 1))).rejects.toThrow(/after close\(\)/);
    await expect(pool.addScene(scene)).rejects.toThrow(StateError);
    await pool.close();
  });
});

test.each([0, 1.5, 257])("a pool of %d workers is refused", async (workers) => {
  await expect(RenderPool.create({ workers })).rejects.toThrow(/^workers: expected a whole number from 1 to 256/);
});
