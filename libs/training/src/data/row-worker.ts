import { parentPort, workerData } from "node:worker_threads";
import { messageOf } from "@reverie/core";
import type { RowJob, SourceModule } from "./source.ts";
import type { TrainingRow } from "./row.ts";

// A thread that makes rows: opens the source it is told of, then answers one job after another.

/** What a worker is started with. */
export interface WorkerSetup {
  /** Address of a module that exports `openSource`. */
  readonly module: string;
  readonly settings: unknown;
}

export interface WorkerRequest {
  readonly index: number;
  readonly job: RowJob;
}

export type WorkerReply =
  | { readonly ready: true }
  | { readonly index: number; readonly rows: readonly TrainingRow[] }
  | { readonly index: number | undefined; readonly problem: string };

const port = parentPort;
if (port !== null) {
  const { module, settings } = workerData as WorkerSetup;
  try {
    const { openSource } = (await import(module)) as SourceModule;
    const source = await openSource(settings);
    port.on("message", ({ index, job }: WorkerRequest) => {
      try {
        const rows = [...source.rows(job)];
        const buffers = rows.flatMap(({ images, patchClasses }) => [
          images.buffer,
          ...(patchClasses === undefined ? [] : [patchClasses.buffer]),
        ]);
        port.postMessage({ index, rows } satisfies WorkerReply, [...new Set(buffers)] as ArrayBuffer[]);
      } catch (error) {
        port.postMessage({ index, problem: messageOf(error) } satisfies WorkerReply);
      }
    });
    port.postMessage({ ready: true } satisfies WorkerReply);
  } catch (error) {
    port.postMessage({ index: undefined, problem: messageOf(error) } satisfies WorkerReply);
  }
}
