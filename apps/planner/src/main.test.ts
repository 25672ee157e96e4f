import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { createGateway } from "@reverie/wire/server";
import { describe, expect, test } from "vitest";

const MAIN = fileURLToPath(new URL("../dist/main.js", import.meta.url));

interface Ended {
  readonly code: number | null;
  readonly said: string;
}

function ignore(): void {
  // These clients are not what is tested.
}

/** Runs the built process to its end; `when` may end it once it has said something. */
function run(args: readonly string[], env: Readonly<Record<string, string>> = {}, stopWhen?: string): Promise<Ended> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [MAIN, ...args], { env: { ...process.env, ...env }, stdio: ["ignore", "pipe", "pipe"] });
    let said = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.on("data", (chunk: Buffer) => {
        said += chunk.toString();
        if (stopWhen !== undefined && !child.killed && said.includes(stopWhen)) child.kill("SIGTERM");
      });
    }
    child.on("exit", (code) => resolve({ code, said }));
  });
}

// The process is what was built last; sources are covered by the tests beside them.
describe.skipIf(!existsSync(MAIN))("the planner process", () => {
  test.each([
    [["--planner", "symbolc"], 'Unknown planner "symbolc", did you mean "symbolic"?'],
    [["--seed", "minus one"], "Expected an integer from 0 to 4294967295."],
    [["--plnner", "random"], "--plnner"],
    [["--url", "over there"], "url: expected an address"],
    [["--planner", "openai", "--endpoint", "ftp://x", "--model", "m"], "endpoint: "],
  ])("ends with code 2 for %j", async (args, complaint) => {
    const { code, said } = await run(args);
    expect(said).toContain(complaint);
    expect(said).not.toContain("    at ");
    expect(code).toBe(2);
  });

  test("ends with code 3 when the server refuses it, without telling its secret", async () => {
    const http = createServer();
    const gateway = createGateway(http, { token: "sesame", onViewer: ignore, onPlanner: ignore, onEnvironmentClient: ignore });
    await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
    const url = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
    const { code, said } = await run(["--url", url], { REVERIE_TOKEN: "simsalabim" });
    expect(said).toContain("refused this planner: the token is wrong");
    expect(said).not.toContain("simsalabim");
    expect(code).toBe(3);
    await gateway.close();
  });

  test("waits for a server that is not there yet and ends with code 0 when told to", async () => {
    const { code, said } = await run(["--url", "http://127.0.0.1:9"], {}, "connecting");
    expect(said).toContain("connecting (http://127.0.0.1:9)");
    expect(code).toBe(0);
  });
});
