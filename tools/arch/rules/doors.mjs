// Doors: each heavy library is imported by exactly one package. Packages are entered through their exports.

import { posix } from "node:path";
import { packageOf } from "../workspace.mjs";

const DOORS = [
  { library: /^@dimforge\//, owner: "libs/physics" },
  { library: /^three$/, owner: "libs/render" },
  { library: /^onnxruntime-node$/, owner: "libs/tensor" },
  { library: /^socket\.io/, owner: "libs/wire" },
  { library: /^(bullmq|ioredis)$/, owner: "libs/jobs" },
];
/** Measures against the libraries themselves. */
const EXEMPT = "tools/bench";

/** @param {ReturnType<typeof import("../workspace.mjs").readWorkspace>} workspace */
export function doors(workspace) {
  const findings = [];
  for (const item of workspace.packages) {
    for (const file of item.files) {
      for (const { specifier, line } of file.imports) {
        const name = packageOf(specifier);
        const problem =
          name === undefined ? leavesPackage(item, file, specifier) : (door(item, name) ?? deepImport(workspace, item, specifier));
        if (problem !== undefined) findings.push({ path: file.path, line, message: problem });
      }
    }
  }
  return findings;
}

function door(item, name) {
  if (item.folder === EXEMPT) return undefined;
  const found = DOORS.find(({ library, owner }) => library.test(name) && owner !== item.folder);
  return found === undefined
    ? undefined
    : `imports ${name}, whose only door is ${found.owner}. Use what @reverie/${found.owner.slice(5)} exports.`;
}

function deepImport(workspace, item, specifier) {
  const target = workspace.byName.get(packageOf(specifier));
  if (target === undefined || target === item) return undefined;
  const entry = `.${specifier.slice(target.name.length)}`;
  const entries = Object.keys(target.manifest.exports ?? {});
  if (entries.includes(entry)) return undefined;
  return `imports "${specifier}", which ${target.name} does not export. Use one of: ${entries.map((e) => target.name + e.slice(1)).join(", ") || "none"}.`;
}

function leavesPackage(item, file, specifier) {
  // A command's launcher may build before it starts what was built.
  if (!specifier.startsWith(".") || item.room === "tools" || file.path.startsWith(`${item.folder}/bin/`)) return undefined;
  const target = posix.normalize(posix.join(posix.dirname(file.path), specifier));
  if (target.startsWith(`${item.folder}/`)) return undefined;
  return `imports "${specifier}", a file outside ${item.folder}. Import the package by its name.`;
}
