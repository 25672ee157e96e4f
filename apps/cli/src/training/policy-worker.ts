import { parentPort, workerData } from "node:worker_threads";
import { messageOf } from "@reverie/core";
import { PolicyWorkshop, type WorkReplies, type WorkRequest } from "./policy-workshop.ts";
import type { SourceSettings } from "./source-settings.ts";

// A thread around a workshop: requests come with a number, and their answers go with it.

export interface NumberedRequest {
  readonly id: number;
  readonly request: WorkRequest;
}

export type NumberedReply =
  | { readonly id: number; readonly reply: WorkReplies[WorkRequest["kind"]] }
  | { readonly id: number; readonly problem: string };

const port = parentPort;
if (port !== null) {
  const opened = PolicyWorkshop.open(workerData as SourceSettings);
  // Told with the answer to the first request.
  opened.catch(() => undefined);
  let turn = Promise.resolve();
  port.on("message", ({ id, request }: NumberedRequest) => {
    // One after another: they share worlds.
    turn = turn.then(async () => {
      try {
        const reply = await (await opened).answer(request);
        const buffers = "images" in reply ? [reply.images.buffer] : [];
        port.postMessage({ id, reply } satisfies NumberedReply, buffers as ArrayBuffer[]);
      } catch (error) {
        port.postMessage({ id, problem: messageOf(error) } satisfies NumberedReply);
      }
    });
  });
}
