import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { createServer } from "node:net";
import { availableParallelism, totalmem } from "node:os";
import { promisify } from "node:util";
import { messageOf } from "@reverie/core";
import { createEnvironment } from "@reverie/manipulation";
import { loadPhysics } from "@reverie/physics";
import * as z from "zod";
import { defineCommand } from "../define-command.ts";
import { STUDIO_DIRECTORY } from "../processes.ts";

interface Check {
  readonly name: string;
  readonly ok: boolean;
  readonly detail: string;
  /** How to get what is missing. */
  readonly fix?: string;
  /** Reverie runs without it. */
  readonly optional?: boolean;
}

const execute = promisify(execFile);

async function versionOf(command: string, args: readonly string[]): Promise<string | undefined> {
  try {
    const { stdout, stderr } = await execute(command, [...args], { timeout: 5000 });
    return (stdout.trim() || stderr.trim()).split("\n").at(-1)?.slice(0, 120);
  } catch {
    // Not there, or not runnable: both mean that it cannot be used.
    return undefined;
  }
}

async function checkProgram(
  name: string,
  candidates: readonly (readonly [command: string, ...args: string[]])[],
  what: string,
  fix: string,
): Promise<Check> {
  for (const [command, ...args] of candidates) {
    const version = await versionOf(command, args);
    if (version !== undefined) return { name, ok: true, optional: true, detail: version };
  }
  return { name, ok: false, optional: true, detail: `not found; ${what}`, fix };
}

async function checkPhysics(build: "simd" | "plain" | "deterministic"): Promise<Check> {
  try {
    const engine = await loadPhysics(build);
    return { name: `physics (${build})`, ok: true, detail: `Rapier ${engine.version}` };
  } catch (error) {
    return { name: `physics (${build})`, ok: false, detail: messageOf(error), fix: "run `npm ci` again" };
  }
}

/** One real step and one real picture: what every episode needs. */
async function checkWorld(): Promise<Check> {
  try {
    const environment = await createEnvironment("manipulation/pick-cube");
    environment.reset({ seed: 0 });
    const image = environment.render("overview", { width: 64, height: 64 });
    environment.close();
    return {
      name: "world and camera",
      ok: image.rgb.some((byte) => byte !== image.rgb[0]),
      detail: "a scene was built and a 64x64 picture rendered on the CPU",
    };
  } catch (error) {
    return {
      name: "world and camera",
      ok: false,
      detail: messageOf(error),
      fix: "please report this with the output of `npx reverie doctor --json`",
    };
  }
}

/** Loaded only here: no other command needs ONNX Runtime to start. */
async function checkProviders(): Promise<Check[]> {
  try {
    const { executionProviders } = await import("@reverie/tensor/node");
    return executionProviders().map(({ name, available, needs }) => ({
      name: `provider ${name}`,
      ok: available,
      optional: name !== "cpu",
      detail: available ? "in this machine's onnxruntime-node, for training and running models" : "not in this machine's onnxruntime-node",
      ...(available ? {} : { fix: needs }),
    }));
  } catch (error) {
    return [
      {
        name: "provider cpu",
        ok: false,
        optional: true,
        detail: `ONNX Runtime cannot be loaded: ${messageOf(error)}`,
        fix: "it has code for Linux with glibc, macOS and Windows; everything but training and running models works without it",
      },
    ];
  }
}

async function checkPort(port: number): Promise<Check> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", (error) => {
      resolve({
        name: `port ${port}`,
        ok: false,
        optional: true,
        detail: `in use (${messageOf(error)})`,
        fix: "use another one: npx reverie up --port 5000",
      });
    });
    server.listen(port, "127.0.0.1", () => server.close(() => resolve({ name: `port ${port}`, ok: true, optional: true, detail: "free" })));
  });
}

export const doctorCommand = defineCommand({
  name: "doctor",
  summary: "Show what this machine offers and what is missing",
  options: [],
  examples: ["npx reverie doctor", "npx reverie doctor --json"],
  schema: z.object({}),
  async run(_options, io) {
    const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
    const recent = major > 20 || (major === 20 && minor >= 19);
    const checks: Check[] = [
      { name: "node", ok: recent, detail: process.versions.node, ...(recent ? {} : { fix: "install Node 20.19 or newer" }) },
      {
        name: "cores",
        ok: true,
        detail: `${availableParallelism()} cores, ${(totalmem() / 2 ** 30).toFixed(0)} GiB memory, ${process.platform} ${process.arch}`,
      },
      await checkPhysics("simd"),
      await checkPhysics("plain"),
      await checkPhysics("deterministic"),
      await checkWorld(),
      existsSync(STUDIO_DIRECTORY)
        ? { name: "studio", ok: true, detail: "the page is built" }
        : { name: "studio", ok: false, detail: "the page is not built", fix: "run `npm run build`" },
      await checkPort(4870),
      ...(await checkProviders()),
      await checkProgram(
        "gpu adapter",
        [["nvidia-smi", "--query-gpu=name,driver_version", "--format=csv,noheader"]],
        "this version does not use one: cameras are rendered on the CPU",
        "install the driver of the graphics card's maker (Debian, NVIDIA: apt-get install nvidia-driver)",
      ),
      await checkProgram(
        "chromium",
        [
          [process.env["CHROMIUM_PATH"] ?? "chromium", "--version"],
          ["google-chrome", "--version"],
        ],
        "commands of this version do not use it; tests in a browser are skipped",
        "apt-get install chromium, or set CHROMIUM_PATH",
      ),
      await checkProgram("redis", [["redis-server", "--version"]], "this version does not use it", "apt-get install redis-server"),
      await checkProgram("python", [["python3", "--version"]], "this version does not use it", "apt-get install python3"),
      process.env["OPENAI_API_KEY"] === undefined
        ? {
            name: "OPENAI_API_KEY",
            ok: false,
            optional: true,
            detail: "not set; planner openai works without it where the endpoint asks for no key",
            fix: "export OPENAI_API_KEY=...",
          }
        : { name: "OPENAI_API_KEY", ok: true, optional: true, detail: "set" },
    ];
    const needed = checks.filter((check) => check.optional !== true);
    if (io.json) io.print(JSON.stringify({ checks: checks.map(({ optional: _optional, ...check }) => check) }, null, 2));
    else {
      const width = Math.max(...checks.map((check) => check.name.length));
      for (const check of checks) {
        const mark = check.ok ? "ok     " : check.optional === true ? "missing" : "FAILED ";
        io.print(`${mark}  ${check.name.padEnd(width)}  ${check.detail}${check.fix === undefined || check.ok ? "" : `  -> ${check.fix}`}`);
      }
    }
    return needed.every((check) => check.ok) ? 0 : 1;
  },
});
