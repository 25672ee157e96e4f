import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { messageOf, StateError } from "@reverie/core";
import type { NumberedReply, NumberedRequest } from "./policy-worker.ts";
import { PolicyWorkshop, type WorkReplies, type WorkRequest } from "./policy-workshop.ts";
import type { SourceSettings } from "./source-settings.ts";

const IS_SOURCE = import.meta.url.endsWith(".ts");

function workerFile(): URL {
  const file = new URL(IS_SOURCE ? "../../dist/training/policy-worker.js" : "./policy-worker.js", import.meta.url);
  if (!existsSync(fileURLToPath(file))) throw new StateError("The worker of policy optimisation is not compiled; run npm run build.");
  return file;
}

interface Waiting {
  readonly resolve: (reply: never) => void;
  readonly reject: (error: Error) => void;
}

interface Seat {
  readonly thread: Worker;
  readonly waiting: Map<number, Waiting>;
}

/** Threads that draw scenes and try plans while this one computes. What is asked first is answered first, within a thread. */
export class PolicyWorkers {
  readonly #seats: readonly Seat[];
  readonly #local: PolicyWorkshop | undefined;
  #asked = 0;
  #failure: Error | undefined;

  private constructor(seats: readonly Seat[], local: PolicyWorkshop | undefined) {
    this.#seats = seats;
    this.#local = local;
    for (const { thread } of seats) {
      thread.on("error", (error) =>
        this.#fail(new StateError(`A thread of policy optimisation failed: ${messageOf(error)}`, { cause: error })),
      );
      thread.on("exit", (code) => this.#fail(new StateError(`A thread of policy optimisation ended with code ${code}.`)));
    }
  }

  /** @param threads - 0 = this one, when it is asked */
  static async start(settings: SourceSettings, threads: number): Promise<PolicyWorkers> {
    if (threads === 0) return new PolicyWorkers([], await PolicyWorkshop.open(settings));
    const seats = Array.from({ length: threads }, (): Seat => {
      // Flags of this process that lead to sources must not reach compiled files.
      const thread = new Worker(workerFile(), { workerData: settings, ...(IS_SOURCE ? { execArgv: [] } : {}) });
      const waiting = new Map<number, Waiting>();
      thread.on("message", (answer: NumberedReply) => {
        const { resolve, reject } = waiting.get(answer.id)!;
        waiting.delete(answer.id);
        if ("reply" in answer) resolve(answer.reply as never);
        else reject(new StateError(`A thread of policy optimisation could not do its work: ${answer.problem}`));
      });
      return { thread, waiting };
    });
    return new PolicyWorkers(seats, undefined);
  }

  /** Whether work goes on elsewhere while this thread computes. */
  get elsewhere(): boolean {
    return this.#local === undefined;
  }

  /** @throws StateError when the work cannot be done, or the threads are closed */
  async ask<Kind extends WorkRequest["kind"]>(request: Extract<WorkRequest, { readonly kind: Kind }>): Promise<WorkReplies[Kind]> {
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#local !== undefined) return (await this.#local.answer(request)) as WorkReplies[Kind];
    // Answers are seen only between computations, so who is idle is not known: the one with least to do gets more.
    const seat = this.#seats.reduce((least, next) => (next.waiting.size < least.waiting.size ? next : least));
    const id = this.#asked++;
    return new Promise((resolve, reject) => {
      seat.waiting.set(id, { resolve, reject });
      const message: NumberedRequest = { id, request };
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- A thread has no origin.
      seat.thread.postMessage(message);
    });
  }

  async close(): Promise<void> {
    this.#fail(new StateError("The threads of policy optimisation are closed."));
    this.#local?.close();
    await Promise.all(this.#seats.map(({ thread }) => thread.terminate()));
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    for (const { waiting } of this.#seats) {
      for (const { reject } of waiting.values()) reject(this.#failure);
      waiting.clear();
    }
  }
}
