import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";
import { newTask } from "./new-task.mjs";

const repository = fileURLToPath(new URL("../..", import.meta.url));
const program = (path: string, ...args: string[]) =>
  spawnSync(process.execPath, [join(repository, "node_modules", path), ...args], { cwd: root, encoding: "utf8" });
let root = "";

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "reverie-new-task-"));
  cpSync(join(repository, "envs/manipulation/src"), join(root, "envs/manipulation/src"), { recursive: true });
  for (const file of ["tsconfig.base.json", ".oxfmtrc.json"]) cpSync(join(repository, file), join(root, file));
  writeFileSync(join(root, "package.json"), JSON.stringify({ type: "module" }));
  symlinkSync(join(repository, "node_modules"), join(root, "node_modules"), "junction");
});
afterEach(() => rmSync(root, { recursive: true }));

test("A new task is listed, formatted and type-correct as it is written.", () => {
  const path = newTask(root, "manipulation", "stack-plates");
  expect(path).toBe("envs/manipulation/src/tasks/stack-plates.ts");
  expect(readFileSync(join(root, "envs/manipulation/src/tasks.generated.ts"), "utf8")).toContain("stackPlates");
  expect(program("oxfmt/bin/oxfmt", "--check", path)).toMatchObject({ status: 0 });

  const config = {
    extends: "./tsconfig.base.json",
    compilerOptions: { composite: false, noEmit: true },
    files: [path, "envs/manipulation/src/globals.d.ts"],
  };
  writeFileSync(join(root, "tsconfig.json"), JSON.stringify(config));
  const { stdout } = program("typescript/bin/tsc", "-p", ".", "--pretty", "false");
  expect(stdout.split("\n").filter((line) => line.includes("stack-plates.ts"))).toEqual([]);

  const broken = join(root, path);
  writeFileSync(broken, readFileSync(broken, "utf8").replace("version: 1", 'version: "1"'));
  expect(program("typescript/bin/tsc", "-p", ".", "--pretty", "false").stdout).toContain("stack-plates.ts");
});

test("A task that exists is not overwritten.", () => {
  const path = newTask(root, "manipulation", "stack-plates");
  writeFileSync(join(root, path), "mine");
  expect(() => newTask(root, "manipulation", "stack-plates")).toThrow(`${path} exists already`);
  expect(readFileSync(join(root, path), "utf8")).toBe("mine");
});

test.each(["StackPlates", "stack_plates", "-a", "a--b", "../x", "", "1a", "a".repeat(41)])("The name %j is refused.", (name) => {
  expect(() => newTask(root, "manipulation", name)).toThrow(`Bad task name "${name}"`);
  expect(existsSync(join(root, `envs/manipulation/src/tasks/${name}.ts`))).toBe(false);
});

test.each(["tabletop", "__proto__", "../manipulation"])("The suite %j is unknown.", (suite) => {
  expect(() => newTask(root, suite, "stack-plates")).toThrow(`Unknown suite "${suite}"; known: manipulation.`);
});
