import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { InputError, messageOf, StateError } from "@reverie/core";
import { assertTrainingRow, type TrainingRow } from "./row.ts";
import type { WorkerReply, WorkerRequest, WorkerSetup } from "./row-worker.ts";
import { assertRowPlan, jobAt, type EpisodeSource, type RowPlan, type SourceModule } from "./source.ts";

/** Place in a stream: the next row is number `row` of job `job`. */
export interface StreamPosition {
  readonly job: number;
  readonly row: number;
}

export interface RowStreamOptions {
  readonly plan: RowPlan;
  /** Address of a built module that exports `openSource`, and what that is called with. */
  readonly source: WorkerSetup;
  /** Threads that make rows; 0 = this one, when a row is asked for. The number does not change the stream. @defaultValue 1 */
  readonly workers?: number;
  /** Jobs that are made before their rows are asked for. @defaultValue 16 for each worker */
  readonly ahead?: number;
  /** Where to begin. @defaultValue the first row */
  readonly position?: StreamPosition;
}

const IS_SOURCE = import.meta.url.endsWith(".ts");

function workerFile(): URL {
  const file = new URL(IS_SOURCE ? "../../dist/data/row-worker.js" : "./row-worker.js", import.meta.url);
  if (!existsSync(fileURLToPath(file))) throw new StateError("The row worker is not compiled; run npm run build.");
  return file;
}

interface Seat {
  readonly thread: Worker;
  busy: number;
}

/** Jobs given to one thread at once: the next one waits there while the thread works. */
const JOBS_PER_SEAT = 2;
/** Jobs in a row without a single row before the stream gives up. */
const MOST_BARREN_JOBS = 1_000;

/**
 * Rows one after another, in the order of the plan's jobs, made ahead of time by threads. The same plan gives the same rows, whatever
 * the number of threads, and from any position on.
 */
export class RowStream {
  readonly #plan: RowPlan;
  readonly #seats: Seat[] = [];
  readonly #local: EpisodeSource | undefined;
  readonly #ahead: number;
  readonly #ready = new Map<number, readonly TrainingRow[]>();
  #rows: readonly TrainingRow[] | undefined;
  #job: number;
  #row: number;
  /** First job that no thread was given yet. */
  #unasked: number;
  #failure: Error | undefined;
  #wake: (() => void) | undefined;
  #closed = false;

  private constructor(options: RowStreamOptions, local: EpisodeSource | undefined) {
    const { job, row } = options.position ?? { job: 0, row: 0 };
    this.#plan = options.plan;
    this.#local = local;
    this.#ahead = options.ahead ?? 16 * Math.max(1, options.workers ?? 1);
    this.#job = job;
    this.#row = row;
    this.#unasked = job;
  }

  /** @throws InputError when an option is out of range or the source cannot be opened */
  static async open(options: RowStreamOptions): Promise<RowStream> {
    assertRowPlan(options.plan);
    const { workers = 1, ahead = 1, position = { job: 0, row: 0 } } = options;
    if (!Number.isInteger(workers) || workers < 0 || workers > 64)
      throw new InputError("workers", `expected a whole number from 0 to 64, got ${workers}.`);
    if (!Number.isInteger(ahead) || ahead < 1) throw new InputError("ahead", `expected a whole number of 1 or more, got ${ahead}.`);
    for (const name of ["job", "row"] as const) {
      if (!Number.isSafeInteger(position[name]) || position[name] < 0)
        throw new InputError(`position.${name}`, `expected a whole number of 0 or more, got ${position[name]}.`);
    }
    if (workers === 0) {
      const { openSource } = (await import(options.source.module)) as SourceModule;
      return new RowStream(options, await openSource(options.source.settings));
    }
    const stream = new RowStream(options, undefined);
    try {
      await Promise.all(Array.from({ length: workers }, () => stream.#start(options.source)));
    } catch (error) {
      await stream.close();
      throw error;
    }
    stream.#dispatch();
    return stream;
  }

  /** Where the next row comes from. */
  get position(): StreamPosition {
    return { job: this.#job, row: this.#row };
  }

  /**
   * The next row; the stream never ends.
   * @throws InputError when the source gives rows that are not allowed, StateError when it fails or the stream was closed
   */
  async next(): Promise<TrainingRow> {
    for (let barren = 0; barren < MOST_BARREN_JOBS; barren++) {
      this.#rows ??= await this.#rowsOf(this.#job);
      const row = this.#rows[this.#row];
      if (row !== undefined) {
        this.#row++;
        return row;
      }
      if (this.#rows.length > 0) barren = 0;
      this.#rows = undefined;
      this.#job++;
      this.#row = 0;
      this.#dispatch();
    }
    throw new StateError(`${MOST_BARREN_JOBS} jobs in a row gave no training row.`);
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#wake?.();
    this.#local?.close?.();
    await Promise.all(this.#seats.map(({ thread }) => thread.terminate()));
  }

  #start(setup: WorkerSetup): Promise<void> {
    const thread = new Worker(workerFile(), {
      workerData: setup,
      // Flags of this process that lead to sources must not reach compiled files.
      ...(IS_SOURCE ? { execArgv: [] } : {}),
    });
    const seat: Seat = { thread, busy: 0 };
    this.#seats.push(seat);
    return new Promise((resolve, reject) => {
      const fail = (error: Error): void => {
        this.#failure ??= error;
        this.#wake?.();
        reject(error);
      };
      thread.on("message", (reply: WorkerReply) => {
        if ("ready" in reply) resolve();
        else if ("problem" in reply) {
          const job = reply.index === undefined ? "could not be opened" : `failed at ${JSON.stringify(jobAt(this.#plan, reply.index))}`;
          fail(new StateError(`The source of training rows ${job}: ${reply.problem}`));
        } else {
          seat.busy--;
          this.#ready.set(reply.index, reply.rows);
          this.#dispatch();
          this.#wake?.();
        }
      });
      thread.on("error", (error) =>
        fail(new StateError(`A thread that makes training rows failed: ${messageOf(error)}`, { cause: error })),
      );
      thread.on("exit", (code) => {
        if (!this.#closed) fail(new StateError(`A thread that makes training rows ended with code ${code}.`));
      });
    });
  }

  /** Gives jobs to threads that have room, as far ahead as is allowed. */
  #dispatch(): void {
    for (;;) {
      const seat = this.#seats.reduce<Seat | undefined>(
        (least, next) => (least === undefined || next.busy < least.busy ? next : least),
        undefined,
      );
      if (seat === undefined || this.#closed || seat.busy >= JOBS_PER_SEAT || this.#unasked >= this.#job + this.#ahead) return;
      const index = this.#unasked++;
      seat.busy++;
      const { thread } = seat;
      const request: WorkerRequest = { index, job: jobAt(this.#plan, index) };
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- A thread has no origin.
      thread.postMessage(request);
    }
  }

  async #rowsOf(job: number): Promise<readonly TrainingRow[]> {
    if (this.#local !== undefined) return checked([...this.#local.rows(jobAt(this.#plan, job))], job);
    for (;;) {
      if (this.#closed) throw new StateError("The stream of training rows was closed.");
      const rows = this.#ready.get(job);
      if (rows !== undefined) {
        this.#ready.delete(job);
        return checked(rows, job);
      }
      if (this.#failure !== undefined) throw this.#failure;
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }
}

function checked(rows: readonly TrainingRow[], job: number): readonly TrainingRow[] {
  rows.forEach((row, i) => assertTrainingRow(row, `jobs[${job}].rows[${i}]`));
  return rows;
}
