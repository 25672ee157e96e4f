import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Episode } from "@reverie/core";
import type { WireImage } from "@reverie/wire";
import { afterEach, describe, expect, test } from "vitest";
import { eventually, Stage, type Watcher } from "./test-support.ts";

const stage = new Stage();
afterEach(() => stage.closeAll());

const USAGE = { latencyMs: 0, attempts: 1 };
const silence = (): Promise<never> => new Promise(() => undefined);

function bytes({ rgb }: WireImage): Buffer {
  return Buffer.from(rgb as Uint8Array);
}

async function start(viewer: Watcher): Promise<Episode> {
  await viewer.connection.request("session.speed", { speed: 50 });
  const finished = viewer.finished();
  await viewer.connection.request("session.start", {});
  return finished;
}

/** Whatever went wrong before, the server still carries a good episode through. */
async function expectGoodEpisode(viewer: Watcher): Promise<void> {
  await stage.goodPlanner();
  expect(await start(viewer)).toMatchObject({ success: true, planner: "symbolic" });
}

describe("an episode fails by name and the server goes on", () => {
  test("when no planner is connected", async () => {
    await stage.serve({ plannerWaitMs: 50 });
    const viewer = await stage.watch();
    expect(viewer.state.planner).toEqual({ name: "none", privileged: false, connected: false });
    const { failure } = await start(viewer);
    expect(failure).toEqual({
      code: "peer",
      message: "planner: none is connected (waited 50 ms). Start one that connects to this server's /planners.",
    });
    const state = await viewer.until(["failed"]);
    expect(state.failure!.message).toContain("none is connected");
    await expectGoodEpisode(viewer);
  });

  test("when the planner writes nonsense", async () => {
    await stage.serve({ limits: { replans: 1 } });
    let asked = 0;
    const planner = await stage.planner({ plan: async () => ({ text: `fly(${++asked})`, usage: USAGE }) });
    const viewer = await stage.watch();
    const { failure, reward, plan } = await start(viewer);
    expect(failure!.code).toBe("unreadable-plan");
    expect(failure!.message).toMatch(/^planner test: its plan could not be read: /);
    expect(reward!.value).toBe(0);
    expect(plan).toEqual([]);
    expect(asked).toBe(2);
    planner.close();
    await expectGoodEpisode(viewer);
  });

  test("when the planner's message fits no schema", async () => {
    await stage.serve();
    const planner = await stage.planner({ plan: async () => ({ text: 7 as never, usage: USAGE }) });
    const viewer = await stage.watch();
    const { failure } = await start(viewer);
    expect(failure!.code).toBe("peer");
    expect(failure!.message).toMatch(/^planner test: answered planner\.plan with an invalid message: text: /);
    planner.close();
    await expectGoodEpisode(viewer);
  });

  test("when the planner never answers", async () => {
    await stage.serve({ limits: { planTimeoutMs: 100 } });
    let withdrawn: unknown;
    const planner = await stage.planner({
      plan: (_request, { signal }) => {
        signal.addEventListener("abort", () => (withdrawn = signal.reason));
        return silence();
      },
    });
    const viewer = await stage.watch();
    const { failure } = await start(viewer);
    expect(failure).toEqual({ code: "timeout", message: "planner test, plan did not finish within 100 ms." });
    await eventually(() => withdrawn !== undefined, "the question to be withdrawn");
    planner.close();
    await expectGoodEpisode(viewer);
  });

  test("when the planner dies while it thinks", async () => {
    await stage.serve();
    const planner = await stage.planner({ plan: silence });
    const viewer = await stage.watch();
    const episode = start(viewer);
    await viewer.until(["planning"], 1);
    planner.close();
    expect((await episode).failure).toEqual({ code: "peer", message: "planner test: went away during planner.plan." });
    await eventually(() => !viewer.state.planner.connected, "the viewer to see that no planner is left");
    await expectGoodEpisode(viewer);
  });

  test("when the planner dies while it judges a step", async () => {
    await stage.serve();
    const viewer = await stage.watch();
    const { objects } = viewer.scenes[0]!;
    const cube = objects.find(({ types }) => types.includes("graspable"))!.id;
    const planner = await stage.planner({
      plan: async () => ({ text: `<think></think><answer>1. pick(${cube})</answer>`, usage: USAGE }),
      verify: silence,
    });
    const episode = start(viewer);
    await viewer.until(["monitoring"], 1);
    planner.close();
    const { failure, steps } = await episode;
    expect(failure!.message).toBe("planner test: went away during planner.verify.");
    expect(steps).toMatchObject([{ skill: "pick", status: "failed", reason: "interrupted" }]);
    await expectGoodEpisode(viewer);
  });

  test("when the planner refuses", async () => {
    await stage.serve();
    const planner = await stage.planner({ plan: () => Promise.reject(new Error("out of memory")) });
    const viewer = await stage.watch();
    expect((await start(viewer)).failure).toEqual({ code: "peer", message: "planner test: out of memory" });
    planner.close();
    await expectGoodEpisode(viewer);
  });
});

describe("planners", () => {
  test("see before and after of a step without touching it, and nothing once the question is closed", async () => {
    await stage.serve({ limits: { replans: 0, retriesPerStep: 0 } });
    const viewer = await stage.watch();
    const cube = viewer.scenes[0]!.objects.find(({ types }) => types.includes("graspable"))!.id;
    const { cameras } = viewer.scenes[0]!;
    let planned: readonly WireImage[] = [];
    let verified: { before?: readonly WireImage[]; images: readonly WireImage[] } | undefined;
    let sees = true;
    let late: (() => Promise<unknown>) | undefined;
    await stage.planner({
      async plan(request, { observe }) {
        expect(request.privileged).toBeUndefined();
        if (sees) planned = (await observe()).images;
        late ??= observe;
        return { text: `<think></think><answer>1. pick(${cube})</answer>`, usage: USAGE };
      },
      async verify(_request, { observe }) {
        if (sees) verified = await observe();
        return { complete: true, usage: USAGE };
      },
    });
    const looked = await start(viewer);
    expect(planned.map(({ camera }) => camera)).toEqual(cameras);
    for (const image of planned) expect(image.rgb.byteLength).toBe(image.width * image.height * 3);
    expect(bytes(verified!.before![0]!)).toEqual(bytes(planned[0]!));
    expect(bytes(verified!.images[0]!)).not.toEqual(bytes(planned[0]!));
    sees = false;
    const blind = await start(viewer);
    expect(blind.stateHash).toBe(looked.stateHash);
    await expect(late!()).rejects.toThrow(/requestId: ".*" names no open question of this planner\./);
  });

  test("of another protocol are refused; the first one works until it goes, then the newest", async () => {
    await stage.serve();
    const viewer = await stage.watch();
    const first = await stage.planner({ name: "first" });
    await stage.planner({ name: "second" });
    const third = await stage.planner({ name: "third" });
    await eventually(() => viewer.state.planner.name === "first", "the first planner");
    first.close();
    await eventually(() => viewer.state.planner.name === "third", "the newest planner");
    third.close();
    await eventually(() => viewer.state.planner.name === "second", "the one that is left");
    await expect(stage.planner({ name: "no spaces allowed" })).rejects.toThrow(/name: expected letters/);
  });
});

const PLANNER = fileURLToPath(new URL("../../planner/dist/main.js", import.meta.url));

describe.skipIf(!existsSync(PLANNER))("a planner process", () => {
  test("joins, works, and ends cleanly when told to", async () => {
    await stage.serve({ plannerWaitMs: 15_000, token: "sesame" });
    const viewer = await stage.watch("sesame");
    const child = spawn(process.execPath, [PLANNER, "--url", stage.server.url, "--planner", "symbolic"], {
      env: { ...process.env, REVERIE_TOKEN: "sesame" },
      stdio: ["ignore", "ignore", "pipe"],
    });
    const said: string[] = [];
    child.stderr.on("data", (chunk: Buffer) => said.push(chunk.toString()));
    const exit = new Promise((resolve) => child.once("exit", (code, signal) => resolve(code ?? signal)));
    expect(await start(viewer)).toMatchObject({ success: true, planner: "symbolic" });
    child.kill("SIGTERM");
    expect(await exit).toBe(0);
    expect(said.join("")).not.toContain("sesame");
  });

  test("killed in the middle fails the episode, and the next process takes over", async () => {
    await stage.serve({ plannerWaitMs: 15_000 });
    const viewer = await stage.watch();
    const launch = (): ReturnType<typeof spawn> => spawn(process.execPath, [PLANNER, "--url", stage.server.url], { stdio: "ignore" });
    const child = launch();
    await viewer.connection.request("session.start", {});
    await viewer.until(["running"]);
    child.kill("SIGKILL");
    await viewer.connection.request("session.speed", { speed: 50 });
    expect((await viewer.finished()).failure!.message).toMatch(/^planner symbolic: /);
    const next = launch();
    expect(await start(viewer)).toMatchObject({ success: true });
    next.kill("SIGTERM");
  });
});
