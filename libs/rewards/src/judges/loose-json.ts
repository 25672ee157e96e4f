// JSON as models write it: in code fences, between prose, with trailing commas. Hostile: its size and depth are bounded.

const LONGEST = 100_000;
const DEEPEST = 8;
const REFUSED_KEYS: ReadonlySet<string> = new Set(["__proto__", "constructor", "prototype"]);

/** What was read; `bare` when nothing but white space and code fences stood around it. */
export type LooseJson =
  | { readonly value: unknown; readonly bare: boolean; readonly problem?: undefined }
  | { readonly problem: string; readonly value?: undefined; readonly bare?: undefined };

/**
 * Reads the first object (or list) of a text. Code fences, prose around it and commas before a closing bracket are forgiven; more
 * than 100,000 characters, more than 8 levels, and the keys `__proto__`, `constructor` and `prototype` are not.
 */
export function readLooseJson(text: string, open: "{" | "["): LooseJson {
  if (text.length > LONGEST) return { problem: `The verdict has ${text.length} characters, at most ${LONGEST} are read.` };
  const start = text.indexOf(open);
  if (start < 0) return { problem: `The verdict has no "${open}".` };
  const found = scan(text, start);
  if ("problem" in found) return { problem: found.problem };
  let value: unknown;
  try {
    value = JSON.parse(found.json);
  } catch (error) {
    return { problem: `The verdict is no JSON: ${error instanceof Error ? error.message : String(error)}` };
  }
  if (hasRefusedKey(value)) return { problem: "The verdict has a key that is not allowed: __proto__, constructor or prototype." };
  const around = (text.slice(0, start) + text.slice(found.end)).replaceAll(/```(?:json)?/g, "");
  return { value, bare: around.trim() === "" };
}

/** The bracketed text from `start` to its partner, without commas that precede a closing bracket. */
function scan(text: string, start: number): { json: string; end: number } | { problem: string } {
  let json = "";
  let depth = 0;
  let inString = false;
  let copied = start;
  for (let i = start; i < text.length; i++) {
    const c = text[i]!;
    if (inString) {
      if (c === "\\") i++;
      else if (c === '"') inString = false;
    } else if (c === '"') inString = true;
    else if (c === ",") {
      let next = i + 1;
      while (next < text.length && /\s/.test(text[next]!)) next++;
      if (text[next] === "}" || text[next] === "]") {
        json += text.slice(copied, i);
        copied = i + 1;
      }
      i = next - 1;
    } else if (c === "{" || c === "[") {
      if (++depth > DEEPEST) return { problem: `The verdict is nested more than ${DEEPEST} levels deep.` };
    } else if ((c === "}" || c === "]") && --depth === 0) return { json: json + text.slice(copied, i + 1), end: i + 1 };
  }
  return { problem: "The verdict ends inside its JSON." };
}

function hasRefusedKey(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  return Object.entries(value).some(([key, inner]) => (!Array.isArray(value) && REFUSED_KEYS.has(key)) || hasRefusedKey(inner));
}
