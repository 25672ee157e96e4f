import type { Episode } from "@reverie/core";
import { connectViewer } from "@reverie/wire";
import type { RunOptions } from "./commands/run.ts";
import type { CommandIo } from "./define-command.ts";

/** Runs episodes on a server that is up, with whichever planner is connected to it. */
export async function runOnServer(
  options: RunOptions,
  io: CommandIo,
  keep: (episode: Episode) => void,
  tell: (io: CommandIo, episode: Episode, index: number, total: number) => void,
): Promise<void> {
  const token = process.env["REVERIE_TOKEN"];
  const viewer = connectViewer(options.server, token === undefined || token === "" ? {} : { token });
  try {
    await viewer.whenConnected();
    await viewer.request("session.speed", { speed: 50 });
    for (let i = 0; i < options.episodes && !io.signal.aborted; i++) {
      const seed = (options.seed + i) % 0x1_0000_0000;
      io.progress(`[${i + 1}/${options.episodes}] seed ${seed} on ${options.server} ...`);
      const episode = await new Promise<Episode | undefined>((resolve, reject) => {
        const stop = (): void => {
          off();
          resolve(undefined);
        };
        const off = viewer.on("episode.finished", (finished) => {
          if (finished.seed !== seed || finished.task !== options.id) return;
          off();
          io.signal.removeEventListener("abort", stop);
          resolve(finished);
        });
        io.signal.addEventListener("abort", stop, { once: true });
        const request = { task: options.id, seed, ...(options.instruction === undefined ? {} : { instruction: options.instruction }) };
        viewer.request("session.start", request).catch((error: unknown) => {
          off();
          reject(error instanceof Error ? error : new Error(String(error)));
        });
      });
      if (episode === undefined) break;
      keep(episode);
      tell(io, episode, i, options.episodes);
    }
    if (io.signal.aborted) await viewer.request("session.control", { action: "stop" });
  } finally {
    viewer.close();
  }
}
