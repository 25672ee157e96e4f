import { InputError, PeerError, type Episode } from "@reverie/core";
import { connectViewer, type PoseFrame, type SessionScene, type SessionState, type ViewerConnection } from "@reverie/wire";
import type { RunOptions, RunSinks } from "./commands/run.ts";
import type { CommandIo } from "./define-command.ts";
import { FilmReel } from "./film.ts";

/** Simulated seconds per wall second while the command runs: as fast as the server lets it. */
const SPEED = 50;
/** Speed while a film is made: every pose has the time to arrive. A pose that does not is shown as the one before. */
const FILM_SPEED = 8;
/** A failed session that has not told of its episode after this long never will: the server itself failed. */
const REPORT_MS = 5000;

/** @throws InputError when an option is given that a running server has decided already */
export function checkServerOptions(options: RunOptions): void {
  const given = [
    ["--replans", options.replans],
    ["--plan-timeout", options.planTimeout],
    ["--build", options.build],
    ["--visual", options.visual],
    ["--split", options.split],
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

/** Poses of the newest episode that the server shows, under its number. */
class Watcher {
  readonly #undo: (() => void)[];
  #scene: SessionScene | undefined;
  #reel: FilmReel | undefined;
  #fault: PeerError | undefined;

  constructor(viewer: ViewerConnection) {
    this.#undo = [
      viewer.on("session.scene", (scene) => {
        if (scene.episode === this.#scene?.episode) return;
        this.#scene = scene;
        this.#reel = new FilmReel(scene.scene);
      }),
      viewer.on("frame.poses", (frame, acknowledge) => {
        acknowledge();
        if (frame.episode !== this.#scene?.episode) return;
        const poses = readPoses(frame, this.#scene);
        if (poses === undefined) this.#fault = new PeerError(viewer.peer, "sent poses that do not belong to its scene.");
        else this.#reel?.add(frame.step, poses);
      }),
    ];
  }

  /** What was seen of an episode; undefined when nothing was. @throws PeerError when the server sent poses of another size */
  reel(episode: number): FilmReel | undefined {
    if (this.#fault !== undefined) throw this.#fault;
    const seen = episode === this.#scene?.episode ? this.#reel : undefined;
    return seen === undefined || seen.poses.length === 0 ? undefined : seen;
  }

  close(): void {
    for (const each of this.#undo) each();
  }
}

/** Undefined unless there are seven numbers for each body. */
function readPoses({ poses }: PoseFrame, { scene }: SessionScene): Float32Array | undefined {
  // A copy starts at a multiple of four, which the bytes of a socket need not.
  const bytes = new Uint8Array(poses);
  return bytes.length === scene.bodies.length * 28 ? new Float32Array(bytes.buffer) : undefined;
}

/** How an episode on the server ended: without an episode when it was stopped. */
interface EndThere {
  readonly number: number;
  readonly episode: Episode | undefined;
}

/** Starts an episode and waits for its end. Other episodes that end in the meantime are somebody else's. */
async function runEpisodeThere(
  viewer: ViewerConnection,
  request: { readonly task: string; readonly seed: number; readonly instruction?: string },
  signal: AbortSignal,
): Promise<EndThere> {
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
    return { number, episode: finished.get(number) ?? (signal.aborted ? undefined : await ended) };
  } finally {
    for (const each of undo) each();
  }
}

/**
 * Runs episodes on a server that is up, with whichever planner is connected to it, and leaves its speed as it was.
 * @throws PeerError when the server cannot be reached, or goes away
 */
export async function runOnServer(options: RunOptions, io: CommandIo, { keep, tell, film }: RunSinks): Promise<void> {
  const token = process.env["REVERIE_TOKEN"];
  const viewer = connectViewer(options.server, token === undefined || token === "" ? {} : { token });
  const watcher = film === undefined ? undefined : new Watcher(viewer);
  const wanted = film === undefined ? SPEED : FILM_SPEED;
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
    await Promise.race([viewer.request("session.speed", { speed: wanted }), lost]);
    try {
      for (let i = 0; i < options.episodes && !io.signal.aborted; i++) {
        const seed = (options.seed + i) % 0x1_0000_0000;
        io.progress(`[${i + 1}/${options.episodes}] seed ${seed} on ${options.server} ...`);
        const request = { task: options.id, seed, ...(options.instruction === undefined ? {} : { instruction: options.instruction }) };
        const { number, episode } = await Promise.race([runEpisodeThere(viewer, request, io.signal), lost]);
        if (episode !== undefined) {
          keep(episode);
          tell(episode, i);
        } else await Promise.race([viewer.request("session.control", { action: "stop" }), lost]);
        const reel = watcher?.reel(number);
        if (reel !== undefined) await film?.(reel, i);
        if (episode === undefined) break;
      }
    } finally {
      // Unless somebody else has chosen a third one since.
      const ours = state?.speed === wanted || state?.speed === speed;
      if (viewer.status === "connected" && ours) await Promise.race([viewer.request("session.speed", { speed }), lost]);
    }
  } finally {
    watcher?.close();
    viewer.close();
  }
}
