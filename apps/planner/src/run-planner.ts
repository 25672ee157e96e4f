import type { CameraImage } from "@reverie/core";
import { PeerError } from "@reverie/core";
import { PlannerAgent, type PlannerBackend } from "@reverie/planning";
import { connectPlanner, toBytes, type WireImage } from "@reverie/wire";

export interface RunPlannerOptions {
  /** The server, for example `http://127.0.0.1:4870`. */
  readonly url: string;
  readonly backend: PlannerBackend;
  /** The server's shared secret; absent = it has none. */
  readonly token?: string;
  /** Ends the planner. */
  readonly signal: AbortSignal;
  /** Gets one line for each thing worth knowing. @defaultValue nothing is said */
  readonly log?: (line: string) => void;
}

function toImages(images: readonly WireImage[] = []): CameraImage[] {
  return images.map(({ camera, width, height, rgb }) => ({
    camera,
    width,
    height,
    rgb: toBytes(rgb, `images.${camera}`, width * height * 3),
  }));
}

/**
 * Answers a server's questions with a backend until the signal ends it. The connection comes back by itself; pictures
 * cross it only when the backend looks.
 *
 * @returns once the signal has aborted and the connection is closed
 * @throws PeerError when the server refuses this planner (wrong token, other protocol version): trying again would not help
 */
export async function runPlanner({ url, backend, token, signal, log = () => undefined }: RunPlannerOptions): Promise<void> {
  const agent = new PlannerAgent(backend);
  const refused = new AbortController();
  const connection = connectPlanner(url, {
    name: agent.name,
    privileged: agent.privileged,
    ...(token === undefined ? {} : { token }),
    async plan({ requestId: _requestId, ...request }, { observe, signal }) {
      const { text, usage } = await agent.plan({ ...request, observe: async () => toImages((await observe()).images) }, signal);
      log(`plan for "${request.instruction}": ${usage.latencyMs.toFixed(0)} ms`);
      return { text, usage };
    },
    async verify({ requestId: _requestId, ...request }, { observe, signal }) {
      const look = async (): Promise<{ before: CameraImage[]; after: CameraImage[] }> => {
        const { images, before } = await observe();
        return { before: toImages(before), after: toImages(images) };
      };
      return agent.verify({ ...request, observe: look }, signal);
    },
    onStatus(status, detail) {
      log(detail === undefined ? `${status} (${url})` : `${status} (${url}): ${detail}`);
      if (status === "refused") refused.abort(new PeerError(url, `refused this planner: ${detail ?? "no reason given"}`));
    },
  });
  try {
    const end = AbortSignal.any([signal, refused.signal]);
    if (!end.aborted) await new Promise<void>((resolve) => end.addEventListener("abort", () => resolve(), { once: true }));
    if (!signal.aborted) refused.signal.throwIfAborted();
  } finally {
    connection.close();
  }
}
