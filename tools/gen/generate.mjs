// Writes the lists of what a folder holds: tasks, skills, subcommands. `node tools/gen/generate.mjs` writes, `--check` compares.

import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { tokenize } from "../arch/tokens.mjs";

/** Line width of the formatter (.oxfmtrc.json): the lists are written as it would format them. */
const WIDTH = 140;

/** `pick-cube` -> `pickCube`. */
export function camelCase(kebab) {
  return kebab.replace(/-([a-z0-9])/g, (_, letter) => letter.toUpperCase());
}

function listsOf(root) {
  const lists = [];
  if (existsSync(join(root, "envs"))) {
    for (const suite of readdirSync(join(root, "envs")).sort()) {
      lists.push({ home: `envs/${suite}/src`, folder: "tasks", list: "tasks", suffix: "", maker: "defineTask" });
    }
  }
  lists.push({ home: "libs/skills/src", folder: "skills", list: "skillDefinitions", suffix: "Skill", maker: "defineSkill" });
  lists.push({ home: "apps/cli/src", folder: "commands", list: "commands", suffix: "Command", maker: undefined });
  return lists;
}

/** Offset and text of what is wrong with a listed file; undefined when it exports what the list needs. */
function problemOf(source, name, maker) {
  const { code } = tokenize(source);
  const declarations = [...code.matchAll(/\bexport\s+const\s+([\w$]+)\s*(?::[^=]*)?=\s*([\w$]*)/g)];
  const made = maker === undefined ? declarations.filter((found) => found[1] === name) : declarations.filter((found) => found[2] === maker);
  const wanted = `export const ${name}${maker === undefined ? "" : ` = ${maker}(...)`}`;
  if (made.length === 0) return { offset: 0, message: `does not have "${wanted}". Add it, or move the file to another folder.` };
  if (made.length > 1) return { offset: made[1].index, message: `has more than one ${maker}. Give each its own file.` };
  if (made[0][1] !== name) return { offset: made[0].index, message: `exports ${made[0][1]}. Call it ${name}, after the file.` };
  return undefined;
}

function textOf(list, folder, entries) {
  const imports = entries.map(({ name, file }) => `import { ${name} } from "./${folder}/${file}";\n`).join("");
  const names = entries.map(({ name }) => name);
  const oneLine = `export const ${list} = [${names.join(", ")}] as const;`;
  const body = oneLine.length <= WIDTH ? oneLine : `export const ${list} = [\n${names.map((name) => `  ${name},\n`).join("")}] as const;`;
  return `// Written by "npm run gen" from the files in ${folder}/. Do not edit.\n${imports}${imports === "" ? "" : "\n"}${body}\n`;
}

/**
 * What the generator would write, and what keeps it from listing a file.
 * @param {string} root
 * @returns {{ files: { path: string, text: string }[], problems: { path: string, line: number, message: string }[] }}
 */
export function planGeneratedFiles(root) {
  const files = [];
  const problems = [];
  for (const { home, folder, list, suffix, maker } of listsOf(root)) {
    const directory = join(root, home, folder);
    if (!existsSync(directory)) continue;
    const entries = [];
    for (const file of readdirSync(directory)
      .filter((name) => name.endsWith(".ts") && !name.endsWith(".test.ts"))
      .sort()) {
      const stem = file.slice(0, -3);
      const path = `${home}/${folder}/${file}`;
      const name = camelCase(stem) + suffix;
      const source = readFileSync(join(directory, file), "utf8");
      const problem = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(stem)
        ? problemOf(source, name, maker)
        : { offset: 0, message: "is not named in kebab case. Rename it, as in pick-cube.ts." };
      if (problem === undefined) entries.push({ name, file });
      else problems.push({ path, line: source.slice(0, problem.offset).split("\n").length, message: problem.message });
    }
    files.push({ path: `${home}/${folder}.generated.ts`, text: textOf(list, folder, entries) });
  }
  return { files, problems };
}

/** Paths whose text on disk is not what the plan says. Line endings do not count. */
export function staleFiles(root, files) {
  return files
    .filter(({ path, text }) => !existsSync(join(root, path)) || readFileSync(join(root, path), "utf8").replaceAll("\r\n", "\n") !== text)
    .map(({ path }) => path);
}

/**
 * Writes what is stale and returns the paths written.
 * @throws Error naming the files that cannot be listed; nothing is written then
 */
export function generate(root) {
  const { files, problems } = planGeneratedFiles(root);
  if (problems.length > 0) throw new Error(problems.map(({ path, line, message }) => `${path}:${line} ${message}`).join("\n"));
  const stale = staleFiles(root, files);
  for (const { path, text } of files) if (stale.includes(path)) writeFileSync(join(root, path), text);
  return stale;
}

function main() {
  const root = resolve(dirname(fileURLToPath(import.meta.url)), "../..");
  const unknown = process.argv.slice(2).filter((word) => word !== "--check");
  if (unknown.length > 0) {
    console.error(`Unknown option "${unknown[0]}"; the only option is --check.`);
    return 2;
  }
  if (!process.argv.includes("--check")) {
    try {
      const written = generate(root);
      console.log(written.length === 0 ? "Generated files are fresh." : `Wrote ${written.join(", ")}.`);
      return 0;
    } catch (error) {
      console.error(error.message);
      return 1;
    }
  }
  const { files, problems } = planGeneratedFiles(root);
  const stale = staleFiles(root, files);
  for (const { path, line, message } of problems) console.log(`${path}:${line} ${message}`);
  for (const path of stale) console.log(`${path}:1 is not what the generator writes. Run "npm run gen".`);
  if (problems.length + stale.length > 0) return 1;
  console.log(`Generated files are fresh: ${files.length} checked.`);
  return 0;
}

if (process.argv[1] !== undefined && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) process.exitCode = main();
