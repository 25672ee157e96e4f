import { spawn, type ChildProcess } from "node:child_process";
import { setTimeout as wait } from "node:timers/promises";

/** What a command said and how it ended. */
export interface Ended {
  /** Undefined when a signal ended it. */
  readonly code: number | undefined;
  /** Both outputs together. */
  readonly output: string;
  readonly stdout: string;
}

const STAYS_UP = /^(?:\w+=\S+ )*(?:npm start\b|npx reverie (?:up|serve)\b|node docs\/examples\/my-planner)/u;
const OWNS_PORT = /\bnpm start\b|\breverie(?:\.js)? (?:up|serve)\b/u;
const RUNS_EPISODE = /\bnpm start\b|\breverie(?:\.js)? up\b/u;
/** What a command that stays up prints once it is of use. */
const READY = /is up: http|"url":"http|registered at http/u;

/** Whether a command runs until it is interrupted. */
export function staysUp(command: string): boolean {
  return STAYS_UP.test(command);
}

/** Whether a command listens on a port, so that only one such runs at a time. */
export function ownsPort(command: string): boolean {
  return OWNS_PORT.test(command);
}

/** A shell command in a process group of its own. */
export class ShellCommand {
  readonly text: string;
  readonly #child: ChildProcess;
  readonly #ended: Promise<number | undefined>;
  #output = "";
  #stdout = "";

  constructor(text: string, root: string, environment: Readonly<Record<string, string>> = {}) {
    this.text = text;
    this.#child = spawn("sh", ["-c", text], {
      cwd: root,
      env: { ...process.env, ...environment },
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
    });
    const listen = (chunk: Buffer): void => void (this.#output += chunk.toString());
    this.#child.stdout?.on("data", listen);
    this.#child.stdout?.on("data", (chunk: Buffer) => void (this.#stdout += chunk.toString()));
    this.#child.stderr?.on("data", listen);
    this.#ended = new Promise((resolve) => this.#child.once("close", (code) => resolve(code ?? undefined)));
  }

  get output(): string {
    return this.#output;
  }

  /** Waits until the output matches. Resolves with false when the command ends first or time is up. */
  async says(pattern: RegExp, timeoutMs: number): Promise<boolean> {
    for (const until = Date.now() + timeoutMs; Date.now() < until; await wait(50)) {
      if (pattern.test(this.#output)) return true;
      if (this.#child.exitCode !== null) return pattern.test(this.#output);
    }
    return false;
  }

  /** Waits until it is of use: its address is printed, and, where it runs an episode by itself, the episode is scored. */
  async ready(timeoutMs: number): Promise<boolean> {
    if (!(await this.says(READY, timeoutMs))) return false;
    return !RUNS_EPISODE.test(this.text) || this.says(/match reward \d/u, timeoutMs);
  }

  /** Waits for its end; ends it by force when that takes longer. */
  async end(timeoutMs: number): Promise<Ended> {
    const timer = setTimeout(() => this.#signal("SIGKILL"), timeoutMs);
    const code = await this.#ended;
    clearTimeout(timer);
    return { code, output: this.#output, stdout: this.#stdout };
  }

  /** Ctrl-C, as a terminal sends it: to the whole group. */
  interrupt(): void {
    this.#signal("SIGINT");
  }

  #signal(name: "SIGINT" | "SIGKILL"): void {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null || this.#child.pid === undefined) return;
    try {
      process.kill(-this.#child.pid, name);
    } catch (error) {
      // The group ended between the question and the signal.
      if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
    }
  }
}
