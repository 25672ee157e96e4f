// Starts a task: `node tools/gen/new-task.mjs manipulation stack-plates` writes a runnable file and lists it.

import { existsSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { camelCase, generate } from "./generate.mjs";
import { manipulationTask } from "./skeletons/manipulation.mjs";

const SKELETONS = { manipulation: manipulationTask };
const KEBAB = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/;

/**
 * Writes the skeleton and refreshes the suite's index.
 * @param {string} root @param {string} suite @param {string} name - kebab case
 * @returns {string} the path written
 * @throws Error in one sentence for an unknown suite, a bad name or a task that exists
 */
export function newTask(root, suite, name) {
  if (!Object.hasOwn(SKELETONS, suite)) {
    throw new Error(`Unknown suite "${suite}"; known: ${Object.keys(SKELETONS).join(", ")}.`);
  }
  if (!KEBAB.test(name) || name.length > 40) {
    throw new Error(
      `Bad task name "${name}"; expected at most 40 lower-case letters and digits in words joined by "-", as in stack-plates.`,
    );
  }
  const path = `envs/${suite}/src/tasks/${name}.ts`;
  if (existsSync(join(root, path))) throw new Error(`${path} exists already; choose another name or edit that file.`);
  writeFileSync(join(root, path), SKELETONS[suite]({ name, exportName: camelCase(name), words: name.replaceAll("-", " ") }), {
    flag: "wx",
  });
  generate(root);
  return path;
}

function main() {
  const [suite, name, ...rest] = process.argv.slice(2);
  if (suite === undefined || name === undefined || rest.length > 0) {
    console.error("Usage: node tools/gen/new-task.mjs SUITE NAME, for example: node tools/gen/new-task.mjs manipulation stack-plates");
    return 2;
  }
  try {
    const path = newTask(resolve(dirname(fileURLToPath(import.meta.url)), "../.."), suite, name);
    console.log(`Wrote ${path}. Try it: npx reverie run ${suite}/${name} --planner symbolic`);
    return 0;
  } catch (error) {
    console.error(error.message);
    return 2;
  }
}

if (process.argv[1] !== undefined && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) process.exitCode = main();
