import type { Episode } from "@reverie/core";
import { PlannerAgent, backends } from "@reverie/planning";
import {
  connectPlanner,
  connectViewer,
  type PlannerConnection,
  type PlannerOptions,
  type SessionPhase,
  type SessionScene,
  type SessionState,
  type ViewerConnection,
} from "@reverie/wire";
import { startServer, type RunningServer, type ServerOptions } from "./start-server.ts";

// Real parts for the package's own tests: a server on a free port, viewers and planners on real sockets.

export const TASK = "manipulation/stack-cubes";
const USAGE = { latencyMs: 0, attempts: 1 };

/** A viewer that remembers what it was told. */
export interface Watcher {
  readonly connection: ViewerConnection;
  readonly states: SessionState[];
  readonly scenes: SessionScene[];
  readonly episodes: Episode[];
  /** The session's counts of those episodes. */
  readonly numbers: number[];
  /** The newest state. */
  readonly state: SessionState;
  /** Resolves with the first state, from now on or already there, in one of these phases of an episode after `after`. */
  until(phases: readonly SessionPhase[], after?: number): Promise<SessionState>;
  /** Resolves with the next finished episode. */
  finished(): Promise<Episode>;
}

function blind(): Promise<never> {
  return Promise.reject(new Error("a privileged planner does not look"));
}

/** Everything a test opened, closed again by `closeAll`. */
export class Stage {
  readonly #closers: (() => unknown)[] = [];
  server!: RunningServer;
  readonly log: string[] = [];

  async serve(options: ServerOptions = {}): Promise<RunningServer> {
    this.server = await startServer({ port: 0, task: TASK, plannerWaitMs: 200, log: (line) => this.log.push(line), ...options });
    return this.server;
  }

  viewer(token?: string): ViewerConnection {
    const connection = connectViewer(this.server.url, token === undefined ? {} : { token });
    this.#closers.push(() => connection.close());
    return connection;
  }

  /** A viewer that acknowledges every frame at once. */
  async watch(token?: string): Promise<Watcher> {
    const connection = this.viewer(token);
    const states: SessionState[] = [];
    const scenes: SessionScene[] = [];
    const episodes: Episode[] = [];
    connection.on("session.state", (state) => states.push(state));
    connection.on("session.scene", (scene) => scenes.push(scene));
    const numbers: number[] = [];
    connection.on("episode.finished", (episode, number) => {
      episodes.push(episode);
      numbers.push(number);
    });
    connection.on("frame.poses", (_frame, acknowledge) => acknowledge());
    connection.on("frame.camera", (_frame, acknowledge) => acknowledge());
    await connection.whenConnected();
    await eventually(() => states.length > 0, "a first state");
    return {
      connection,
      states,
      scenes,
      episodes,
      numbers,
      get state() {
        return states.at(-1)!;
      },
      async until(phases, after = 0) {
        const matches = (): boolean => states.at(-1)!.episode > after && phases.includes(states.at(-1)!.phase);
        await eventually(matches, `phase ${phases.join(" or ")} after episode ${after}`);
        return states.at(-1)!;
      },
      async finished() {
        const before = episodes.length;
        await eventually(() => episodes.length > before, "a finished episode");
        return episodes[before]!;
      },
    };
  }

  /** A planner on a socket that answers as told. */
  async planner(options: Partial<PlannerOptions> = {}): Promise<PlannerConnection> {
    const planner = connectPlanner(this.server.url, {
      name: "test",
      privileged: false,
      plan: async () => ({ text: "", usage: USAGE }),
      verify: async () => ({ complete: true, usage: USAGE }),
      ...options,
    });
    this.#closers.push(() => planner.close());
    await planner.whenRegistered();
    return planner;
  }

  /** A planner on a socket that knows what it does: it searches over facts. */
  async goodPlanner(): Promise<PlannerConnection> {
    const agent = new PlannerAgent(backends.get("symbolic").create({}));
    return this.planner({
      name: agent.name,
      privileged: agent.privileged,
      plan: ({ requestId: _requestId, ...request }, { signal }) => agent.plan({ ...request, observe: blind }, signal),
      verify: ({ requestId: _requestId, ...request }, { signal }) => agent.verify({ ...request, observe: blind }, signal),
    });
  }

  /** Closes all clients, then the server. */
  async closeAll(): Promise<void> {
    for (const close of this.#closers.splice(0)) close();
    await this.server?.close();
    this.log.length = 0;
  }
}

/** Waits until `holds`, looking every few milliseconds. @throws Error naming `what` after 15 seconds */
export async function eventually(holds: () => boolean, what: string): Promise<void> {
  const deadline = performance.now() + 15_000;
  while (!holds()) {
    if (performance.now() > deadline) throw new Error(`waited 15 s in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
