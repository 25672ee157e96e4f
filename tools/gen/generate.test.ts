import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { camelCase, generate, planGeneratedFiles, staleFiles } from "./generate.mjs";

const repository = fileURLToPath(new URL("../..", import.meta.url));
let root = "";

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "reverie-gen-"));
});
afterEach(() => rmSync(root, { recursive: true }));

function write(path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}
const read = (path: string): string => readFileSync(join(root, path), "utf8");
const task = (name: string): void => write(`envs/tabletop/src/tasks/${name}.ts`, `export const ${camelCase(name)} = defineTask({});\n`);

const run = (...options: string[]) => spawnSync(process.execPath, [join(root, "tools/gen/generate.mjs"), ...options], { encoding: "utf8" });

describe("generate", () => {
  test("Lists tasks, skills and commands in alphabetical order and leaves tests out.", () => {
    task("stack-cubes");
    task("pick-cube");
    write("envs/tabletop/src/tasks/pick-cube.test.ts", "export {};\n");
    write("libs/skills/src/skills/pick.ts", "export const pickSkill = defineSkill({});\n");
    write("apps/cli/src/commands/envs.ts", "export const envsCommand: Command = {};\n");
    expect(generate(root)).toEqual([
      "envs/tabletop/src/tasks.generated.ts",
      "libs/skills/src/skills.generated.ts",
      "apps/cli/src/commands.generated.ts",
    ]);
    expect(read("envs/tabletop/src/tasks.generated.ts")).toBe(
      `// Written by "npm run gen" from the files in tasks/. Do not edit.\n` +
        `import { pickCube } from "./tasks/pick-cube.ts";\nimport { stackCubes } from "./tasks/stack-cubes.ts";\n\n` +
        `export const tasks = [pickCube, stackCubes] as const;\n`,
    );
    expect(read("libs/skills/src/skills.generated.ts")).toContain("export const skillDefinitions = [pickSkill] as const;\n");
    expect(read("apps/cli/src/commands.generated.ts")).toContain("export const commands = [envsCommand] as const;\n");
  });

  test("Writes nothing when nothing changed, and sees a change of a list, not of line endings.", () => {
    task("pick-cube");
    generate(root);
    expect(generate(root)).toEqual([]);
    const path = "envs/tabletop/src/tasks.generated.ts";
    write(path, read(path).replaceAll("\n", "\r\n"));
    expect(staleFiles(root, planGeneratedFiles(root).files)).toEqual([]);
    task("push-cube");
    expect(staleFiles(root, planGeneratedFiles(root).files)).toEqual([path]);
  });

  test("Folders that do not exist are skipped.", () => {
    expect(planGeneratedFiles(root)).toEqual({ files: [], problems: [] });
  });

  test("Lists of every length come out as the formatter writes them.", () => {
    // Lines of 138 to 142 characters around the limit of 140, one name, and many.
    const line = "export const tasks = [] as const;".length;
    for (const width of [60, 138, 139, 140, 141, 142]) {
      write(
        `envs/width-${width}/src/tasks/a${"b".repeat(width - line - 1)}.ts`,
        `export const a${"b".repeat(width - line - 1)} = defineTask({});\n`,
      );
    }
    for (let n = 1; n <= 20; n++) task(`stack-coloured-cubes-${n}`);
    const paths = generate(root);
    cpSync(join(repository, ".oxfmtrc.json"), join(root, ".oxfmtrc.json"));
    const formatter = join(repository, "node_modules/oxfmt/bin/oxfmt");
    const result = spawnSync(process.execPath, [formatter, "--check", ...paths], { cwd: root, encoding: "utf8" });
    expect(result.stdout + result.stderr).toContain("All matched files use the correct format");
    expect(result.status).toBe(0);
  });

  test.each([
    [
      "pick-cube",
      "export const pick = defineTask({});\n",
      "envs/t/src/tasks/pick-cube.ts:1 exports pick. Call it pickCube, after the file.",
    ],
    [
      "pick-cube",
      "\nexport const pickCube = 1;\n",
      'envs/t/src/tasks/pick-cube.ts:1 does not have "export const pickCube = defineTask(...)".',
    ],
    [
      "pick-cube",
      "// export const pickCube = defineTask({});\n",
      'envs/t/src/tasks/pick-cube.ts:1 does not have "export const pickCube = defineTask(...)".',
    ],
    [
      "pick-cube",
      "export const pickCube = defineTask({});\nexport const b = defineTask({});\n",
      "envs/t/src/tasks/pick-cube.ts:2 has more than one defineTask.",
    ],
    ["PickCube", "export const PickCube = defineTask({});\n", "envs/t/src/tasks/PickCube.ts:1 is not named in kebab case."],
  ])("A file that cannot be listed is named with its line: %s %j", (name, text, expected) => {
    write(`envs/t/src/tasks/${name}.ts`, text);
    expect(() => generate(root)).toThrow(expected);
  });
});

describe("the command", () => {
  beforeEach(() => {
    for (const folder of ["tools/gen", "tools/arch"]) {
      cpSync(join(repository, folder), join(root, folder), { recursive: true, filter: (path) => !path.includes("node_modules") });
    }
  });

  test("--check names stale files and exits with 1 until the files are written.", () => {
    task("pick-cube");
    const before = run("--check");
    expect(before.status).toBe(1);
    expect(before.stdout).toBe('envs/tabletop/src/tasks.generated.ts:1 is not what the generator writes. Run "npm run gen".\n');
    expect(run()).toMatchObject({ status: 0, stdout: "Wrote envs/tabletop/src/tasks.generated.ts.\n" });
    expect(run("--check")).toMatchObject({ status: 0, stdout: "Generated files are fresh: 1 checked.\n" });
  });

  test("An unknown option is refused.", () => {
    expect(run("--chek")).toMatchObject({ status: 2, stderr: 'Unknown option "--chek"; the only option is --check.\n' });
  });
});
