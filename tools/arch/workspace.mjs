// The workspace as the rules see it: packages with their tags and dependencies, source files with their tokens.

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, extname, join } from "node:path";
import { importsOf, lineAt, tokenize } from "./tokens.mjs";

const ROOMS = ["libs", "envs", "apps", "tools"];
const SKIPPED = new Set([
  "node_modules",
  "dist",
  "dist-types",
  ".git",
  ".nx",
  ".vitest",
  "coverage",
  "recordings",
  "out",
  "shared",
  "test-results",
]);
const CODE = new Set([".ts", ".tsx", ".mts", ".js", ".mjs", ".cjs"]);
const PROSE = new Set([...CODE, ".json", ".md", ".html", ".css", ".sh", ".py", ".toml", ".yml", ".yaml", ".urdf", ".xml", ""]);

/** Tests, and what only they import: `x.test.ts`, `test-support.ts`, anything in a folder named `testing`. */
export function isTestPath(path) {
  const parts = path.split("/");
  return parts.includes("testing") || /(?:\.test|^test-[a-z-]+)\.[cm]?[jt]sx?$/.test(parts.at(-1));
}

/** Reads a source file lazily; offsets become lines through `at`. */
class SourceFile {
  #source;
  #tokens;
  #imports;

  /** @param {string} root @param {string} path - from the root, with forward slashes */
  constructor(root, path) {
    this.root = root;
    this.path = path;
    this.name = basename(path);
    this.isCode = CODE.has(extname(path));
    this.isTest = isTestPath(path);
    this.isConfig = /\.config\.[cm]?[jt]s$/.test(path);
  }

  get source() {
    return (this.#source ??= readFileSync(join(this.root, this.path), "utf8"));
  }

  get tokens() {
    return (this.#tokens ??= tokenize(this.source));
  }

  /** Code with comments and strings blanked. */
  get code() {
    return this.tokens.code;
  }

  get imports() {
    return (this.#imports ??= importsOf(this.source, this.code).map((found) => ({
      ...found,
      line: lineAt(this.source, found.offset),
    })));
  }

  /** A finding at an offset of this file. */
  at(offset, message) {
    return { path: this.path, line: lineAt(this.source, offset), message };
  }
}

function walk(root, folder, out) {
  for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
    const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
    if (entry.isDirectory()) {
      if (!SKIPPED.has(entry.name)) walk(root, path, out);
    } else if (entry.isFile() && PROSE.has(extname(entry.name)) && !entry.name.endsWith(".tsbuildinfo")) {
      out.push(path);
    }
  }
}

function tagValue(manifest, name) {
  const tag = (manifest.nx?.tags ?? []).find((candidate) => candidate.startsWith(`${name}:`));
  return tag?.slice(name.length + 1);
}

function readPackage(root, folder, files) {
  const manifestPath = `${folder}/package.json`;
  const manifestText = readFileSync(join(root, manifestPath), "utf8");
  const manifest = JSON.parse(manifestText);
  const floor = tagValue(manifest, "floor");
  const configPath = join(root, folder, "tsconfig.json");
  return {
    folder,
    room: folder.split("/")[0],
    name: manifest.name,
    floor: floor === undefined ? undefined : Number(floor),
    platform: tagValue(manifest, "platform"),
    manifest,
    dependencies: manifest.dependencies ?? {},
    devDependencies: manifest.devDependencies ?? {},
    tsconfig: existsSync(configPath) ? JSON.parse(readFileSync(configPath, "utf8")) : undefined,
    files: files.filter((file) => file.isCode && file.path.startsWith(`${folder}/`)),
    /** A finding at the first line of package.json that holds `text`, or at line 1. */
    inManifest: (text, message) => ({ path: manifestPath, line: lineOf(manifestText, text), message }),
    /** The same for tsconfig.json. */
    inTsconfig: (text, message) => ({ path: `${folder}/tsconfig.json`, line: lineOf(readFileSync(configPath, "utf8"), text), message }),
  };
}

function lineOf(text, part) {
  const offset = text.indexOf(part);
  return offset === -1 ? 1 : lineAt(text, offset);
}

/** @param {string} root - folder that holds the root package.json */
export function readWorkspace(root) {
  const paths = [];
  walk(root, "", paths);
  const files = paths.sort().map((path) => new SourceFile(root, path));
  const packages = [];
  for (const room of ROOMS) {
    if (!existsSync(join(root, room))) continue;
    for (const entry of readdirSync(join(root, room)).sort()) {
      if (existsSync(join(root, room, entry, "package.json"))) packages.push(readPackage(root, `${room}/${entry}`, files));
    }
  }
  return {
    root,
    files,
    packages,
    byName: new Map(packages.map((item) => [item.name, item])),
    rootManifest: JSON.parse(readFileSync(join(root, "package.json"), "utf8")),
  };
}

/** The package part of an import: `@a/b` of `@a/b/c`, `x` of `x/y`; undefined for relative and `node:` imports. */
export function packageOf(specifier) {
  if (specifier.startsWith(".") || specifier.startsWith("/") || specifier.startsWith("#") || specifier.startsWith("node:"))
    return undefined;
  return specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");
}
