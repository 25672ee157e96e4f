import { spawn, type ChildProcess } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { InputError, messageOf, PeerError, TimeoutError } from "@reverie/core";

/** Root of the workspace, from this file's place in `apps/cli/dist`. */
const ROOT = fileURLToPath(new URL("../../../", import.meta.url));

export const STUDIO_DIRECTORY = `${ROOT}apps/studio/dist`;

/** A part of Reverie that runs as a process of its own and meets the others over the socket. */
export class AppProcess {
  readonly name: string;
  readonly #child: ChildProcess;
  readonly #listen: (line: string) => void;
  /** What it said while its first line is awaited: told when it has started, part of the error when it has not. */
  #unsaid: string[] | undefined;
  /** Resolves with how the process ended. */
  readonly ended: Promise<string>;
  #stopping = false;

  /**
   * @param app - folder under `apps/` whose `dist/main.js` is started
   * @param listen - gets every line of standard error
   */
  constructor(app: string, args: readonly string[], listen: (line: string) => void, environment: Readonly<Record<string, string>> = {}) {
    this.name = app;
    this.#listen = listen;
    this.#child = spawn(process.execPath, [`${ROOT}apps/${app}/dist/main.js`, "--until-stdin-closes", ...args], {
      // The pipe to its standard input closes with this process, however that ends; the child then ends too.
      stdio: ["pipe", "pipe", "pipe"],
      env: { ...process.env, ...environment },
      // Its own group: Ctrl-C reaches this process first, which then ends the others in order.
      detached: process.platform !== "win32",
    });
    if (this.#child.stderr !== null) {
      createInterface({ input: this.#child.stderr }).on("line", (line) => {
        if (this.#unsaid === undefined) listen(line);
        else if (this.#unsaid.length < 1000) this.#unsaid.push(line);
      });
    }
    this.ended = new Promise((resolve) => {
      this.#child.once("error", (error) => resolve(`could not be started (${messageOf(error)})`));
      // Not "exit": what it said last is to be read by then.
      this.#child.once("close", (code, signal) => resolve(signal === null ? `ended with code ${code ?? "?"}` : `was ended by ${signal}`));
    });
  }

  get stopping(): boolean {
    return this.#stopping;
  }

  get exitCode(): number | null {
    return this.#child.exitCode;
  }

  /**
   * First line of standard output, which says that it has started.
   * @throws InputError with the process's own words when it ends first because it was asked for something wrong, PeerError
   * when it ends otherwise, TimeoutError when it says nothing
   */
  async firstLine(timeoutMs: number): Promise<string> {
    const { stdout } = this.#child;
    if (stdout === null) throw new PeerError(this.name, "has no standard output.");
    const unsaid: string[] = [];
    this.#unsaid = unsaid;
    const lines = createInterface({ input: stdout });
    let timer: NodeJS.Timeout | undefined;
    try {
      const line = await Promise.race([
        new Promise<string>((resolve) => lines.once("line", resolve)),
        this.ended.then((how) => {
          const prefix = `${this.name}: `;
          const last = unsaid.findLast((said) => said.startsWith(prefix))?.slice(prefix.length) ?? unsaid.at(-1);
          if (this.#child.exitCode === 2 && last !== undefined) throw new InputError("", last);
          throw new PeerError(this.name, last === undefined ? `the process ${how}.` : `the process ${how}: ${last}`);
        }),
        new Promise<never>((_, reject) => {
          timer = setTimeout(() => reject(new TimeoutError(`Starting ${this.name}`, timeoutMs)), timeoutMs);
        }),
      ]);
      this.#unsaid = undefined;
      for (const said of unsaid) this.#listen(said);
      return line;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Resolves when the process ends after `signal` asked for that. @throws PeerError when it ends by itself */
  async died(signal: AbortSignal): Promise<void> {
    const how = await this.ended;
    if (!signal.aborted && !this.#stopping) throw new PeerError(this.name, `the process ${how}.`);
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
