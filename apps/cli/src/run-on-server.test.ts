import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { connectViewer, type SessionState, type ViewerConnection } from "@reverie/wire";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { reverie, RunningReverie } from "./testing/reverie.ts";

const SERVER = fileURLToPath(new URL("../../server/dist/main.js", import.meta.url));
const TIMEOUT = { timeout: 120_000 };

let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "reverie-socket-"));
  await reverie(["--help"]);
}, 180_000);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Waits for a state of the server's session. */
async function stateOf(viewer: ViewerConnection, wanted: (state: SessionState) => boolean): Promise<SessionState> {
  return new Promise((resolve) => {
    const off = viewer.on("session.state", (state) => {
      if (!wanted(state)) return;
      off();
      resolve(state);
    });
  });
}

describe("run --planner socket", () => {
  test("takes its own episode, not the equal one that it stops, and leaves the speed as it was", TIMEOUT, async () => {
    const running = new RunningReverie(["up", "manipulation/pick-cube", "--port", "0", "--no-open"]);
    const url = /http:\S+/.exec(await running.line(/Reverie is up/))?.[0] ?? "";
    const viewer = connectViewer(url);
    const before = await stateOf(viewer, ({ phase }) => phase === "running");
    await viewer.request("session.speed", { speed: 2 });
    // Same task and seed as the episode that runs now.
    const args = ["run", "manipulation/pick-cube", "--planner", "socket", "--server", url, "--record", folder, "--json"];
    const { code, stdout, stderr } = await reverie(args);
    expect(code, stderr).toBe(0);
    const { episodes } = JSON.parse(stdout) as { episodes: { seed: number; success: boolean; failure?: unknown }[] };
    expect(episodes).toMatchObject([{ seed: 0, success: true }]);
    expect(episodes[0]?.failure).toBeUndefined();
    const after = connectViewer(url);
    expect(await stateOf(after, () => true)).toMatchObject({ episode: before.episode + 1, speed: 2 });
    viewer.close();
    after.close();
    expect(await running.interrupt()).toBe(0);
    // All that was asked for is on disk: no server is needed any more.
    const again = await reverie(args);
    expect(again.stderr).toContain("Going on after 1 episodes");
    expect(JSON.parse(again.stdout)).toEqual(JSON.parse(stdout));
  });

  test("ends with code 3 and one sentence when the server dies", TIMEOUT, async () => {
    const server = spawn(process.execPath, [SERVER, "--port=0", "--until-stdin-closes"], { stdio: ["pipe", "pipe", "ignore"] });
    const [line] = (await once(createInterface({ input: server.stdout }), "line")) as [string];
    const { url } = JSON.parse(line) as { url: string };
    const viewer = connectViewer(url);
    const planning = stateOf(viewer, ({ phase }) => phase === "planning");
    const running = reverie(["run", "manipulation/pick-cube", "--planner", "socket", "--server", url]);
    await planning;
    viewer.close();
    server.kill("SIGKILL");
    const { code, stderr } = await running;
    expect(code).toBe(3);
    expect(stderr).toMatch(/^reverie: server http:\S+: the connection was lost \(.*\); is the server still running\?\n$/);
  });
});
