import { spawn, type ChildProcess } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { messageOf, PeerError, TimeoutError } from "@reverie/core";

/** Root of the workspace, from this file's place in `apps/cli/dist`. */
const ROOT = fileURLToPath(new URL("../../../", import.meta.url));

export const STUDIO_DIRECTORY = `${ROOT}apps/studio/dist`;

/** A part of Reverie that runs as a process of its own and meets the others over the socket. */
export class AppProcess {
  readonly name: string;
  readonly #child: ChildProcess;
  readonly #lastLines: string[] = [];
  /** Resolves with how the process ended. */
  readonly ended: Promise<string>;
  #stopping = false;

  /**
   * @param app - folder under `apps/` whose `dist/main.js` is started
   * @param listen - gets every line of standard error
   */
  constructor(app: string, args: readonly string[], listen: (line: string) => void, environment: Readonly<Record<string, string>> = {}) {
    this.name = app;
    this.#child = spawn(process.execPath, [`${ROOT}apps/${app}/dist/main.js`, "--until-stdin-closes", ...args], {
      // The pipe to its standard input closes with this process, however that ends; the child then ends too.
      stdio: ["pipe", "pipe", "pipe"],
      env: { ...process.env, ...environment },
      // Its own group: Ctrl-C reaches this process first, which then ends the others in order.
      detached: process.platform !== "win32",
    });
    if (this.#child.stderr !== null) {
      createInterface({ input: this.#child.stderr }).on("line", (line) => {
        this.#lastLines.push(line);
        if (this.#lastLines.length > 20) this.#lastLines.shift();
        listen(line);
      });
    }
    this.ended = new Promise((resolve) => {
      this.#child.once("error", (error) => resolve(`could not be started (${messageOf(error)})`));
      this.#child.once("exit", (code, signal) => resolve(signal === null ? `ended with code ${code ?? "?"}` : `was ended by ${signal}`));
    });
  }

  get stopping(): boolean {
    return this.#stopping;
  }

  get exitCode(): number | null {
    return this.#child.exitCode;
  }

  /**
   * First line of standard output.
   * @throws PeerError with the process's last words when it ends first, TimeoutError when it says nothing
   */
  async firstLine(timeoutMs: number): Promise<string> {
    const { stdout } = this.#child;
    if (stdout === null) throw new PeerError(this.name, "has no standard output.");
    const lines = createInterface({ input: stdout });
    let timer: NodeJS.Timeout | undefined;
    try {
      return await Promise.race([
        new Promise<string>((resolve) => lines.once("line", resolve)),
        this.ended.then((how) => {
          throw new PeerError(
            this.name,
            `${how}${this.#lastLines.length === 0 ? "" : `: ${this.#lastLines.join(" ").replace(`${this.name}: `, "")}`}`,
          );
        }),
        new Promise<never>((_, reject) => {
          timer = setTimeout(() => reject(new TimeoutError(`Starting ${this.name}`, timeoutMs)), timeoutMs);
        }),
      ]);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Asks the process to end, and makes it after three seconds. */
  async stop(): Promise<void> {
    this.#stopping = true;
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    this.#child.kill("SIGTERM");
    const force = setTimeout(() => this.#child.kill("SIGKILL"), 3000);
    await this.ended;
    clearTimeout(force);
  }
}

/** Opens an address in the user's browser, where there is a desktop. Resolves with whether a browser was asked. */
export async function openBrowser(url: string): Promise<boolean> {
  const command = process.platform === "darwin" ? "open" : process.platform === "win32" ? "explorer" : "xdg-open";
  if (process.platform === "linux" && process.env["DISPLAY"] === undefined && process.env["WAYLAND_DISPLAY"] === undefined) return false;
  return new Promise((resolve) => {
    const child = spawn(command, [url], { stdio: "ignore", detached: true });
    child.once("error", () => resolve(false));
    child.once("spawn", () => {
      child.unref();
      resolve(true);
    });
  });
}
