// Exports: a package's index is a hand-written list, and every export has a name.

import { isTestPath } from "../workspace.mjs";

/** @param {ReturnType<typeof import("../workspace.mjs").readWorkspace>} workspace */
export function exportRules(workspace) {
  const findings = [];
  for (const item of workspace.packages) {
    for (const file of item.files) {
      if (/\/src\/(?:.*\/)?index\.tsx?$/.test(file.path)) {
        for (const match of file.code.matchAll(/\bexport\s+(?:type\s+)?\*\s*from\b/g)) {
          findings.push(file.at(match.index, `re-exports everything. List the names one by one.`));
        }
      }
      if (file.isConfig) continue;
      for (const match of file.code.matchAll(/\bexport\s+default\b|\bexport\s*\{[^}]*\bas\s+default\b/g)) {
        findings.push(file.at(match.index, `has a default export. Export it by name.`));
      }
      if (file.isTest) continue;
      for (const { specifier, line } of file.imports) {
        if (specifier.startsWith(".") && isTestPath(specifier)) {
          findings.push({
            path: file.path,
            line,
            message: `imports "${specifier}", which is for tests. Move the shared part out of the test.`,
          });
        }
      }
    }
  }
  return findings;
}
