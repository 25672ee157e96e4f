// Tables of the documentation that are made from the program itself.
// `node tools/docs/tables.mjs` writes them; with `--check` it only says which are out of date (exit code 1).
// Needs a build (`npm run build`). A table stands between `<!-- table:NAME -->` and `<!-- /table -->`; the text of an example
// between `<!-- file:PATH -->` and `<!-- /file -->`, its path given from docs/.

import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { WHY } from "./why.mjs";

const ROOT = resolve(fileURLToPath(import.meta.url), "../../..");
const MARK = /<!-- (table|file):([\w./-]+) -->\n[\s\S]*?<!-- \/\1 -->/g;

const readJson = (path) => JSON.parse(readFileSync(join(ROOT, path), "utf8"));
const cell = (text) => String(text).replaceAll("|", "\\|").replaceAll("<", "&lt;").replaceAll(/\s+/g, " ");
const code = (text) => `\`${String(text).replaceAll("|", "\\|")}\``;

function table(heads, rows) {
  return [heads, heads.map(() => "---"), ...rows].map((row) => `| ${row.join(" | ")} |`).join("\n");
}

function manifests() {
  return ["libs", "envs", "apps", "tools"].flatMap((room) =>
    readdirSync(join(ROOT, room), { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => `${room}/${entry.name}`)
      .flatMap((folder) => {
        try {
          return [{ folder, manifest: readJson(`${folder}/package.json`) }];
        } catch (error) {
          if (error.code === "ENOENT") return [];
          throw error;
        }
      }),
  );
}

const floorOf = ({ nx }) => nx?.tags?.find((tag) => tag.startsWith("floor:"))?.slice(6) ?? "tool";

function packages() {
  const rows = manifests()
    .map(({ folder, manifest }) => ({ folder, floor: floorOf(manifest), description: manifest.description }))
    .toSorted((a, b) => a.floor.localeCompare(b.floor));
  return table(
    ["package", "floor", "what it holds"],
    rows.map(({ folder, floor, description }) => [`[${folder}](${folder})`, floor, cell(description)]),
  );
}

async function tasks() {
  const { taskCards } = await import("@reverie/manipulation");
  const rows = taskCards().map(({ id, version, description, instruction, successRule, randomization, maxSteps }) => [
    `${code(id)}, version ${version}`,
    `${cell(description)} "${cell(instruction)}"`,
    cell(successRule),
    randomization.map(cell).join("; "),
    maxSteps,
  ]);
  return table(["task", "what is asked", "success", "randomised", "steps"], rows);
}

const literal = ({ fact: [predicate, ...terms], negated }) => `${negated ? "not " : ""}${code(`${predicate}(${terms.join(", ")})`)}`;

async function skillTable() {
  const { skills } = await import("@reverie/skills");
  const rows = [...skills].map(({ signature, timeLimitSeconds }) => {
    const { name, description, parameters, preconditions, effects } = signature;
    const changes = effects.map(({ when = [], adds, deletes }) => {
      const parts = [...adds.map((fact) => literal({ fact })), ...deletes.map((fact) => literal({ fact, negated: true }))].join(", ");
      return when.length === 0 ? parts : `if ${when.map(literal).join(" and ")}: ${parts}`;
    });
    return [
      code(`${name}(${parameters.map((slot) => `${slot.name}: ${slot.type}`).join(", ")})`),
      cell(description),
      preconditions.map(literal).join(", "),
      changes.join("; "),
      `${timeLimitSeconds} s`,
    ];
  });
  return table(["skill", "does", "needs", "changes", "time limit"], rows);
}

async function rewardTable() {
  const { rewards } = await import("@reverie/rewards");
  const rows = [...rewards].map(({ id, description, range, evidence, note, paper }) => [
    code(id),
    cell(description),
    `${range[0]} to ${range[1]}`,
    `${evidence}: ${cell(note)}${paper === undefined ? "" : ` ([${paper.name} ${paper.year}](${paper.url}))`}`,
  ]);
  return table(["preset", "value", "range", "evidence"], rows);
}

async function rewardMethods() {
  const { rewardRows } = await import("@reverie/rewards");
  const rows = rewardRows.map(({ id, paper, year, url, role, exports, evidence, note, status }) => [
    code(id),
    `${url === undefined ? cell(paper) : `[${cell(paper)}](${url})`}, ${year}`,
    role,
    status === "later" ? "not here yet" : exports.map(code).join(", "),
    `${evidence}: ${cell(note)}`,
  ]);
  return table(["method", "paper", "role", "exports", "evidence"], rows);
}

async function commandTables() {
  const { commands } = await import("../../apps/cli/dist/commands.generated.js");
  return commands
    .map(({ name, summary, argument, options, examples }) => {
      const rows = [
        ...(argument === undefined ? [] : [[code(argument.placeholder), cell(argument.description)]]),
        ...options.map(({ flags, description }) => [code(flags), cell(description)]),
      ];
      return [
        `### reverie ${name}`,
        `${summary}.`,
        ...(rows.length === 0 ? [] : [table(["option", "means"], rows)]),
        ["Examples:", "", ...examples.map((example) => `- ${code(example)}`)].join("\n"),
      ].join("\n\n");
    })
    .join("\n\n");
}

/** Outside packages with who imports them, their licence and why they are here. */
function dependencies() {
  const found = new Map();
  const note = (folder, list, kind) => {
    for (const [name, version] of Object.entries(list ?? {})) {
      if (name.startsWith("@reverie/")) continue;
      const entry = found.get(name) ?? { version, runtime: new Set(), development: new Set() };
      entry[kind].add(folder);
      found.set(name, entry);
    }
  };
  note("the whole workspace", readJson("package.json").devDependencies, "development");
  for (const { folder, manifest } of manifests()) {
    note(folder, manifest.dependencies, folder.startsWith("tools/") || folder === "libs/testing" ? "development" : "runtime");
    note(folder, manifest.devDependencies, "development");
  }
  const unknown = [...found.keys()].filter((name) => !Object.hasOwn(WHY, name));
  if (unknown.length > 0) throw new Error(`tools/docs/why.mjs does not say why these are needed: ${unknown.join(", ")}.`);
  const rows = [...found]
    .map(([name, { version, runtime, development }]) => ({
      name,
      version,
      used: runtime.size > 0,
      by: [...(runtime.size > 0 ? runtime : development)],
    }))
    .toSorted((a, b) => Number(b.used) - Number(a.used) || a.name.localeCompare(b.name));
  return table(
    ["package", "version", "licence", "use", "declared by", "why"],
    rows.map(({ name, version, used, by }) => [
      code(name),
      version,
      readJson(`node_modules/${name}/package.json`).license,
      used ? "at run time" : "development",
      by.join(", "),
      cell(WHY[name]),
    ]),
  );
}

const TABLES = {
  packages,
  tasks,
  skills: skillTable,
  rewards: rewardTable,
  "reward-methods": rewardMethods,
  commands: commandTables,
  dependencies,
};

function makeTable(page, name) {
  if (!Object.hasOwn(TABLES, name)) throw new Error(`${page}: there is no table "${name}"; known: ${Object.keys(TABLES).join(", ")}.`);
  return TABLES[name]();
}

const fileBlock = (path) => `\`\`\`js\n${readFileSync(join(ROOT, "docs", path), "utf8").trimEnd()}\n\`\`\``;

/** Tables are laid out by the formatter; only their words are compared. */
const words = (text) => text.replaceAll(/-{3,}/g, "---").replaceAll(/\s+/g, " ").trim();

function pages() {
  const docs = readdirSync(join(ROOT, "docs")).filter((name) => name.endsWith(".md"));
  return ["README.md", ...docs.map((name) => `docs/${name}`)];
}

/** Makes every table; returns the pages whose text is not what it would be. Writes them unless `check`. */
async function refresh(check) {
  const changed = [];
  for (const page of pages()) {
    const path = join(ROOT, page);
    const before = readFileSync(path, "utf8");
    let after = before;
    for (const [whole, kind, name] of before.matchAll(MARK)) {
      const made = `<!-- ${kind}:${name} -->\n\n${kind === "file" ? fileBlock(name) : await makeTable(page, name)}\n\n<!-- /${kind} -->`;
      if (words(made) !== words(whole)) after = after.replace(whole, () => made);
    }
    if (after === before) continue;
    changed.push(relative(ROOT, path));
    if (!check) writeFileSync(path, after);
  }
  return changed;
}

const check = process.argv.includes("--check");
const changed = await refresh(check);
if (changed.length > 0) {
  process.stdout.write(`${check ? "Out of date; run `node tools/docs/tables.mjs`" : "Wrote"}: ${changed.join(", ")}\n`);
  if (check) process.exitCode = 1;
}
