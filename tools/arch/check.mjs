// The gate of the architecture: `node tools/arch/check.mjs` prints one line for each finding and exits with 1, or says what it checked.

import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { dependencies } from "./rules/dependencies.mjs";
import { determinism } from "./rules/determinism.mjs";
import { doors } from "./rules/doors.mjs";
import { exportRules } from "./rules/exports.mjs";
import { floors } from "./rules/floors.mjs";
import { generated } from "./rules/generated.mjs";
import { hygiene } from "./rules/hygiene.mjs";
import { platform } from "./rules/platform.mjs";
import { readWorkspace } from "./workspace.mjs";

const RULES = [floors, dependencies, doors, platform, exportRules, determinism, hygiene, generated];

/**
 * @param {string} root - folder that holds the root package.json
 * @returns {{ findings: string[], summary: string }} findings as `path:line message`, in the order of paths
 */
export function checkArchitecture(root) {
  const workspace = readWorkspace(root);
  const findings = RULES.flatMap((rule) => rule(workspace));
  findings.sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : a.line - b.line));
  const lines = [...new Set(findings.map(({ path, line, message }) => `${path}:${line} ${message}`))];
  const files = workspace.files.filter((file) => file.isCode).length;
  return {
    findings: lines,
    summary: `Architecture holds: ${RULES.length} groups of rules, ${workspace.packages.length} packages, ${files} source files.`,
  };
}

if (process.argv[1] !== undefined && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const root = resolve(dirname(fileURLToPath(import.meta.url)), "../..");
  const { findings, summary } = checkArchitecture(root);
  console.log(findings.length === 0 ? summary : findings.join("\n"));
  process.exitCode = findings.length === 0 ? 0 : 1;
}
