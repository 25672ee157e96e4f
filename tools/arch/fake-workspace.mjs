// A tiny workspace in a temporary folder, for the tests of the rules.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { generate } from "../gen/generate.mjs";

function manifest(name, floor, platform, dependencies = [], extra = {}) {
  return JSON.stringify(
    {
      name: `@reverie/${name}`,
      exports: { ".": "./src/index.ts" },
      dependencies: Object.fromEntries(dependencies.map((dependency) => [dependency, "1.0.0"])),
      nx: { tags: [`floor:${floor}`, `platform:${platform}`] },
      ...extra,
    },
    null,
    2,
  );
}

function tsconfig(...references) {
  return JSON.stringify({ include: ["src"], references: references.map((folder) => ({ path: `../../${folder}` })) }, null, 2);
}

const CLEAN = {
  "package.json": JSON.stringify({ name: "fake", devDependencies: { vitest: "1.0.0" } }),
  "libs/core/package.json": manifest("core", 0, "any"),
  "libs/core/tsconfig.json": tsconfig(),
  "libs/core/src/index.ts": `export { one } from "./one.ts";\nexport * as maths from "./one.ts";\n`,
  "libs/core/src/one.ts": `export const one = Math.sqrt(1) + 2 ** 54 + 2 ** -10;\n`,
  "libs/core/src/one.test.ts": `import { test } from "vitest";\nimport { one } from "./one.ts";\ntest("one", () => void [one, Math.random(), process.pid]);\n`,
  "libs/physics/package.json": manifest("physics", 1, "both", ["@dimforge/rapier3d", "@reverie/core"]),
  "libs/physics/tsconfig.json": tsconfig("libs/core"),
  "libs/physics/src/index.ts": `export { world } from "./world.ts";\n`,
  "libs/physics/src/world.ts": `import rapier from "@dimforge/rapier3d";\nimport { one } from "@reverie/core";\nexport const world = [rapier, one];\n`,
  "libs/physics/src/node/files.ts": `import { readFileSync } from "node:fs";\nexport const read = readFileSync;\n`,
  "libs/render/package.json": manifest("render", 1, "both", ["@reverie/core", "three"]),
  "libs/render/tsconfig.json": tsconfig("libs/core"),
  "libs/render/src/index.ts": `import type { one } from "@reverie/core";\nexport type One = typeof one;\n`,
  "libs/render/src/web/view.ts": `import * as three from "three";\nexport const frame = () => [three, performance.now(), Math.sin(1)];\n`,
  "envs/tabletop/package.json": manifest("tabletop", 4, "any", ["@reverie/core", "@reverie/physics"]),
  "envs/tabletop/tsconfig.json": tsconfig("libs/core", "libs/physics"),
  "envs/tabletop/src/index.ts": `export { tasks } from "./tasks.generated.ts";\n`,
  "envs/tabletop/src/define-task.ts": `import { one } from "@reverie/core";\nimport { world } from "@reverie/physics";\nexport const defineTask = (id: string) => [id, one, world];\n`,
  "envs/tabletop/src/tasks/pick-cube.ts": `import { defineTask } from "../define-task.ts";\nexport const pickCube = defineTask("pick-cube");\n`,
  "apps/cli/package.json": manifest("cli", 5, "node", ["@reverie/tabletop"]),
  "apps/cli/tsconfig.json": tsconfig("envs/tabletop"),
  "apps/cli/src/index.ts": `import { cwd } from "node:process";\nimport { tasks } from "@reverie/tabletop";\nexport const start = [cwd, tasks, Math.random(), process.argv];\n`,
  "apps/cli/vite.config.ts": `export default {};\n`,
  "tools/arch/package.json": JSON.stringify({ name: "@reverie/arch" }),
  "tools/arch/tool.mjs": `import { one } from "../../libs/core/src/one.ts";\nconsole.log(one);\n`,
};

/**
 * Writes the clean tree with some files replaced, added or (null) left out. Generated files are written for it.
 * @param {Record<string, string | null>} changes - by path
 * @returns {{ root: string, remove: () => void }}
 */
export function fakeWorkspace(changes = {}) {
  const root = mkdtempSync(join(tmpdir(), "reverie-arch-"));
  const write = (files) => {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      if (text === null) rmSync(join(root, path));
      else writeFileSync(join(root, path), text);
    }
  };
  write(CLEAN);
  generate(root);
  write(changes);
  return { root, remove: () => rmSync(root, { recursive: true }) };
}

/** The clean tree's package.json of a folder, changed. */
export function changedManifest(folder, change) {
  const parsed = JSON.parse(CLEAN[`${folder}/package.json`]);
  change(parsed);
  return JSON.stringify(parsed, null, 2);
}
