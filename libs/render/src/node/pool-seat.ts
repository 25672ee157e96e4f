import { messageOf, StateError } from "@reverie/core";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import type { FromWorker, ToWorker } from "./pool-messages.ts";

/** Who is told what happens at a seat. */
interface SeatListener {
  heard(message: FromWorker): void;
  /** The thread ended though nobody asked for that. */
  lost(why: string): void;
}

/** Whether this file runs as source, under a loader that threads do not have. */
const IS_SOURCE = import.meta.url.endsWith(".ts");

/** Threads run compiled files: from the sources, the built package's file stands in. */
function workerFile(): URL {
  const file = new URL(IS_SOURCE ? "../../dist/node/worker.js" : "./worker.js", import.meta.url);
  if (!existsSync(file)) throw new StateError(`${fileURLToPath(file)} is missing; run "npm run build" first.`);
  return file;
}

/** A place in a pool where one thread works; when that ends, another may take it. */
export class Seat {
  readonly index: number;
  readonly #heapMegabytes: number | undefined;
  readonly #listener: SeatListener;
  #thread: Worker | undefined;
  #starts = 0;
  #ending = false;
  /** Messages that the present thread has answered. */
  done = 0;

  constructor(index: number, heapMegabytes: number | undefined, listener: SeatListener) {
    this.index = index;
    this.#heapMegabytes = heapMegabytes;
    this.#listener = listener;
  }

  get isReplacement(): boolean {
    return this.#starts > 1;
  }

  /** Puts a new thread here; it may be sent messages at once. Resolves when it works. @throws StateError when it cannot start */
  async start(): Promise<void> {
    const limits = this.#heapMegabytes === undefined ? {} : { resourceLimits: { maxOldGenerationSizeMb: this.#heapMegabytes } };
    // Flags of this process that lead to sources must not reach compiled files.
    const flags = IS_SOURCE ? { execArgv: [] } : {};
    const thread = new Worker(workerFile(), { workerData: { seat: this.index }, ...limits, ...flags });
    this.#thread = thread;
    this.#starts++;
    this.done = 0;
    await new Promise<void>((resolve, reject) => {
      let ready = false;
      let why: string | undefined;
      thread.on("message", (message: FromWorker) => {
        if (message.kind === "ready") {
          ready = true;
          resolve();
        } else {
          this.done++;
          this.#listener.heard(message);
        }
      });
      thread.on("error", (error: unknown) => (why = messageOf(error)));
      thread.on("exit", (code) => {
        const reason = why ?? `exit code ${code}`;
        if (!ready) reject(new StateError(`render thread ${this.index + 1} could not start (${reason}).`));
        else if (!this.#ending) this.#listener.lost(reason);
      });
    });
  }

  post(message: ToWorker): void {
    this.#thread?.postMessage(message);
  }

  /** Whether the thread keeps the process alive. */
  holdProcess(hold: boolean): void {
    if (hold) this.#thread?.ref();
    else this.#thread?.unref();
  }

  async end(): Promise<void> {
    this.#ending = true;
    await this.#thread?.terminate();
  }
}
