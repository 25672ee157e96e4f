import { InputError, PeerError, type Episode } from "@reverie/core";
import { connectViewer, type SessionState, type ViewerConnection } from "@reverie/wire";
import type { RunOptions } from "./commands/run.ts";
import type { CommandIo } from "./define-command.ts";

/** Simulated seconds per wall second while the command runs: as fast as the server lets it. */
const SPEED = 50;
/** A failed session that has not told of its episode after this long never will: the server itself failed. */
const REPORT_MS = 5000;

/** @throws InputError when an option is given that a running server has decided already */
export function checkServerOptions(options: RunOptions): void {
  const given = [
    ["--replans", options.replans],
    ["--plan-timeout", options.planTimeout],
    ["--build", options.build],
  ].find(([, value]) => value !== undefined);
  if (given !== undefined) throw new InputError(String(given[0]), "is not allowed with --planner socket, where the server decides this.");
}

/** Rejects as soon as a connection that was there is gone. */
function whenLost(viewer: ViewerConnection): Promise<never> {
  const lost = new Promise<never>((_, reject) => {
    viewer.onStatus((status, detail) => {
      if (status === "disconnected" || status === "refused")
        reject(new PeerError(viewer.peer, `the connection was lost (${detail ?? status}); is the server still running?`));
    });
  });
  // Whoever waits for the server hears of it; when nobody does, the run is over and it does not matter.
  lost.catch(() => undefined);
  return lost;
}

/** Starts an episode and waits for its end. Other episodes that end in the meantime are somebody else's. */
async function runEpisodeThere(
  viewer: ViewerConnection,
  request: { readonly task: string; readonly seed: number; readonly instruction?: string },
  signal: AbortSignal,
): Promise<Episode | undefined> {
  const finished = new Map<number, Episode>();
  const undo: (() => void)[] = [];
  try {
    // Listening starts before the request is sent: an episode may end before the reply with its number is read.
    let number: number | undefined;
    let settle: ((episode: Episode | undefined) => void) | undefined;
    let fail: ((error: Error) => void) | undefined;
    const ended = new Promise<Episode | undefined>((resolve, reject) => {
      settle = resolve;
      fail = reject;
    });
    undo.push(
      viewer.on("episode.finished", (episode, of) => {
        if (number === undefined) finished.set(of, episode);
        else if (of === number) settle?.(episode);
      }),
      viewer.on("session.state", (state) => {
        if (state.episode !== number || state.phase !== "failed") return;
        const why = state.failure?.message ?? "The session failed.";
        const timer = setTimeout(() => fail?.(new PeerError(viewer.peer, `never told how its episode ended. ${why}`)), REPORT_MS);
        undo.push(() => clearTimeout(timer));
      }),
    );
    const stop = (): void => settle?.(undefined);
    signal.addEventListener("abort", stop, { once: true });
    undo.push(() => signal.removeEventListener("abort", stop));
    ({ episode: number } = await viewer.request("session.start", request));
    return finished.get(number) ?? (signal.aborted ? undefined : await ended);
  } finally {
    for (const each of undo) each();
  }
}

/**
 * Runs episodes on a server that is up, with whichever planner is connected to it, and leaves its speed as it was.
 * @throws PeerError when the server cannot be reached, or goes away
 */
export async function runOnServer(
  options: RunOptions,
  io: CommandIo,
  keep: (episode: Episode) => void,
  tell: (io: CommandIo, episode: Episode, index: number, total: number) => void,
): Promise<void> {
  const token = process.env["REVERIE_TOKEN"];
  const viewer = connectViewer(options.server, token === undefined || token === "" ? {} : { token });
  let state: SessionState | undefined;
  const told = new Promise<SessionState>((resolve) => {
    viewer.on("session.state", (latest) => {
      state = latest;
      resolve(latest);
    });
  });
  try {
    await viewer.whenConnected();
    const lost = whenLost(viewer);
    const { speed } = await Promise.race([told, lost]);
    await Promise.race([viewer.request("camera.select", { camera: null }), lost]);
    await Promise.race([viewer.request("session.speed", { speed: SPEED }), lost]);
    try {
      for (let i = 0; i < options.episodes && !io.signal.aborted; i++) {
        const seed = (options.seed + i) % 0x1_0000_0000;
        io.progress(`[${i + 1}/${options.episodes}] seed ${seed} on ${options.server} ...`);
        const request = { task: options.id, seed, ...(options.instruction === undefined ? {} : { instruction: options.instruction }) };
        const episode = await Promise.race([runEpisodeThere(viewer, request, io.signal), lost]);
        if (episode === undefined) break;
        keep(episode);
        tell(io, episode, i, options.episodes);
      }
      if (io.signal.aborted) await Promise.race([viewer.request("session.control", { action: "stop" }), lost]);
    } finally {
      // Unless somebody else has chosen a third one since.
      const ours = state?.speed === SPEED || state?.speed === speed;
      if (viewer.status === "connected" && ours) await Promise.race([viewer.request("session.speed", { speed }), lost]);
    }
  } finally {
    viewer.close();
  }
}
