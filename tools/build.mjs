// Builds everything when something changed: generated lists, compiled packages, the studio page.
// `node tools/build.mjs [--force]`; the `reverie` command calls `ensureBuilt` first. Progress goes to standard error.

import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), "..");
const ROOMS = ["libs", "envs", "apps"];
const ROOT_SOURCES = [
  "package.json",
  "package-lock.json",
  "tsconfig.json",
  "tsconfig.base.json",
  "tools/build.mjs",
  "tools/gen/generate.mjs",
];
const PACKAGE_SOURCES = ["package.json", "tsconfig.json", "src", "index.html", "public", "vite.config.ts"];
/** A lock whose owner wrote no name is taken for abandoned after this long. */
const NAMELESS_LOCK_MS = 5_000;
/** A lock of another machine (a shared folder) is taken for abandoned after this long. */
const FOREIGN_LOCK_MS = 15 * 60_000;

/** Newest change below a path and how many files and folders there are: a file that was removed changes the count. */
function measure(path, total) {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) return;
  total.newest = Math.max(total.newest, found.mtimeMs);
  total.count++;
  if (!found.isDirectory()) return;
  for (const entry of readdirSync(path, { withFileTypes: true })) {
    if (entry.isDirectory() || !/\.test\.[jt]sx?$/.test(entry.name)) measure(join(path, entry.name), total);
  }
}

function packageFolders(root) {
  return ROOMS.filter((room) => existsSync(join(root, room))).flatMap((room) =>
    readdirSync(join(root, room), { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => join(root, room, entry.name)),
  );
}

function measureSources(root) {
  const total = { newest: 0, count: 0 };
  for (const source of ROOT_SOURCES) measure(join(root, source), total);
  for (const folder of packageFolders(root)) for (const source of PACKAGE_SOURCES) measure(join(folder, source), total);
  return total;
}

function hasOutput(folder) {
  return !existsSync(join(folder, "tsconfig.json")) || ["dist", "dist-types"].some((out) => existsSync(join(folder, out)));
}

/** Whether the build on disk was made from the sources on disk. Reads no file but the stamp. */
export function isFresh(root = ROOT) {
  let stamp;
  try {
    stamp = JSON.parse(readFileSync(join(root, "dist/.stamp"), "utf8"));
  } catch {
    return false; // No build, or one that was cut short.
  }
  const sources = measureSources(root);
  if (sources.newest !== stamp.newest || sources.count !== stamp.count) return false;
  const studio = join(root, "apps/studio");
  return (
    packageFolders(root).every(hasOutput) && (!existsSync(join(studio, "vite.config.ts")) || existsSync(join(studio, "dist/index.html")))
  );
}

/** Runs a Node program and gives back what it printed. @throws Error with that text when it fails */
function run(root, name, program, args, cwd = root) {
  if (!existsSync(program)) throw new Error(`${name} is not installed; run "npm ci" in ${root} first.`);
  return new Promise((done, fail) => {
    const child = spawn(process.execPath, [program, ...args], {
      cwd,
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, NO_COLOR: "1", FORCE_COLOR: "0" },
    });
    let output = "";
    child.stdout.on("data", (chunk) => (output += chunk));
    child.stderr.on("data", (chunk) => (output += chunk));
    child.on("error", (error) => fail(new Error(`${name} could not be started: ${error.message}.`)));
    child.on("close", (code, signal) => {
      if (code === 0) done(output);
      else fail(new Error(`${name} failed with ${signal ?? `exit code ${code}`}:\n${output.trimEnd()}`));
    });
  });
}

async function build(root, log) {
  const timed = async (what, work) => {
    const start = performance.now();
    const note = (await work()) ?? "";
    log(`${what}: ${((performance.now() - start) / 1000).toFixed(1)} s${note}`);
  };
  await timed("Generated lists", async () => {
    const { generate } = await import("./gen/generate.mjs");
    const written = generate(root);
    return written.length === 0 ? "" : `, wrote ${written.join(", ")}`;
  });
  // Measured after the generator wrote and before the compiler reads: an edit made meanwhile asks for another build.
  const sources = measureSources(root);
  await timed("Compiled packages", () =>
    run(root, "The TypeScript compiler", join(root, "node_modules/typescript/bin/tsc"), ["-b", "--pretty", "false"]).then(() => undefined),
  );
  const studio = join(root, "apps/studio");
  if (existsSync(join(studio, "vite.config.ts"))) {
    await timed("Built the studio page", () =>
      run(root, "Vite", join(root, "node_modules/vite/bin/vite.js"), ["build", "--logLevel", "warn"], studio).then(() => undefined),
    );
  }
  const stamp = join(root, "dist/.stamp");
  writeFileSync(`${stamp}.new`, `${JSON.stringify(sources)}\n`);
  renameSync(`${stamp}.new`, stamp);
}

function readOwner(lock) {
  try {
    return JSON.parse(readFileSync(join(lock, "owner.json"), "utf8"));
  } catch {
    return undefined; // Not written yet, or just released.
  }
}

function isAbandoned(lock, owner) {
  const made = statSync(lock, { throwIfNoEntry: false })?.mtimeMs;
  if (made === undefined) return false;
  const age = Date.now() - made;
  if (owner === undefined) return age > NAMELESS_LOCK_MS;
  if (owner.host !== hostname()) return age > FOREIGN_LOCK_MS;
  try {
    process.kill(owner.pid, 0);
    return false;
  } catch (error) {
    return error.code === "ESRCH";
  }
}

/** Moves an abandoned lock away. Only one of several processes can: the others find another owner inside and put it back. */
function breakLock(lock, owner) {
  const aside = `${lock}.${process.pid}.${Date.now()}`;
  try {
    renameSync(lock, aside);
  } catch (error) {
    if (error.code === "ENOENT") return;
    throw error;
  }
  if (readOwner(aside)?.token !== owner?.token) renameSync(aside, lock);
  else rmSync(aside, { recursive: true, force: true });
}

async function withLock(root, log, work) {
  const lock = join(root, "dist/.lock");
  mkdirSync(dirname(lock), { recursive: true });
  const token = `${process.pid}-${Date.now()}-${process.hrtime.bigint()}`;
  let told = false;
  for (;;) {
    try {
      mkdirSync(lock);
      break;
    } catch (error) {
      if (error.code !== "EEXIST") throw new Error(`The build cannot write to ${join(root, "dist")}: ${error.message}.`, { cause: error });
    }
    const owner = readOwner(lock);
    if (isAbandoned(lock, owner)) {
      breakLock(lock, owner);
      continue;
    }
    if (!told && owner !== undefined) {
      log(`Waiting for the build of process ${owner.pid}.`);
      told = true;
    }
    await new Promise((wake) => setTimeout(wake, 100));
  }
  writeFileSync(join(lock, "owner.json"), JSON.stringify({ pid: process.pid, host: hostname(), token }));
  try {
    return await work();
  } finally {
    if (readOwner(lock)?.token === token) rmSync(lock, { recursive: true, force: true });
  }
}

/**
 * Builds when the sources are newer than the build, and returns at once when they are not. Of several processes one
 * builds and the others wait for it. An interrupted build leaves no stamp and is made again.
 *
 * @param {{ log?: (line: string) => void, force?: boolean, root?: string }} [options] - `log` gets progress lines
 * @returns {Promise<boolean>} whether something was built
 * @throws Error in one sentence, followed by what the compiler said, when a step fails
 */
export async function ensureBuilt({ log = (line) => process.stderr.write(`${line}\n`), force = false, root = ROOT } = {}) {
  if (!force && isFresh(root)) return false;
  return withLock(root, log, async () => {
    if (!force && isFresh(root)) return false;
    const start = performance.now();
    rmSync(join(root, "dist/.stamp"), { force: true });
    await build(root, log);
    log(`Built in ${((performance.now() - start) / 1000).toFixed(1)} s.`);
    return true;
  });
}

async function main() {
  const unknown = process.argv.slice(2).find((word) => word !== "--force");
  if (unknown !== undefined) {
    process.stderr.write(`Unknown option "${unknown}"; the only option is --force.\n`);
    return 2;
  }
  try {
    if (!(await ensureBuilt({ force: process.argv.includes("--force") }))) process.stderr.write("The build is fresh.\n");
    return 0;
  } catch (error) {
    process.stderr.write(`${error.message}\n`);
    return 1;
  }
}

if (process.argv[1] !== undefined && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) process.exitCode = await main();
