// Determinism: what touches state, randomisation or pixels uses nothing that differs between runs or engines.

const FOLDERS = [...["core", "physics", "render", "robots", "skills", "rewards", "exploration"].map((name) => `libs/${name}/`), "envs/"];
/** Draws on the visitor's own graphics card, for the eye only. */
const EXEMPT = "libs/render/src/web/";

const FUNCTIONS = "sin|cos|tan|asin|acos|atan|atan2|sinh|cosh|tanh|asinh|acosh|atanh|exp|expm1|log|log1p|log2|log10|pow|hypot|cbrt";
const USE_EXACT = "Use exact from @reverie/core";

const BANS = [
  { pattern: /\bMath\s*\??\.\s*random\b/g, message: "Math.random is not seeded. Draw from an Rng." },
  {
    pattern: new RegExp(`\\bMath\\s*\\??\\.\\s*(?:${FUNCTIONS})\\b`, "g"),
    message: (found) => `${found} differs between engines. ${USE_EXACT}.`,
  },
  { pattern: /(?<![.\w$])Math\b(?!\s*\??\.)/g, message: "Math used as a value hides which function is called. Name the function." },
  { pattern: /\bDate\s*\.\s*now\b|\bnew\s+Date\b|(?<![.\w$])Date\s*\(/g, message: "the wall clock is no input. Count simulated steps." },
  { pattern: /\bperformance\s*\.\s*now\b/g, message: "the wall clock is no input. Count simulated steps." },
  {
    pattern: /(?<!\b2\s*)\*\*|(?<=\b2\s*)\*\*(?!\s*-?\d+(?![\w.]))|(?<=[\w.$]2\s*)\*\*/g,
    message: `a power that is not 2 ** integer may differ between engines. Multiply, or use exact from @reverie/core.`,
  },
];

/** @param {ReturnType<typeof import("../workspace.mjs").readWorkspace>} workspace */
export function determinism(workspace) {
  const findings = [];
  for (const file of workspace.files) {
    if (!file.isCode || file.isTest || file.isConfig) continue;
    if (!FOLDERS.some((folder) => file.path.startsWith(folder)) || file.path.startsWith(EXEMPT)) continue;
    for (const { pattern, message } of BANS) {
      for (const match of file.code.matchAll(pattern)) {
        findings.push(file.at(match.index, typeof message === "string" ? message : message(match[0])));
      }
    }
  }
  return findings;
}
