import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** A fenced block of a page. */
export interface DocBlock {
  readonly language: string;
  readonly text: string;
  /** 1-based line of the opening fence. */
  readonly line: number;
}

/** Commands of one `sh` block, with the output that the page shows after it, if any. */
export interface DocCommands {
  readonly line: number;
  readonly commands: readonly string[];
  /** Lines that must occur in the output of the block's commands; `...` stands for anything. */
  readonly excerpt: readonly string[];
}

const FENCE = /^```(\w*)\n([\s\S]*?)^```$/gm;

/** Paths of README, CONTRIBUTING and the pages of docs/, from the root. */
export function pagePaths(root: string): string[] {
  const docs = readdirSync(join(root, "docs"))
    .filter((name) => name.endsWith(".md"))
    .sort();
  return ["README.md", "CONTRIBUTING.md", ...docs.map((name) => `docs/${name}`)];
}

export function readBlocks(root: string, page: string): DocBlock[] {
  const source = readFileSync(join(root, page), "utf8");
  return [...source.matchAll(FENCE)].map(({ 1: language = "", 2: text = "", index }) => ({
    language,
    text,
    line: source.slice(0, index).split("\n").length,
  }));
}

/** The `sh` blocks of a page, in order. `a && b` are two commands; a `text` block right after is the excerpt. */
export function readCommands(blocks: readonly DocBlock[]): DocCommands[] {
  return blocks.flatMap((block, i) => {
    if (block.language !== "sh") return [];
    const next = blocks[i + 1];
    const lines = block.text.split("\n").filter((line) => line.trim() !== "" && !line.startsWith("#"));
    return [
      {
        line: block.line,
        commands: lines.flatMap((line) => line.split(" && ")),
        excerpt: next?.language === "text" ? next.text.split("\n").filter((line) => line.trim() !== "") : [],
      },
    ];
  });
}

/** Whether a line of an excerpt occurs in an output: white space counts as one space, `...` as anything within a line. */
export function occurs(excerptLine: string, output: string): boolean {
  const parts = excerptLine
    .trim()
    .split("...")
    .map((part) =>
      part
        .trim()
        .replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)
        .replaceAll(/\s+/g, String.raw`[ \t]+`),
    );
  return new RegExp(parts.join(".*"), "u").test(output);
}
