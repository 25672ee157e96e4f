// Splits TypeScript and JavaScript text into code, strings and comments, so that rules about code do not fire on prose.
// Every output has the length and the line breaks of its input: an offset in one is an offset in the other.

const REGEX_BEFORE_WORD = new Set(["return", "typeof", "case", "in", "of", "delete", "void", "instanceof", "do", "else", "await", "yield"]);

/**
 * @param {string} source
 * @returns {{ code: string, text: string }} `code` has comments and the inside of strings, templates and regular
 * expressions blanked (quotes stay); `text` has only comments blanked
 */
export function tokenize(source) {
  const code = source.split("");
  const text = source.split("");
  const n = source.length;
  /** Depth of braces inside each open `${`; empty outside templates. */
  const templates = [];
  /** Offset of the last character of code that is not white space. */
  let last = -1;
  let i = 0;

  const blank = (out, from, to) => {
    for (let k = from; k < to && k < n; k++) if (out[k] !== "\n" && out[k] !== "\r") out[k] = " ";
  };
  const comment = (to) => {
    blank(code, i, to);
    blank(text, i, to);
    i = to;
  };
  const inTemplate = () => {
    const from = i;
    while (i < n && source[i] !== "`") {
      if (source[i] === "\\") i++;
      else if (source[i] === "$" && source[i + 1] === "{") {
        blank(code, from, i);
        templates.push(0);
        i += 2;
        last = i - 1;
        return;
      }
      i++;
    }
    blank(code, from, i);
    last = i;
    i++;
  };

  while (i < n) {
    const c = source[i];
    const next = source[i + 1];
    if (c === "/" && next === "/") comment(endOfLine(source, i));
    else if (i === 0 && c === "#" && next === "!") comment(endOfLine(source, i));
    else if (c === "/" && next === "*") {
      const end = source.indexOf("*/", i + 2);
      comment(end === -1 ? n : end + 2);
    } else if (c === '"' || c === "'") {
      const end = endOfString(source, i);
      if (end > i) blank(code, i + 1, end);
      last = Math.max(end, i);
      i = last + 1;
    } else if (c === "`") {
      i++;
      inTemplate();
    } else if (c === "/" && startsRegex(source, code, last)) {
      const end = endOfRegex(source, i);
      if (end > i) blank(code, i + 1, end);
      last = Math.max(end, i);
      i = last + 1;
    } else if (templates.length > 0 && c === "}" && templates.at(-1) === 0) {
      templates.pop();
      i++;
      inTemplate();
    } else {
      if (templates.length > 0 && c === "{") templates[templates.length - 1]++;
      if (templates.length > 0 && c === "}") templates[templates.length - 1]--;
      if (!/\s/.test(c)) last = i;
      i++;
    }
  }
  return { code: code.join(""), text: text.join("") };
}

function endOfLine(source, from) {
  const end = source.indexOf("\n", from);
  return end === -1 ? source.length : end;
}

/** Offset of the closing quote; `from` itself when the line ends first (an apostrophe in JSX prose is no string). */
function endOfString(source, from) {
  for (let k = from + 1; k < source.length; k++) {
    if (source[k] === "\\") k++;
    else if (source[k] === "\n") return from;
    else if (source[k] === source[from]) return k;
  }
  return from;
}

/** Whether a slash after the code at `last` opens a regular expression, and is not a division or a closing tag. */
function startsRegex(source, code, last) {
  if (last < 0) return true;
  if ("<)]}\"'`".includes(source[last])) return false;
  if (!/[\w$]/.test(source[last])) return true;
  let start = last;
  while (start > 0 && /[\w$]/.test(code[start - 1])) start--;
  return REGEX_BEFORE_WORD.has(source.slice(start, last + 1));
}

function endOfRegex(source, from) {
  let inClass = false;
  for (let k = from + 1; k < source.length; k++) {
    const c = source[k];
    if (c === "\\") k++;
    else if (c === "\n") return from;
    else if (c === "[") inClass = true;
    else if (c === "]") inClass = false;
    else if (c === "/" && !inClass) return k;
  }
  return from;
}

/** 1-based line of an offset. */
export function lineAt(source, offset) {
  let line = 1;
  for (let k = source.indexOf("\n"); k !== -1 && k < offset; k = source.indexOf("\n", k + 1)) line++;
  return line;
}

const IMPORT = /(?<![.\w$])(?:from\s*|import\s*\(?\s*|require\s*\(\s*|import\.meta\.resolve\s*\(\s*)(["'`])/g;

/**
 * Module names that the file imports, re-exports, requires or resolves, with where each name starts.
 * @param {string} source
 * @param {string} code - `tokenize(source).code`
 */
export function importsOf(source, code) {
  const found = [];
  for (const match of code.matchAll(IMPORT)) {
    const start = match.index + match[0].length;
    const end = code.indexOf(match[1], start);
    if (end > start) found.push({ specifier: source.slice(start, end), offset: match.index });
  }
  return found;
}
