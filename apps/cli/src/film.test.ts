import { sha256Hex, type CameraImage } from "@reverie/core";
import { createEnvironment } from "@reverie/manipulation";
import { decodeImage } from "@reverie/render/node";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { FilmMaker, FilmReel } from "./film.ts";
import { reverie, RunningReverie } from "./testing/reverie.ts";

const TIMEOUT = { timeout: 120_000 };
const SMALL = ["--video-size", "64x48"];

let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "reverie-film-"));
  await reverie(["--help"]);
}, 180_000);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

const read = (name: string): Uint8Array => new Uint8Array(readFileSync(join(folder, name)));

/** Milliseconds of each frame of an animated WebP file: its ANMF chunks (WebP container specification, "Animation"). */
function frameTimes(file: Uint8Array): number[] {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const times: number[] = [];
  for (let at = 12; at + 8 <= file.length;) {
    const name = String.fromCharCode(...file.subarray(at, at + 4));
    const size = view.getUint32(at + 4, true);
    if (name === "ANMF") times.push(view.getUint32(at + 8 + 12, true) & 0xffffff);
    at += 8 + size + (size % 2);
  }
  return times;
}

function meanDifference(a: CameraImage["rgb"], b: CameraImage["rgb"]): number {
  return a.reduce((sum, value, i) => sum + Math.abs(value - b[i]!), 0) / a.length;
}

describe("run --video", () => {
  test("writes one film of the whole episode that plays in real time, and the same bytes again", TIMEOUT, async () => {
    const args = ["run", "manipulation/pick-cube", "--seed", "3", "--json", ...SMALL];
    const { code, stdout, stderr } = await reverie([...args, "--video", join(folder, "one.webp")]);
    expect(code, stderr).toBe(0);
    expect(stderr).toContain(`Wrote ${join(folder, "one.webp")}`);
    const { episodes } = JSON.parse(stdout) as { episodes: { simSteps: number; stateHash: string }[] };
    const seconds = episodes[0]!.simSteps / 20;
    const played = frameTimes(read("one.webp")).reduce((sum, each) => sum + each, 0) / 1000;
    // One frame for the state before the first step; the last one stands for a second.
    expect(played).toBeCloseTo(seconds + 1, 5);
    const again = await reverie([...args, "--video", join(folder, "two.webp")]);
    expect(again.code).toBe(0);
    expect(sha256Hex(read("two.webp"))).toBe(sha256Hex(read("one.webp")));
    // Filming changes nothing in the episode.
    const unfilmed = JSON.parse((await reverie(["run", "manipulation/pick-cube", "--seed", "3", "--json"])).stdout) as typeof JSON;
    expect(unfilmed).toMatchObject({ episodes: [{ stateHash: episodes[0]!.stateHash }] });
  });

  test("begins with what the chosen camera sees", TIMEOUT, async () => {
    const path = join(folder, "side.webp");
    await reverie(["run", "manipulation/pick-cube", "--seed", "3", "--video", path, "--video-camera", "side", ...SMALL]);
    const environment = await createEnvironment("manipulation/pick-cube");
    environment.reset({ seed: 3 });
    const first = await decodeImage(read("side.webp"));
    const [side, overview] = ["side", "overview"].map((camera) =>
      meanDifference(first.rgb, environment.render(camera, { width: 64, height: 48 }).rgb),
    );
    expect(side).toBeLessThan(0.5 * overview!);
    environment.close();
  });

  test("numbers the films of several episodes by their place in the run, across runs that go on", TIMEOUT, async () => {
    const run = async (episodes: string): Promise<unknown> => {
      const films = ["--video", join(folder, "many.gif"), "--record", join(folder, "record"), ...SMALL];
      return reverie(["run", "manipulation/pick-cube", "--episodes", episodes, ...films]);
    };
    await run("2");
    expect(readdirSync(folder).filter((name) => name.startsWith("many"))).toEqual(["many-0001.gif", "many-0002.gif"]);
    rmSync(join(folder, "many-0001.gif"));
    await run("3");
    expect(readdirSync(folder).filter((name) => name.startsWith("many"))).toEqual(["many-0002.gif", "many-0003.gif"]);
    expect(String.fromCharCode(...read("many-0003.gif").subarray(0, 6))).toBe("GIF89a");
  });

  test("films an episode of a running server, in real time", TIMEOUT, async () => {
    const running = new RunningReverie(["up", "manipulation/pick-cube", "--port", "0", "--no-open"]);
    try {
      const url = /http:\S+/.exec(await running.line(/Reverie is up/))?.[0] ?? "";
      const there = ["--planner", "socket", "--server", url, "--seed", "3", "--json"];
      const { code, stdout, stderr } = await reverie([
        "run",
        "manipulation/pick-cube",
        ...there,
        "--video",
        join(folder, "there.webp"),
        ...SMALL,
      ]);
      expect(code, stderr).toBe(0);
      const { episodes } = JSON.parse(stdout) as { episodes: { simSteps: number }[] };
      const played = frameTimes(read("there.webp")).reduce((sum, each) => sum + each, 0) / 1000;
      // The very last poses may not have been sent when the episode's end was.
      expect(Math.abs(played - 1 - episodes[0]!.simSteps / 20)).toBeLessThan(0.5);
    } finally {
      await running.interrupt();
    }
  });

  test("keeps what it has on Ctrl-C", TIMEOUT, async () => {
    const path = join(folder, "cut.webp");
    const running = new RunningReverie(["run", "manipulation/sort-by-colour", "--episodes", "50", "--video", path, ...SMALL]);
    await running.line(/Wrote .*cut-0001\.webp/);
    expect(await running.interrupt()).toBe(1);
    const films = readdirSync(folder).filter((name) => name.includes("cut"));
    expect(films).toContain("cut-0001.webp");
    for (const name of films) expect(frameTimes(read(name)).length).toBeGreaterThan(20);
  });

  test("refuses a folder that cannot be written before anything runs", TIMEOUT, async () => {
    writeFileSync(join(folder, "file"), "");
    const { code, stdout, stderr } = await reverie(["run", "manipulation/pick-cube", "--video", join(folder, "file", "a.webp")]);
    expect({ code, stdout }).toEqual({ code: 3, stdout: "" });
    expect(stderr).toMatch(/file: cannot be written/);
  });
});

describe("a film reel", () => {
  test("shows a step that was never told of as the one before, and forgets none that came twice", async () => {
    const environment = await createEnvironment("manipulation/pick-cube");
    environment.reset({ seed: 1 });
    const reel = new FilmReel(environment.scene);
    for (const [step, value] of [
      [0, 0],
      [1, 1],
      [4, 4],
      [4, 9],
      [2, 9],
    ] as const)
      reel.add(step, new Float32Array(7).fill(value));
    expect(reel.poses.map(([x]) => x)).toEqual([0, 1, 1, 1, 4]);
    environment.close();
  });

  test("nothing is prepared when no film is asked for", async () => {
    expect(await FilmMaker.prepare({ id: "manipulation/pick-cube", seed: 0, episodes: 1 })).toBeUndefined();
  });
});
