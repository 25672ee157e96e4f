import { randomBytes } from "node:crypto";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Episode } from "@reverie/core";
import { InputError, messageOf, PeerError, UnknownIdError } from "@reverie/core";
import type { EpisodeLimits } from "@reverie/rollout";
import { cameraRequestSchema, controlRequestSchema, emptyRequestSchema, speedRequestSchema, startRequestSchema } from "@reverie/wire";
import { createGateway, isLoopback, isWelcome, type ViewerPeer } from "@reverie/wire/server";
import { EnvironmentDesk } from "./environment-desk.ts";
import { EpisodeLog } from "./episode-log.ts";
import { PlannerHub } from "./planner-hub.ts";
import { Session } from "./session.ts";
import { sendText, serveFiles } from "./static-files.ts";
import { ViewerDesk } from "./viewer-desk.ts";
import { listTasks } from "./worlds.ts";

export interface ServerOptions {
  /** Where to listen. Anything but a loopback address needs a token. @defaultValue "127.0.0.1" */
  readonly host?: string;
  /** 0 = any free port. @defaultValue 4870 */
  readonly port?: number;
  /** Shared secret that every client must present. Never logged. @defaultValue none */
  readonly token?: string;
  /** Web origins besides the server's own that may connect. @defaultValue none */
  readonly allowOrigins?: readonly string[];
  /** @defaultValue "manipulation/stack-cubes" */
  readonly task?: string;
  /** @defaultValue 0 */
  readonly seed?: number;
  /** Gets `episodes.jsonl`, one finished episode a line. Absent = nothing goes to disk. */
  readonly recordDirectory?: string;
  /** The built studio. Absent = no page is served. */
  readonly studioDirectory?: string;
  /** Begin the first episode at once instead of holding it. @defaultValue false */
  readonly autoStart?: boolean;
  /** How long a start waits for a planner to register. @defaultValue 5000 */
  readonly plannerWaitMs?: number;
  readonly limits?: Partial<EpisodeLimits>;
  /** Which reward scores plans. @defaultValue "match" */
  readonly reward?: string;
  /** Ask the planner to judge every step. @defaultValue true */
  readonly monitor?: boolean;
  /** Gets one line for each thing worth knowing. @defaultValue nothing is said */
  readonly log?: (line: string) => void;
}

export interface RunningServer {
  /** For example `http://127.0.0.1:4870`. */
  readonly url: string;
  /** The newest finished episodes, newest last, at most 1000. */
  readonly episodes: readonly Episode[];
  /** Ends the running episode, disconnects everybody, frees all worlds. Safe to call twice. */
  close(): Promise<void>;
}

/**
 * Starts the gateway: the studio over HTTP, `/healthz`, and the namespaces `/viewers`, `/planners` and `/environments`.
 *
 * @throws InputError when a host that others can reach has no token
 * @throws UnknownIdError for an unknown task
 * @throws PeerError when the port is taken or the record folder cannot be written
 */
export async function startServer(options: ServerOptions = {}): Promise<RunningServer> {
  const { host = "127.0.0.1", port = 4870, token, task = "manipulation/stack-cubes", seed = 0, log = () => undefined } = options;
  const loopback = isLoopback(host);
  if (!loopback && (token === undefined || token === "")) {
    throw new InputError("token", `is required when the server listens on ${host}, which other machines can reach.`);
  }
  if (token === "") throw new InputError("token", "must not be empty.");
  const episodes = new EpisodeLog(options.recordDirectory);
  let session: Session | undefined;
  const desk: ViewerDesk = new ViewerDesk(() => session, log);
  const planners = new PlannerHub(() => desk.stateChanged());
  const environments = new EnvironmentDesk();
  const started = performance.now();
  const doors = { allowOrigins: options.allowOrigins ?? [], loopbackOnly: loopback && token === undefined };

  const http = createServer((request, response) => {
    const path = request.url?.split("?", 1)[0];
    if (!isWelcome(request.headers, doors)) {
      sendText(response, 403, "This server does not answer to this host name, or to pages of this origin.");
    } else if (path === "/healthz") {
      const health = {
        ok: true,
        ...session?.summary,
        episodes: episodes.recent.length,
        planners: planners.count,
        viewers: desk.count,
        environments: environments.count,
        uptimeSeconds: Math.round((performance.now() - started) / 1000),
      };
      sendText(response, 200, JSON.stringify(health), "application/json; charset=utf-8");
    } else if (options.studioDirectory === undefined) {
      sendText(response, 404, "This server has no studio; its sockets are /viewers, /planners and /environments.");
    } else {
      serveFiles(options.studioDirectory, request, response).catch((error: unknown) => {
        log(`serving ${path ?? ""} failed: ${messageOf(error)}`);
        response.destroy();
      });
    }
  });

  try {
    session = await Session.create(task, seed, {
      id: randomBytes(6).toString("hex"),
      planners,
      plannerWaitMs: options.plannerWaitMs ?? 5000,
      limits: options.limits ?? {},
      reward: options.reward ?? "match",
      monitor: options.monitor ?? true,
      show: desk,
      log,
      keep(episode) {
        episodes.add(episode);
        const outcome = episode.failure?.message ?? (episode.success ? "success" : "no success");
        log(`episode of ${episode.task}, seed ${episode.seed}, planner ${episode.planner}: ${outcome}`);
      },
    });
  } catch (error) {
    desk.close();
    episodes.close();
    throw error;
  }
  const running = session;
  const gateway = createGateway(http, {
    ...(token === undefined ? {} : { token }),
    ...doors,
    onViewer: (peer) => welcomeViewer(peer, running, desk),
    onPlanner: (peer) => planners.welcome(peer),
    onEnvironmentClient: (peer) => environments.welcome(peer),
    log,
  });
  async function release(): Promise<void> {
    desk.close();
    await running.close();
    await gateway.close();
    episodes.close();
  }
  try {
    await listen(http, host, port);
  } catch (error) {
    await release();
    throw error;
  }
  if (options.autoStart === true) await running.control("play");

  let closing: Promise<void> | undefined;
  const address = http.address() as AddressInfo;
  return {
    url: `http://${host.includes(":") ? `[${host}]` : host}:${address.port}`,
    get episodes() {
      return episodes.recent;
    },
    close: () => (closing ??= release()),
  };
}

function welcomeViewer(peer: ViewerPeer, session: Session, desk: ViewerDesk): void {
  peer.handle("session.ping", emptyRequestSchema, () => ({}));
  peer.handle("tasks.list", emptyRequestSchema, () => ({ tasks: listTasks() }));
  peer.handle("session.start", startRequestSchema, async (request) => ({ episode: await session.start(request) }));
  peer.handle("session.control", controlRequestSchema, async ({ action }) => {
    await session.control(action);
    return {};
  });
  peer.handle("session.speed", speedRequestSchema, ({ speed }) => {
    session.setSpeed(speed);
    return {};
  });
  const viewer = desk.welcome(peer);
  peer.handle("camera.select", cameraRequestSchema, ({ camera }) => {
    const { cameras } = session.scene;
    if (camera !== null && !cameras.includes(camera)) throw new UnknownIdError("camera", camera, cameras);
    viewer.select(camera);
    return {};
  });
}

async function listen(http: Server, host: string, port: number): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    http.once("error", (error: NodeJS.ErrnoException) => {
      const why = error.code === "EADDRINUSE" ? "is in use already; choose another port" : `cannot be listened on: ${error.message}`;
      reject(new PeerError(`${host}:${port}`, `${why}.`, { cause: error }));
    });
    http.listen(port, host, resolve);
  });
}
