// Hygiene: files stay short, and nothing that belongs to one machine or one afternoon is kept.

const LIMIT = 450;
const TEST_LIMIT = 600;

// Written so that this file does not contain what it looks for.
const MACHINE_FOLDERS = ["work", "home", "root", "tmp"].join("|");
const MACHINE_PATH = new RegExp(`(?<![\\w.$})\\]*/-])/(?:${MACHINE_FOLDERS})(?=[/"'\`\\s)]|$)`, "gm");
const LEFTOVER = /\bTO[D]O\b|\bFIX[M]E\b/g;
const DOMAINS = "(?:org|com|io|net|dev|cn|local|internal)";
const REGISTRY_HOSTS = new RegExp(
  `\\bregistry\\.[\\w-]+\\.${DOMAINS}\\b|\\b[\\w.-]+\\.pkg\\.github\\.com\\b|\\bfiles\\.pythonhosted\\.org\\b|\\b[\\w-]*(?:artifactory|verdaccio)[\\w-]*\\.[\\w.-]+\\b`,
  "gi",
);

/** @param {ReturnType<typeof import("../workspace.mjs").readWorkspace>} workspace */
export function hygiene(workspace) {
  const findings = [];
  for (const file of workspace.files) {
    if (file.name === "package-lock.json") {
      findings.push(...matches(file, REGISTRY_HOSTS, "names a package registry. Let npm's own settings choose it."));
      continue;
    }
    findings.push(
      ...matches(file, MACHINE_PATH, "holds a path of one machine. Use a relative path or a parameter."),
      ...matches(file, REGISTRY_HOSTS, "names a package registry. Let npm's own settings choose it."),
    );
    if (!file.isCode) continue;
    findings.push(...matches(file, LEFTOVER, "leaves work for later. Do it, or delete the note."));
    if (file.isTest) {
      for (const match of file.code.matchAll(/\b(?:it|test|describe|suite)(?:\.\w+)*\.only\b/g)) {
        findings.push(file.at(match.index, `runs alone and hides the other tests. Remove ".only".`));
      }
    }
    findings.push(...length(file));
  }
  return findings;
}

function matches(file, pattern, message) {
  return [...file.source.matchAll(pattern)].map((match) => file.at(match.index, message));
}

function length(file) {
  const limit = file.isTest ? TEST_LIMIT : LIMIT;
  const lines = file.tokens.text.split("\n").filter((line) => line.trim() !== "").length;
  return lines > limit
    ? [{ path: file.path, line: 1, message: `has ${lines} lines of code, more than ${limit}. Split it by subject.` }]
    : [];
}
