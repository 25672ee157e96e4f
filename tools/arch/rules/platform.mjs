// Platforms: code tagged `platform:any` knows neither Node nor the browser; `platform:both` and `platform:web` load in a
// browser, with Node's own modules behind entries named `server` or `node`. Tests and config files run in Node.

import { posix } from "node:path";

const GLOBALS = ["document", "window", "process", "Buffer", "navigator", "localStorage"];

/** @param {ReturnType<typeof import("../workspace.mjs").readWorkspace>} workspace */
export function platform(workspace) {
  const findings = [];
  for (const item of workspace.packages) {
    if (!["any", "both", "web"].includes(item.platform)) continue;
    for (const file of item.files) {
      if (file.isTest || file.isConfig) continue;
      const nodeSide = item.platform !== "any" && isNodeEntry(item, file.path);
      if (!nodeSide) findings.push(...nodeImports(item, file));
      if (item.platform === "any") findings.push(...globals(file));
    }
  }
  return findings;
}

function isNodeEntry(item, path) {
  return path
    .slice(item.folder.length + 1)
    .split("/")
    .some((part) => /^(server|node)(\.[a-z]+)?$/.test(part));
}

function nodeImports(item, file) {
  const findings = [];
  for (const { specifier, line } of file.imports) {
    if (specifier.startsWith("node:")) {
      const fix = item.platform === "any" ? "Take what is needed as a parameter" : "Move it to an entry named server or node";
      findings.push({ path: file.path, line, message: `imports ${specifier} in a package tagged platform:${item.platform}. ${fix}.` });
    } else if (specifier.startsWith(".") && item.platform !== "any") {
      const target = posix.normalize(posix.join(posix.dirname(file.path), specifier));
      if (target.startsWith(`${item.folder}/`) && isNodeEntry(item, target)) {
        findings.push({
          path: file.path,
          line,
          message: `imports "${specifier}", which runs in Node only. Export it from the server or node entry.`,
        });
      }
    }
  }
  return findings;
}

function globals(file) {
  const findings = [];
  for (const name of GLOBALS) {
    if (declares(file.code, name)) continue;
    // A key (`process: 1`), a property (`a.process`) or a longer word is no use of the global; `a ? process : b` is.
    const use = new RegExp(`(?<![.\\w$#]|\\?\\.)${name}\\b(?!\\s*\\??:)|\\?\\s*${name}\\b(?=\\s*:)|\\bglobalThis\\.${name}\\b`, "g");
    for (const match of file.code.matchAll(use)) {
      findings.push(file.at(match.index, `uses the global ${name} in a package tagged platform:any. Take what is needed as a parameter.`));
    }
  }
  return findings;
}

/** Whether the file has a variable, function, import or parameter of this name. */
function declares(code, name) {
  const patterns = [
    `\\b(?:const|let|var|function|class)\\s+${name}\\b`,
    `\\b(?:const|let|var|import|import type)\\s*[{[][^}\\]]*\\b${name}\\b`,
    `[(,]\\s*${name}\\s*\\??:`,
    `\\b${name}\\s*\\)?\\s*=>`,
  ];
  return patterns.some((pattern) => new RegExp(pattern).test(code));
}
