import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { PeerError } from "@reverie/core";
import type { MonitorReport } from "../evaluation/monitor-report.ts";
import type { Judgement } from "../evaluation/monitor-test.ts";
import type { EvaluationReport } from "../evaluation/report.ts";
import type { EpisodeOutcome } from "../evaluation/run-evaluation.ts";
import type { ResultCell } from "./cells.ts";
import { weightFiles } from "./planners.ts";

export type SuccessFigures = EvaluationReport & { readonly outcomes: readonly EpisodeOutcome[] };
export type MonitorFigures = MonitorReport & { readonly judgements: readonly Judgement[] };

/** What was measured in a cell. */
export type Measured =
  | { readonly cell: ResultCell; readonly kind: "success"; readonly report: SuccessFigures }
  | { readonly cell: ResultCell; readonly kind: "judged"; readonly report: MonitorFigures };

export interface RunCellsOptions {
  readonly cells: readonly ResultCell[];
  /** Folder that figures are kept in, one file a cell. */
  readonly folder: string;
  /** Calls at a time; what is timed runs alone. */
  readonly parallel: number;
  readonly signal: AbortSignal;
  readonly say: (line: string) => void;
}

const MAIN = new URL("../main.js", import.meta.url.replace("/src/", "/dist/")).href;
/** Hands over to the compiled command without a look at the sources: whoever calls has built it, and it shall not change half-way. */
const HAND_OVER = "const { main } = await import(process.argv[1]); process.exitCode = await main(process.argv.slice(2));";

/** What decides a cell's figures: its call, and the weights that it names. */
function keyOf({ args, planner }: ResultCell): string {
  const weights = planner.weights === undefined ? [] : weightFiles(planner.weights).map(({ sha256 }) => sha256);
  return createHash("sha256")
    .update(JSON.stringify([args, weights]))
    .digest("hex");
}

function measured(cell: ResultCell, report: unknown): Measured {
  return cell.kind === "monitor test"
    ? { cell, kind: "judged", report: report as MonitorFigures }
    : { cell, kind: "success", report: report as SuccessFigures };
}

/** Figures of an earlier call, if it was the same one. */
function kept(path: string, key: string): unknown {
  if (!existsSync(path)) return undefined;
  const found = JSON.parse(readFileSync(path, "utf8")) as { key?: unknown; report?: unknown };
  return found.key === key ? found.report : undefined;
}

/** Runs `reverie eval` in a process of its own. Undefined when it was stopped. */
async function evaluate(cell: ResultCell, folder: string, signal: AbortSignal): Promise<unknown> {
  const out = join(folder, `${cell.id}.part`);
  const child = spawn(process.execPath, ["--input-type=module", "-e", HAND_OVER, MAIN, "eval", ...cell.args, "--out", out], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  const lines: string[] = [];
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    lines.push(text);
    if (lines.length > 20) lines.shift();
  });
  const stop = (): void => void child.kill("SIGINT");
  signal.addEventListener("abort", stop, { once: true });
  try {
    const code = await new Promise<number | null>((resolve, reject) => child.once("error", reject).once("close", resolve));
    if (signal.aborted) return undefined;
    if (code !== 0) throw new PeerError(`reverie eval ${cell.args.join(" ")}`, `ended with code ${code}:\n${lines.join("")}`);
    return JSON.parse(readFileSync(join(out, "report.json"), "utf8")) as unknown;
  } finally {
    signal.removeEventListener("abort", stop);
    rmSync(out, { recursive: true, force: true });
  }
}

/**
 * Measures all cells. Each one's figures are kept in a file at once, so that a stopped run goes on where it was.
 * @returns undefined when it was stopped
 * @throws PeerError when an evaluation fails
 */
export async function runCells({ cells, folder, parallel, signal, say }: RunCellsOptions): Promise<Measured[] | undefined> {
  mkdirSync(folder, { recursive: true });
  const found = new Map<ResultCell, Measured>();
  const work = async (queue: ResultCell[]): Promise<void> => {
    for (let cell = queue.shift(); cell !== undefined; cell = queue.shift()) {
      if (signal.aborted) return;
      const path = join(folder, `${cell.id}.json`);
      const key = keyOf(cell);
      const report = kept(path, key) ?? (await evaluate(cell, folder, signal));
      if (report === undefined) return;
      writeFileSync(`${path}.new`, JSON.stringify({ key, report }));
      renameSync(`${path}.new`, path);
      found.set(cell, measured(cell, report));
      say(`[${found.size}/${cells.length}] ${cell.kind}: ${cell.planner.name}, ${cell.set.name}`);
    }
  };
  const timed = cells.filter(({ kind }) => kind === "latency");
  const queue = cells.filter(({ kind }) => kind !== "latency");
  await Promise.all(Array.from({ length: parallel }, () => work(queue)));
  await work(timed);
  return signal.aborted ? undefined : cells.map((cell) => found.get(cell)!);
}
