import { spawn, type ChildProcess } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { connectViewer } from "@reverie/wire";
import { afterEach, describe, expect, test } from "vitest";

const MAIN = fileURLToPath(new URL("../dist/main.js", import.meta.url));

class Process {
  readonly child: ChildProcess;
  readonly code: Promise<number | null>;
  out = "";
  said = "";

  constructor(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
    this.child = spawn(process.execPath, [MAIN, ...args], { env: { ...process.env, ...env }, stdio: ["ignore", "pipe", "pipe"] });
    this.child.stdout?.on("data", (chunk: Buffer) => (this.out += chunk.toString()));
    this.child.stderr?.on("data", (chunk: Buffer) => (this.said += chunk.toString()));
    this.code = new Promise((resolve) => this.child.once("close", resolve));
  }

  async url(): Promise<string> {
    await expect.poll(() => this.out, { timeout: 15_000 }).toContain("\n");
    return (JSON.parse(this.out) as { url: string }).url;
  }
}

const started: Process[] = [];

function launch(args: readonly string[], env?: Readonly<Record<string, string>>): Process {
  const launched = new Process(args, env);
  started.push(launched);
  return launched;
}

// The process is what was built last; sources are covered by the tests beside them.
describe.skipIf(!existsSync(MAIN))("the server process", () => {
  afterEach(() => {
    for (const { child } of started.splice(0)) child.kill("SIGKILL");
  });

  test("says where it is, serves, records what was running when it is told to end, and ends with code 0", async () => {
    const folder = mkdtempSync(join(tmpdir(), "reverie-process-"));
    const server = launch(["--port", "0", "--seed", "7", "--record", folder], { REVERIE_TOKEN: "open sesame" });
    const url = await server.url();
    expect(await (await fetch(`${url}/healthz`)).json()).toMatchObject({ ok: true, phase: "idle" });
    const viewer = connectViewer(url, { token: "open sesame" });
    await viewer.request("session.start", {});
    server.child.kill("SIGTERM");
    expect(await server.code).toBe(0);
    viewer.close();
    const [line] = readFileSync(join(folder, "episodes.jsonl"), "utf8").trimEnd().split("\n");
    expect(JSON.parse(line!)).toMatchObject({ seed: 7, failure: { code: "stopped" } });
    expect(server.said + server.out).not.toContain("sesame");
    rmSync(folder, { recursive: true });
  });

  test.each([
    [["--port", "70000"], '--port: expected an integer from 0 to 65535, got "70000".'],
    [["--task", "manipulation/stack-cube"], 'did you mean "manipulation/stack-cubes"?'],
    [["--host", "0.0.0.0", "--port", "0"], "token: is required when the server listens on 0.0.0.0"],
    [["--prot", "1"], "--prot"],
  ])("ends with code 2 for %j", async (args, complaint) => {
    const server = launch(args, { REVERIE_TOKEN: "" });
    expect(await server.code).toBe(2);
    expect(server.said).toContain(complaint);
    expect(server.said).not.toContain("    at ");
    expect(server.out).toBe("");
  });

  test("ends with code 3 when its port is taken", async () => {
    const http = createServer();
    await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
    const { port } = http.address() as AddressInfo;
    const server = launch(["--port", String(port)]);
    expect(await server.code).toBe(3);
    expect(server.said).toContain(`127.0.0.1:${port}: is in use already; choose another port.`);
    http.close();
  });
});
