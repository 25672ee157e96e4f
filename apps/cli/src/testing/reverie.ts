import { execFile, spawn, type ChildProcess } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const ROOT = fileURLToPath(new URL("../../../../", import.meta.url));
const BIN = fileURLToPath(new URL("../../bin/reverie.js", import.meta.url));

export interface CommandResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the real `reverie` command in the repository root, from build to exit. */
export async function reverie(
  args: readonly string[],
  options: { input?: string; env?: Readonly<Record<string, string>>; /** Closes its standard output unread. */ hangUp?: boolean } = {},
): Promise<CommandResult> {
  const child = spawn(process.execPath, [BIN, ...args], { cwd: ROOT, env: { ...process.env, ...options.env }, stdio: "pipe" });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  if (options.hangUp === true) child.stdout.destroy();
  child.stdin.end(options.input ?? "");
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  return { code, stdout, stderr };
}

/** A `reverie` command that stays up. */
export class RunningReverie {
  readonly lines: string[] = [];
  readonly #child: ChildProcess;
  readonly #closed: Promise<number | null>;
  #wake: (() => void) | undefined;

  constructor(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
    this.#child = spawn(process.execPath, [BIN, ...args], {
      cwd: ROOT,
      env: { ...process.env, ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      if (stream === null) continue;
      createInterface({ input: stream }).on("line", (line) => {
        this.lines.push(line);
        this.#wake?.();
      });
    }
    this.#closed = new Promise((resolve) => this.#child.once("close", resolve));
  }

  /** The first line that matches, now or later. @throws Error with everything said so far when it does not come in time */
  async line(pattern: RegExp, timeoutMs = 60_000): Promise<string> {
    const until = performance.now() + timeoutMs;
    for (;;) {
      const found = this.lines.find((line) => pattern.test(line));
      if (found !== undefined) return found;
      const left = until - performance.now();
      if (left <= 0 || this.#child.exitCode !== null) throw new Error(`No line matches ${String(pattern)}:\n${this.lines.join("\n")}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, Math.min(left, 500));
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  /** Ends the process without giving it a chance to clean up. */
  async killHard(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#closed;
  }

  /** Ends the processes that it started, as a crash would. */
  async killChildren(): Promise<void> {
    const { stdout } = await promisify(execFile)("ps", ["-A", "-o", "pid=,ppid="]);
    for (const line of stdout.split("\n")) {
      const [pid, parent] = line.trim().split(/\s+/).map(Number);
      if (pid !== undefined && parent === this.#child.pid) process.kill(pid, "SIGKILL");
    }
  }

  /** Waits for its end; resolves with the exit code. */
  async ended(): Promise<number | null> {
    return this.#closed;
  }

  /** Ctrl-C; resolves with the exit code. */
  async interrupt(): Promise<number | null> {
    this.#child.kill("SIGINT");
    const force = setTimeout(() => this.#child.kill("SIGKILL"), 15_000);
    const code = await this.#closed;
    clearTimeout(force);
    return code;
  }
}
