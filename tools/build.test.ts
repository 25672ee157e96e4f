import { spawn } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";
import { ensureBuilt, isFresh } from "./build.mjs";

const repository = fileURLToPath(new URL("..", import.meta.url));
let root = "";

function write(path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}
const source = "libs/core/src/index.ts";
const output = (): string => readFileSync(join(root, "libs/core/dist/index.js"), "utf8");
const quiet = (): void => undefined;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "reverie-build-"));
  symlinkSync(join(repository, "node_modules"), join(root, "node_modules"), "junction");
  cpSync(join(repository, "tsconfig.base.json"), join(root, "tsconfig.base.json"));
  write("package.json", JSON.stringify({ type: "module" }));
  write("tsconfig.json", JSON.stringify({ files: [], references: [{ path: "./libs/core" }] }));
  write("libs/core/package.json", JSON.stringify({ name: "core", type: "module" }));
  write(
    "libs/core/tsconfig.json",
    JSON.stringify({
      extends: "../../tsconfig.base.json",
      compilerOptions: { rootDir: "src", outDir: "dist", tsBuildInfoFile: "dist/tsconfig.tsbuildinfo" },
      include: ["src"],
    }),
  );
  write(source, "export const one = 1;\n");
});
afterEach(() => rmSync(root, { recursive: true }));

interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the command in a process of its own, from copies of the tools. */
function command(...args: string[]): Promise<Finished> {
  for (const path of ["tools/build.mjs", "tools/gen/generate.mjs", "tools/arch/tokens.mjs"]) {
    if (!existsSync(join(root, path))) cpSync(join(repository, path), join(root, path));
  }
  return new Promise((done) => {
    const child = spawn(process.execPath, [join(root, "tools/build.mjs"), ...args], { stdio: ["ignore", "pipe", "pipe"] });
    let stdout = "";
    let stderr = "";
    child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
    child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
    child.on("close", (code) => done({ code, stdout, stderr }));
  });
}

test("Builds once, then finds the build fresh, and builds again after a change, a new file or a removed one.", async () => {
  expect(isFresh(root)).toBe(false);
  expect(await ensureBuilt({ root, log: quiet })).toBe(true);
  expect(output()).toContain("one = 1");
  expect(await ensureBuilt({ root, log: quiet })).toBe(false);

  write(source, "export const one = 11;\n");
  const later = new Date(Date.now() + 5000);
  utimesSync(join(root, source), later, later);
  expect(await ensureBuilt({ root, log: quiet })).toBe(true);
  expect(output()).toContain("one = 11");

  write("libs/core/src/two.ts", "export const two = 2;\n");
  expect(await ensureBuilt({ root, log: quiet })).toBe(true);
  rmSync(join(root, "libs/core/src/two.ts"));
  expect(isFresh(root)).toBe(false);
});

test("A build whose output was deleted is not fresh.", async () => {
  await ensureBuilt({ root, log: quiet });
  rmSync(join(root, "libs/core/dist"), { recursive: true });
  expect(await ensureBuilt({ root, log: quiet })).toBe(true);
  expect(output()).toContain("one = 1");
});

test("Progress is plain lines with seconds, and --force builds what is fresh.", async () => {
  const lines: string[] = [];
  await ensureBuilt({ root, log: quiet });
  expect(await ensureBuilt({ root, force: true, log: (line) => lines.push(line) })).toBe(true);
  expect(lines.map((line) => line.replace(/\d+\.\d/, "N"))).toEqual(["Generated lists: N s", "Compiled packages: N s", "Built in N s."]);
});

test("A type error fails the build, names file and line, and leaves the build stale.", async () => {
  write(source, 'export const one: number = "1";\n');
  await expect(ensureBuilt({ root, log: quiet })).rejects.toThrow(/^The TypeScript compiler failed[^]*index\.ts\(1,14\)/);
  expect(isFresh(root)).toBe(false);
  expect(existsSync(join(root, "dist/.lock"))).toBe(false);
});

test("Without node_modules the error says what to run.", async () => {
  rmSync(join(root, "node_modules"));
  await expect(ensureBuilt({ root, log: quiet })).rejects.toThrow('The TypeScript compiler is not installed; run "npm ci"');
});

test("Of four processes at once one builds, the others wait, and nothing goes to standard output.", async () => {
  const results = await Promise.all([command(), command(), command(), command()]);
  expect(results.map((result) => result.code)).toEqual([0, 0, 0, 0]);
  expect(results.map((result) => result.stdout).join("")).toBe("");
  expect(results.filter((result) => result.stderr.includes("Built in"))).toHaveLength(1);
  expect(output()).toContain("one = 1");
  expect(existsSync(join(root, "dist/.lock"))).toBe(false);
});

test("The lock of a process that died is taken over.", async () => {
  const dead = await new Promise<number>((done) => {
    const child = spawn(process.execPath, ["-e", ""]);
    child.on("exit", () => done(child.pid ?? 0));
  });
  const { hostname } = await import("node:os");
  write("dist/.lock/owner.json", JSON.stringify({ pid: dead, host: hostname(), token: "old" }));
  expect(await ensureBuilt({ root, log: quiet })).toBe(true);
});

test("The lock of a living process is waited for.", async () => {
  const { hostname } = await import("node:os");
  write("dist/.lock/owner.json", JSON.stringify({ pid: process.pid, host: hostname(), token: "mine" }));
  const lines: string[] = [];
  const building = ensureBuilt({ root, log: (line) => lines.push(line) });
  await new Promise((wake) => setTimeout(wake, 350));
  expect(lines).toEqual([`Waiting for the build of process ${process.pid}.`]);
  rmSync(join(root, "dist/.lock"), { recursive: true });
  expect(await building).toBe(true);
});

test("An unknown option is refused.", async () => {
  expect(await command("--fast")).toMatchObject({ code: 2, stderr: 'Unknown option "--fast"; the only option is --force.\n' });
});
