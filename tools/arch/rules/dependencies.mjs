// Dependencies: what is imported is declared, what is declared is imported, and the compiler's references say the same.

import { builtinModules } from "node:module";
import { posix } from "node:path";
import { packageOf } from "../workspace.mjs";

const BUILTINS = new Set(builtinModules);

/** @param {ReturnType<typeof import("../workspace.mjs").readWorkspace>} workspace */
export function dependencies(workspace) {
  return workspace.packages.flatMap((item) => [
    ...undeclared(workspace, item),
    ...unusedWorkspaceDependencies(workspace, item),
    ...references(workspace, item),
  ]);
}

function undeclared(workspace, item) {
  const findings = [];
  for (const file of item.files) {
    const forTests = file.isTest || file.isConfig;
    for (const { specifier, line } of file.imports) {
      const name = packageOf(specifier);
      if (name === undefined || name === item.name) continue;
      if (BUILTINS.has(name)) {
        findings.push({ path: file.path, line, message: `imports "${specifier}" without its prefix. Write "node:${specifier}".` });
        continue;
      }
      if (Object.hasOwn(item.dependencies, name)) continue;
      if (forTests && (Object.hasOwn(item.devDependencies, name) || Object.hasOwn(workspace.rootManifest.devDependencies ?? {}, name)))
        continue;
      const where = forTests ? "devDependencies" : "dependencies";
      findings.push({
        path: file.path,
        line,
        message: `imports ${name}, which ${item.folder}/package.json does not declare. Add it to ${where}.`,
      });
    }
  }
  return findings;
}

function unusedWorkspaceDependencies(workspace, item) {
  const used = new Set(item.files.flatMap((file) => file.imports.map(({ specifier }) => packageOf(specifier))));
  return Object.keys({ ...item.dependencies, ...item.devDependencies })
    .filter((name) => workspace.byName.has(name) && !used.has(name))
    .map((name) => item.inManifest(`"${name}"`, `${item.name} declares ${name} and never imports it. Remove the dependency.`));
}

function references(workspace, item) {
  if (item.tsconfig === undefined) return [];
  const referenced = (item.tsconfig.references ?? []).map(({ path }) => posix.normalize(posix.join(item.folder, path)));
  // Tests are compiled apart, in one program, so what only they need is no reference.
  const declared = Object.keys(item.dependencies)
    .map((name) => workspace.byName.get(name))
    .filter((found) => found !== undefined && found.tsconfig !== undefined);
  const findings = [];
  for (const dependency of declared) {
    if (!referenced.includes(dependency.folder)) {
      findings.push(item.inTsconfig('"references"', `has no reference to ${dependency.folder}, a dependency. Add it to "references".`));
    }
  }
  for (const [i, folder] of referenced.entries()) {
    if (!declared.some((dependency) => dependency.folder === folder)) {
      const raw = item.tsconfig.references[i].path;
      findings.push(
        item.inTsconfig(`"${raw}"`, `refers to ${folder}, which is no dependency in package.json. Remove it, or declare the dependency.`),
      );
    }
  }
  return findings;
}
