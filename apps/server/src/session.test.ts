import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { get } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { InputError, UnknownIdError } from "@reverie/core";
import type { CameraFrame, PoseFrame } from "@reverie/wire";
import { afterEach, describe, expect, test } from "vitest";
import { startServer } from "./start-server.ts";
import { eventually, Stage, TASK } from "./test-support.ts";

const stage = new Stage();

function statusFor(path: string, headers: Record<string, string>): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const asked = get(`${stage.server.url}${path}`, { headers }, (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    asked.on("error", reject);
  });
}

afterEach(() => stage.closeAll());

describe("the whole loop over sockets", () => {
  test("ends with success, recorded, and with the same bits every time", async () => {
    const folder = mkdtempSync(join(tmpdir(), "reverie-server-"));
    await stage.serve({ recordDirectory: folder });
    await stage.goodPlanner();
    const viewer = await stage.watch();
    await viewer.connection.request("session.speed", { speed: 50 });
    const hashes: string[] = [];
    for (let run = 0; run < 2; run++) {
      const { episode: number } = await viewer.connection.request("session.start", { task: TASK, seed: 3 });
      const episode = await viewer.finished();
      expect(episode).toMatchObject({ task: TASK, seed: 3, planner: "symbolic", privileged: true, success: true, progress: 1, replans: 0 });
      expect(episode.failure).toBeUndefined();
      expect(episode.reward!.value).toBe(1);
      expect(episode.steps.map(({ status }) => status)).not.toContain("failed");
      const state = await viewer.until(["finished"], number - 1);
      expect(state).toMatchObject({ success: true, paused: false, planner: { name: "symbolic", privileged: true, connected: true } });
      expect(state.steps[0]).toMatchObject({
        status: "done",
        text: expect.stringMatching(/^\w+\(\w+/) as unknown,
        monitor: { complete: true, truth: true },
      });
      expect(state.goal.every(({ holds }) => holds)).toBe(true);
      hashes.push(episode.stateHash);
    }
    expect(hashes[0]).toBe(hashes[1]);
    const lines = readFileSync(join(folder, "episodes.jsonl"), "utf8").trimEnd().split("\n");
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual(viewer.episodes);
    expect(stage.server.episodes).toEqual(viewer.episodes);
    rmSync(folder, { recursive: true });
  });

  test("goes through its phases in order and shows the plan before the first step", async () => {
    await stage.serve();
    await stage.goodPlanner();
    const viewer = await stage.watch();
    await viewer.connection.request("session.speed", { speed: 50 });
    await viewer.connection.request("session.start", {});
    await viewer.finished();
    await viewer.until(["finished"]);
    const phases = viewer.states.map(({ phase }) => phase).filter((phase, i, all) => phase !== all[i - 1]);
    expect(phases.slice(0, 3)).toEqual(["idle", "planning", "running"]);
    expect(phases).toContain("monitoring");
    expect(phases.at(-1)).toBe("finished");
    const planned = viewer.states.find(({ planText }) => planText !== undefined)!;
    expect(planned.steps.every(({ status }) => status === "pending" || status === "running")).toBe(true);
    expect(viewer.states.every((state, i, all) => i === 0 || state.stepCount >= all[i - 1]!.stepCount)).toBe(true);
  });

  test.skipIf(!existsSync("/dev/full"))("goes on when the disk is full, and says so", async () => {
    const folder = mkdtempSync(join(tmpdir(), "reverie-server-"));
    symlinkSync("/dev/full", join(folder, "episodes.jsonl"));
    await stage.serve({ recordDirectory: folder });
    await stage.goodPlanner();
    const viewer = await stage.watch();
    await viewer.connection.request("session.speed", { speed: 50 });
    for (let run = 1; run <= 2; run++) {
      await viewer.connection.request("session.start", {});
      const { failure } = await viewer.until(["failed"], run);
      expect(failure!.message).toMatch(/episodes\.jsonl: cannot be written: ENOSPC/);
      expect(viewer.episodes.at(-1)!.success).toBe(true);
    }
    rmSync(folder, { recursive: true });
  });

  test("takes typed words for what they mean", async () => {
    await stage.serve();
    await stage.goodPlanner();
    const viewer = await stage.watch();
    const { objects } = viewer.scenes[0]!;
    const [first, second] = objects.filter(({ types }) => types.includes("graspable"));
    const instruction = `put the ${second!.description} on the ${first!.description}`;
    await viewer.connection.request("session.speed", { speed: 50 });
    await viewer.connection.request("session.start", { instruction });
    const episode = await viewer.finished();
    expect(episode).toMatchObject({ instruction, success: true });
    await expect(viewer.connection.request("session.start", { instruction: "sing me a song" })).rejects.toThrow(InputError);
    await expect(viewer.connection.request("session.start", { instruction: "sing me a song" })).rejects.toMatchObject({
      path: "instruction",
    });
  });
});

describe("steering", () => {
  test("an unknown task is refused with a suggestion and leaves the running episode alone", async () => {
    await stage.serve();
    await stage.goodPlanner();
    const viewer = await stage.watch();
    await viewer.connection.request("session.start", {});
    const { episode } = await viewer.until(["running"]);
    await expect(viewer.connection.request("session.start", { task: "manipulation/stack-cube" })).rejects.toThrow(
      /did you mean "manipulation\/stack-cubes"\?/,
    );
    expect(viewer.state).toMatchObject({ episode, phase: "running" });
    const { tasks } = await viewer.connection.request("tasks.list", {});
    expect(tasks.map(({ id }) => id)).toContain(TASK);
  });

  test("words that nobody understands or no plan fulfils leave the running episode alone, and the reason is said once", async () => {
    await stage.serve();
    await stage.goodPlanner();
    const viewer = await stage.watch();
    await viewer.connection.request("session.start", {});
    const { episode } = await viewer.until(["running"]);
    const refusal = async (instruction: string): Promise<string> =>
      viewer.connection.request("session.start", { instruction }).then(
        () => "taken",
        (error: unknown) => (error instanceof InputError ? error.message : "another error"),
      );
    expect(await refusal("sing me a song")).toMatch(/^instruction: (?!instruction|goal)/);
    expect(await refusal("put the red cube on the blue cube and the blue cube on the red cube")).toMatch(
      /^instruction: (?!instruction|goal)/,
    );
    expect(viewer.state).toMatchObject({ episode, phase: "running" });
    expect(viewer.episodes).toEqual([]);
    expect(viewer.scenes.at(-1)!.episode).toBe(episode);
  });

  test("pause holds the world, play lets it go on, stop ends the episode", async () => {
    await stage.serve();
    await stage.goodPlanner();
    const viewer = await stage.watch();
    await viewer.connection.request("session.control", { action: "play" });
    await viewer.until(["running"]);
    await eventually(() => viewer.state.stepCount > 3, "some control steps");
    await viewer.connection.request("session.control", { action: "pause" });
    // The step under way may still end, and its count comes with a later state.
    let held = viewer.state;
    for (let before = -1; !held.paused || held.stepCount !== before; held = viewer.state) {
      before = held.stepCount;
      await new Promise((resolve) => setTimeout(resolve, 300));
    }
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(viewer.state.stepCount).toBe(held.stepCount);
    await viewer.connection.request("session.control", { action: "play" });
    await eventually(() => viewer.state.stepCount > held.stepCount, "more control steps");
    await viewer.connection.request("session.control", { action: "stop" });
    const { failure, steps } = await viewer.until(["failed"]);
    expect(failure).toEqual({ code: "stopped", message: "The episode was stopped by a viewer." });
    expect(steps.map(({ status }) => status)).not.toContain("running");
  });

  test("step runs one plan step and holds; reset starts over, held", async () => {
    await stage.serve();
    await stage.goodPlanner();
    const viewer = await stage.watch();
    const first = viewer.state;
    await viewer.connection.request("session.speed", { speed: 50 });
    await viewer.connection.request("session.control", { action: "step" });
    await eventually(() => viewer.state.paused && viewer.state.steps[0]?.status === "done", "the first step to be done");
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(viewer.state.steps.slice(1).map(({ status }) => status)).toEqual(viewer.state.steps.slice(1).map(() => "pending"));
    await viewer.connection.request("session.control", { action: "reset" });
    const again = await viewer.until(["idle"], first.episode);
    expect({ ...again, episode: first.episode, planner: 0, speed: 0 }).toEqual({ ...first, planner: 0, speed: 0 });
    expect(viewer.episodes.at(-1)!.failure!.code).toBe("stopped");
  });

  test("a start while an episode runs ends that one cleanly first", async () => {
    await stage.serve();
    await stage.goodPlanner();
    const viewer = await stage.watch();
    await viewer.connection.request("session.start", { seed: 1 });
    await viewer.until(["running"]);
    const [second, third] = await Promise.all([
      viewer.connection.request("session.start", { seed: 2 }),
      viewer.connection.request("session.start", { seed: 3 }),
    ]);
    expect(third.episode).toBe(second.episode + 1);
    await viewer.until(["running"], second.episode);
    expect(viewer.episodes.map(({ seed, failure }) => [seed, failure?.code])).toEqual([
      [1, "stopped"],
      [2, "stopped"],
    ]);
    expect(viewer.numbers).toEqual([second.episode - 1, second.episode]);
  });
});

describe("viewers", () => {
  test("get the scene before any frame of its episode, and as newcomers too", async () => {
    await stage.serve();
    await stage.goodPlanner();
    const connection = stage.viewer();
    const seen: string[] = [];
    let scene = -1;
    connection.on("session.scene", ({ episode }) => (scene = episode));
    connection.on("frame.poses", ({ episode }, acknowledge) => {
      seen.push(`poses ${episode === scene}`);
      acknowledge();
    });
    connection.on("frame.camera", ({ episode }, acknowledge) => {
      seen.push(`camera ${episode === scene}`);
      acknowledge();
    });
    await eventually(() => seen.some((what) => what.startsWith("camera")) && seen.some((what) => what.startsWith("poses")), "first frames");
    await connection.request("session.start", { seed: 5 });
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(new Set(seen)).toEqual(new Set(["poses true", "camera true"]));
  });

  test("see every body and the chosen camera, and none when they chose none", async () => {
    await stage.serve();
    const connection = stage.viewer();
    const poses: PoseFrame[] = [];
    const pictures: CameraFrame[] = [];
    let bodies = 0;
    let cameras: readonly string[] = [];
    connection.on("session.scene", (scene) => {
      bodies = scene.scene.bodies.length;
      cameras = scene.cameras;
    });
    connection.on("frame.poses", (frame, acknowledge) => {
      poses.push(frame);
      acknowledge();
    });
    connection.on("frame.camera", (frame, acknowledge) => {
      pictures.push(frame);
      acknowledge();
    });
    await eventually(() => poses.length > 0 && pictures.length > 0, "first frames");
    expect(poses[0]!.poses.byteLength).toBe(bodies * 7 * 4);
    expect(pictures[0]!.camera).toBe(cameras[0]);
    const { width, height, rgb } = pictures[0]!;
    expect(rgb.byteLength).toBe(width * height * 3);
    const other = cameras.at(-1)!;
    await connection.request("camera.select", { camera: other });
    await eventually(() => pictures.at(-1)!.camera === other, "the other camera");
    await connection.request("camera.select", { camera: null });
    const count = pictures.length;
    await connection.request("session.control", { action: "reset" });
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(pictures).toHaveLength(count);
    await expect(connection.request("camera.select", { camera: "moon" })).rejects.toThrow(/Unknown camera "moon"/);
  });

  test("that are slow get the newest frame and skip the rest", async () => {
    await stage.serve();
    await stage.goodPlanner();
    const slow = stage.viewer();
    const steps: number[] = [];
    slow.on("frame.poses", ({ step }, acknowledge) => {
      steps.push(step);
      setTimeout(acknowledge, 400);
    });
    const quick = await stage.watch();
    await quick.connection.request("session.speed", { speed: 10 });
    await quick.connection.request("session.start", {});
    const { simSteps } = await quick.finished();
    await eventually(() => steps.at(-1) === simSteps, "the slow viewer to see the last step");
    expect(steps.length).toBeLessThan(simSteps / 4);
    const moving = steps.slice(steps.lastIndexOf(0));
    expect(moving).toEqual([...moving].sort((a, b) => a - b));
  });

  test("may vanish at any moment", async () => {
    await stage.serve();
    await stage.goodPlanner();
    const leaver = await stage.watch();
    await leaver.connection.request("session.speed", { speed: 50 });
    await leaver.connection.request("session.start", {});
    leaver.connection.close();
    await eventually(() => stage.server.episodes.length === 1, "the episode to finish unwatched");
    expect(stage.server.episodes[0]!.success).toBe(true);
    expect(stage.log.join("\n")).not.toContain("failed");
  });

  test("that send what fits no schema are told the field", async () => {
    await stage.serve();
    const { connection } = await stage.watch();
    for (const [payload, path] of [
      [{ seed: -1 }, "seed"],
      [{ task: 7 }, "task"],
      [{ instruction: "x".repeat(501) }, "instruction"],
      [JSON.parse('{"__proto__": {"seed": 1}}'), "__proto__"],
    ] as const) {
      await expect(connection.request("session.start", payload as object)).rejects.toMatchObject({ code: "invalid-input", path });
    }
    await expect(connection.request("session.control", { action: "explode" as "play" })).rejects.toMatchObject({ path: "action" });
  });
});

describe("startServer", () => {
  test("serves health and says when no studio is built", async () => {
    const { url } = await stage.serve();
    const health = (await (await fetch(`${url}/healthz`)).json()) as object;
    expect(health).toMatchObject({ ok: true, task: TASK, phase: "idle", planners: 0, viewers: 0, environments: 0 });
    expect((await fetch(url)).status).toBe(404);
  });

  test("answers to its own name only, unless a token guards it", async () => {
    await stage.serve();
    for (const path of ["/", "/healthz", "/index.html"]) {
      expect(await statusFor(path, { host: "evil.example" })).toBe(403);
      expect(await statusFor(path, { origin: "http://evil.example" })).toBe(403);
    }
    expect(await statusFor("/healthz", { host: "localhost:80" })).toBe(200);
    await stage.closeAll();
    await stage.serve({ token: "open sesame" });
    expect(await statusFor("/healthz", { host: "robot.lab.example" })).toBe(200);
  });

  test("refuses an open host without a token, an unknown task, and a port that is taken", async () => {
    await stage.serve();
    await expect(startServer({ host: "0.0.0.0", port: 0 })).rejects.toThrow("token: is required when the server listens on 0.0.0.0");
    await expect(startServer({ port: 0, task: "manipulation/juggle" })).rejects.toThrow(UnknownIdError);
    const port = Number(new URL(stage.server.url).port);
    await expect(startServer({ port })).rejects.toThrow(`127.0.0.1:${port}: is in use already; choose another port.`);
  });

  test("lets only those in who know the token", async () => {
    await stage.serve({ token: "open sesame" });
    await expect(stage.viewer("open says me").whenConnected()).rejects.toThrow("the token is wrong");
    await stage.viewer("open sesame").whenConnected();
    expect(stage.log.join("\n")).not.toContain("sesame");
  });

  test("begins by itself when told to", async () => {
    await stage.serve({ autoStart: true, plannerWaitMs: 10_000 });
    await stage.goodPlanner();
    const viewer = await stage.watch();
    await viewer.until(["running"]);
  });

  test("closes while an episode runs, twice if need be", async () => {
    const server = await stage.serve();
    await stage.goodPlanner();
    const viewer = await stage.watch();
    await viewer.connection.request("session.start", {});
    await viewer.until(["running"]);
    await Promise.all([server.close(), server.close()]);
    expect(server.episodes.at(-1)!.failure!.code).toBe("stopped");
  });
});
