import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { checkArchitecture } from "./check.mjs";
import { changedManifest, fakeWorkspace } from "./fake-workspace.mjs";

type Changes = Record<string, string | null>;

function findingsOf(changes: Changes = {}): string[] {
  const workspace = fakeWorkspace(changes);
  try {
    return checkArchitecture(workspace.root).findings;
  } finally {
    workspace.remove();
  }
}

const line = (n: number, text: string): string => "\n".repeat(n - 1) + text;
const later = ["TO", "DO"].join("");
const machine = (folder: string): string => "/" + folder;
const host = ["registry", "npmjs", "org"].join(".");

const imports = (folder: string, name: string): Changes => ({
  [`${folder}/package.json`]: changedManifest(folder, (manifest) => (manifest.dependencies[name] = "1.0.0")),
  [`${folder}/src/extra.ts`]: line(3, `import { x } from "${name}";\nexport const y = x;\n`),
});

const env = (name: string, extra: Changes = {}): Changes => ({
  [`envs/${name}/package.json`]: changedManifest("envs/tabletop", (manifest) => {
    manifest.name = `@reverie/${name}`;
    manifest.dependencies = {};
  }),
  [`envs/${name}/src/index.ts`]: "export {};\n",
  ...extra,
});

const library = (name: string, floor: number): Changes => ({
  [`libs/${name}/package.json`]: JSON.stringify({
    name: `@reverie/${name}`,
    exports: { ".": "./src/index.ts" },
    dependencies: {},
    nx: { tags: [`floor:${floor}`] },
  }),
  [`libs/${name}/src/index.ts`]: "export {};\n",
});

test("A clean tree has no findings and says what was checked.", () => {
  const workspace = fakeWorkspace();
  const { findings, summary } = checkArchitecture(workspace.root);
  workspace.remove();
  expect(findings).toEqual([]);
  expect(summary).toMatch(/^Architecture holds: 8 groups of rules, 6 packages, \d+ source files\.$/);
});

test("The tools themselves keep the rules.", () => {
  const { findings } = checkArchitecture(fileURLToPath(new URL("../..", import.meta.url)));
  const own = findings.filter((finding) => finding.startsWith("tools/arch/") || finding.startsWith("tools/gen/"));
  expect(own).toEqual([]);
});

describe("violations are reported with file and line", () => {
  const cases: [string, Changes, string][] = [
    [
      "an import of a higher floor",
      imports("libs/core", "@reverie/physics"),
      "libs/core/src/extra.ts:3 imports @reverie/physics (floor 1) from floor 0.",
    ],
    [
      "an import of the same floor",
      imports("libs/physics", "@reverie/render"),
      "libs/physics/src/extra.ts:3 imports @reverie/render (floor 1) from floor 1.",
    ],
    [
      "a test that imports a higher floor without a devDependency",
      { "libs/core/src/up.test.ts": line(2, `import { world } from "@reverie/physics";\nvoid world;\n`) },
      "libs/core/src/up.test.ts:2 imports @reverie/physics (floor 1) from floor 0.",
    ],
    [
      "a package without a floor",
      { "libs/core/package.json": changedManifest("libs/core", (manifest) => delete manifest.nx) },
      "libs/core/package.json:1 @reverie/core has no floor.",
    ],
    [
      "an environment that imports another",
      { ...env("maze"), ...imports("envs/tabletop", "@reverie/maze") },
      "envs/tabletop/src/extra.ts:3 imports @reverie/maze, but environments",
    ],
    [
      "an environment that imports planning",
      { ...library("planning", 2), ...imports("envs/tabletop", "@reverie/planning") },
      "envs/tabletop/src/extra.ts:3 imports @reverie/planning, but environments know no planning.",
    ],
    [
      "an environment that imports training",
      { ...library("training", 3), ...imports("envs/tabletop", "@reverie/training") },
      "envs/tabletop/src/extra.ts:3 imports @reverie/training, but environments know no training.",
    ],
    [
      "rewards that import an environment",
      {
        ...library("rewards", 1),
        "libs/rewards/src/extra.ts": `import { tasks } from "@reverie/tabletop";\nexport const t = tasks;\n`,
      },
      "libs/rewards/src/extra.ts:1 imports @reverie/tabletop, but libs/rewards knows no environment.",
    ],
    [
      "an app that imports an app",
      {
        "apps/server/package.json": changedManifest("apps/cli", (manifest) => {
          manifest.name = "@reverie/server";
          manifest.dependencies = { "@reverie/cli": "1.0.0" };
        }),
        "apps/server/src/index.ts": `import { start } from "@reverie/cli";\nexport const s = start;\n`,
      },
      "apps/server/src/index.ts:1 imports @reverie/cli, but apps import no app.",
    ],
    [
      "an import of a tool",
      imports("apps/cli", "@reverie/arch"),
      "apps/cli/src/extra.ts:3 imports @reverie/arch, but tools are never imported.",
    ],
    [
      "an undeclared dependency",
      { "libs/core/src/z.ts": line(2, `import * as z from "zod";\nexport const s = z;\n`) },
      "libs/core/src/z.ts:2 imports zod, which libs/core/package.json does not declare. Add it to dependencies.",
    ],
    [
      "an undeclared dynamic import",
      { "apps/cli/src/z.ts": `export const s = await import("zod");\n` },
      "apps/cli/src/z.ts:1 imports zod,",
    ],
    [
      "a devDependency of the root used outside tests",
      { "libs/core/src/v.ts": `import { test } from "vitest";\nexport const t = test;\n` },
      "libs/core/src/v.ts:1 imports vitest,",
    ],
    [
      "a Node module without its prefix",
      { "apps/cli/src/f.ts": `import { join } from "path";\nexport const j = join;\n` },
      'apps/cli/src/f.ts:1 imports "path" without its prefix.',
    ],
    [
      "an unused workspace dependency",
      {
        "libs/physics/src/world.ts": `import rapier from "@dimforge/rapier3d";\nexport const world = rapier;\n`,
      },
      "libs/physics/package.json:8 @reverie/physics declares @reverie/core and never imports it.",
    ],
    [
      "a dependency without a reference",
      { "libs/physics/tsconfig.json": JSON.stringify({ references: [] }) },
      "libs/physics/tsconfig.json:1 has no reference to libs/core",
    ],
    [
      "a reference without a dependency",
      { "libs/render/tsconfig.json": JSON.stringify({ references: [{ path: "../core" }, { path: "../physics" }] }, null, 1) },
      "libs/render/tsconfig.json:7 refers to libs/physics, which is no dependency",
    ],
    [
      "Rapier outside physics",
      imports("libs/render", "@dimforge/rapier3d-compat"),
      "libs/render/src/extra.ts:3 imports @dimforge/rapier3d-compat, whose only door is libs/physics.",
    ],
    ["three outside render", imports("apps/cli", "three"), "apps/cli/src/extra.ts:3 imports three, whose only door is libs/render."],
    [
      "ONNX Runtime outside tensor",
      imports("apps/cli", "onnxruntime-node"),
      "apps/cli/src/extra.ts:3 imports onnxruntime-node, whose only door is libs/tensor.",
    ],
    [
      "socket.io outside wire",
      imports("apps/cli", "socket.io-client"),
      "apps/cli/src/extra.ts:3 imports socket.io-client, whose only door is libs/wire.",
    ],
    ["BullMQ outside jobs", imports("apps/cli", "bullmq"), "apps/cli/src/extra.ts:3 imports bullmq, whose only door is libs/jobs."],
    [
      "a deep import",
      { "apps/cli/src/d.ts": line(4, `export { tasks } from "@reverie/tabletop/src/tasks.generated.ts";\n`) },
      'apps/cli/src/d.ts:4 imports "@reverie/tabletop/src/tasks.generated.ts", which @reverie/tabletop does not export.',
    ],
    [
      "a relative import that leaves the package",
      { "libs/physics/src/d.ts": `export { one } from "../../core/src/one.ts";\n` },
      'libs/physics/src/d.ts:1 imports "../../core/src/one.ts", a file outside libs/physics.',
    ],
    [
      "a Node module in platform:any",
      { "libs/core/src/n.ts": `import { join } from "node:path";\nexport const j = join;\n` },
      "libs/core/src/n.ts:1 imports node:path in a package tagged platform:any.",
    ],
    [
      "a Node module in platform:both outside its node entry",
      { "libs/physics/src/n.ts": `import { join } from "node:path";\nexport const j = join;\n` },
      "libs/physics/src/n.ts:1 imports node:path in a package tagged platform:both.",
    ],
    [
      "a browser entry that reaches into the node entry",
      { "libs/physics/src/n.ts": `export { read } from "./node/files.ts";\n` },
      'libs/physics/src/n.ts:1 imports "./node/files.ts", which runs in Node only.',
    ],
    [
      "export * in an index",
      { "libs/core/src/index.ts": line(2, `export * from "./one.ts";\n`) },
      "libs/core/src/index.ts:2 re-exports everything.",
    ],
    ["a default export", { "libs/core/src/d.ts": line(2, "export default 1;\n") }, "libs/core/src/d.ts:2 has a default export."],
    [
      "a default export by renaming",
      { "libs/core/src/d.ts": "const a = 1;\nexport { a as default };\n" },
      "libs/core/src/d.ts:2 has a default export.",
    ],
    [
      "code that imports a test",
      { "libs/core/src/d.ts": `import "./one.test.ts";\n` },
      'libs/core/src/d.ts:1 imports "./one.test.ts", which is for tests.',
    ],
    [
      "a stale generated file",
      { "envs/tabletop/src/tasks/push-cube.ts": `export const pushCube = defineTask("push-cube");\n` },
      "envs/tabletop/src/tasks.generated.ts:1 is not what the generator writes.",
    ],
    [
      "a task whose name is not its file's",
      { "envs/tabletop/src/tasks/pick-cube.ts": line(3, `export const pick = defineTask("pick");\n`) },
      "envs/tabletop/src/tasks/pick-cube.ts:3 exports pick. Call it pickCube, after the file.",
    ],
    [
      "a long file",
      { "libs/core/src/long.ts": "export {};\n".repeat(451) },
      "libs/core/src/long.ts:1 has 451 lines of code, more than 450.",
    ],
    [
      "a long test",
      { "libs/core/src/long.test.ts": "export {};\n".repeat(601) },
      "libs/core/src/long.test.ts:1 has 601 lines of code, more than 600.",
    ],
    [
      "a path of one machine",
      { "libs/core/src/p.ts": line(2, `export const p = "${machine("tmp")}/x";\n`) },
      "libs/core/src/p.ts:2 holds a path of one machine.",
    ],
    ["a path of one machine in a page", { "docs/p.md": `Look into ${machine("home")}/me.\n` }, "docs/p.md:1 holds a path of one machine."],
    ["a package registry", { "docs/p.md": `\nInstall from ${host}.\n` }, "docs/p.md:2 names a package registry."],
    [
      "a package registry in the lock file",
      { "package-lock.json": `{\n"resolved": "${host}"}` },
      "package-lock.json:2 names a package registry.",
    ],
    [
      "a test that runs alone",
      { "libs/core/src/o.test.ts": line(2, `test${".only"}("x", () => {});\n`) },
      "libs/core/src/o.test.ts:2 runs alone",
    ],
    ["a note for later", { "libs/core/src/t.ts": line(2, `// ${later}: finish\n`) }, "libs/core/src/t.ts:2 leaves work for later."],
  ];
  test.each(cases)("%s", (_name, changes, expected) => {
    const findings = findingsOf(changes);
    expect(
      findings.find((finding) => finding.startsWith(expected)),
      findings.join("\n"),
    ).toBeDefined();
  });
});

describe("globals of Node and the browser in platform:any", () => {
  test.each(["document", "window", "process", "Buffer", "navigator", "localStorage"])("%s is reported", (name) => {
    expect(findingsOf({ "libs/core/src/g.ts": line(2, `export const g = ${name}.x;\n`) })).toEqual([
      `libs/core/src/g.ts:2 uses the global ${name} in a package tagged platform:any. Take what is needed as a parameter.`,
    ]);
  });

  test.each([
    "export function f(window: number): number {\n  return window + 1;\n}\n",
    "export const f = (items: number[]) => items.map((process) => process + 1);\n",
    "export const f = { process: 1, window: 2 };\n",
    "export const f = (a: { process: number }) => a.process;\n",
    "const { document } = { document: 1 };\nexport const d = document;\n",
    "// window.document is for browsers\nexport const text = 'process.exit';\n",
  ])("a name of one's own is not: %j", (text) => {
    expect(findingsOf({ "libs/core/src/g.ts": text })).toEqual([]);
  });
});

describe("determinism", () => {
  const banned = [
    ...["random", "sin", "cos", "tan", "asin", "acos", "atan", "atan2", "sinh", "cosh", "tanh", "exp", "expm1"].map(
      (name) => `Math.${name}(1)`,
    ),
    ...["log", "log1p", "log2", "log10", "pow", "hypot", "cbrt"].map((name) => `Math.${name}(1)`),
    "Date.now()",
    "new Date()",
    "performance.now()",
    "x ** 2",
    "x ** 0.5",
    "2 ** x",
    "2 ** 0.5",
    "12 ** 2",
    "1.2 ** 2",
    "Math",
    "`${Math.sin(1)}`",
  ];
  test.each(banned)("%s is reported", (expression) => {
    const findings = findingsOf({ "libs/core/src/d.ts": line(3, `export const d = (x: number) => ${expression};\n`) });
    expect(findings).toHaveLength(1);
    expect(findings[0]).toMatch(/^libs\/core\/src\/d\.ts:3 /);
  });

  test.each([
    "Math.sqrt(x)",
    "Math.imul(x, 3)",
    "2 ** 54",
    "2 ** -1000",
    '"Math.random()"',
    "`Math.random() ${x} Math.sin`",
    "x /* Math.sin(x) */",
    "/Math.random/.test(`${x}`)",
    "x / 2 / Math.sqrt(2) // Math.sin(x)",
    "exact.sin(x)",
  ])("%s is not", (expression) => {
    expect(findingsOf({ "libs/core/src/d.ts": `export const d = (x: number, exact: any) => ${expression}\n;\n` })).toEqual([]);
  });

  test("apps, tests and the page's own drawing may use the clock.", () => {
    expect(findingsOf({ "apps/cli/src/c.ts": "export const c = Date.now() + Math.sin(1);\n" })).toEqual([]);
  });
});

test("A test may import a higher floor that its package declares as a devDependency.", () => {
  expect(
    findingsOf({
      "libs/core/package.json": changedManifest("libs/core", (manifest) => (manifest.devDependencies = { "@reverie/physics": "1.0.0" })),
      "libs/core/src/up.test.ts": `import { world } from "@reverie/physics";\nvoid world;\n`,
    }),
  ).toEqual([]);
});

test("Helpers of tests follow the rules of tests, and nothing else imports them.", () => {
  const helpers = {
    "libs/core/src/test-support.ts": "export const x = Math.random();\n",
    "libs/core/src/testing/y.ts": "export const y = Date.now();\n",
  };
  expect(findingsOf(helpers)).toEqual([]);
  expect(
    findingsOf({ ...helpers, "libs/core/src/two.ts": `export { x } from "./test-support.ts";\nexport { y } from "./testing/y.ts";\n` }),
  ).toEqual([
    'libs/core/src/two.ts:1 imports "./test-support.ts", which is for tests. Move the shared part out of the test.',
    'libs/core/src/two.ts:2 imports "./testing/y.ts", which is for tests. Move the shared part out of the test.',
  ]);
});

test("Blank lines and comments do not make a file long.", () => {
  expect(findingsOf({ "libs/core/src/long.ts": "export {};\n// why\n\n/* a\n b */\n".repeat(449) })).toEqual([]);
});
