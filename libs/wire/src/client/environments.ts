import type { CameraImage, Observation, ResetInfo, Space, StepInfo } from "@reverie/core";
import { PeerError } from "@reverie/core";
import { toBytes, toFloat32, toUint16 } from "../bytes.ts";
import type { EnvironmentClientToServer, ServerToEnvironmentClient, WireObservation } from "../messages/environments.ts";
import { Connection, type ConnectOptions, type ValueOf } from "./connection.ts";

/** A world that lives on the server, with the words of core's `Environment`, each call one round trip. */
export interface RemoteEnvironment {
  readonly id: string;
  readonly version: number;
  readonly actionSpace: Space;
  readonly observationSpace: Space;
  readonly controlHz: number;
  readonly maxSteps: number;
  readonly cameras: readonly string[];
  reset(seed?: number): Promise<{ observation: Observation; info: ResetInfo }>;
  step(
    action: Float32Array,
  ): Promise<{ observation: Observation; reward: number; terminated: boolean; truncated: boolean; info: StepInfo }>;
  render(camera: string, options?: { width?: number; height?: number; depth?: boolean; segmentation?: boolean }): Promise<CameraImage>;
  snapshot(): Promise<{ snapshot: Uint8Array; sha256: string }>;
  restore(snapshot: Uint8Array): Promise<void>;
  close(): Promise<void>;
}

export interface EnvironmentsConnection {
  readonly connection: Connection<ServerToEnvironmentClient, EnvironmentClientToServer>;
  /** Makes a world of a task. @throws ReverieError `unknown-id` for an unknown task, StateError when the server's places are taken */
  create(task: string): Promise<RemoteEnvironment>;
  /** Ends the connection; the server frees this client's worlds. */
  close(): void;
}

function restoreBound(value: number | readonly (number | null)[] | null, missing: number): number | number[] {
  return typeof value === "object" && value !== null ? value.map((element) => element ?? missing) : (value ?? missing);
}

/** JSON has no infinities: an unbounded side of a box arrives as null. */
function restoreBounds(space: Space): Space {
  if (space.type === "dict") {
    return { type: "dict", spaces: Object.fromEntries(Object.entries(space.spaces).map(([key, inner]) => [key, restoreBounds(inner)])) };
  }
  if (space.type !== "box") return space;
  return { ...space, low: restoreBound(space.low, -Infinity), high: restoreBound(space.high, Infinity) };
}

function toObservation(observation: WireObservation): Observation {
  return { proprioception: toFloat32(observation.proprioception, "observation.proprioception"), instruction: observation.instruction };
}

function toImage(reply: ValueOf<EnvironmentClientToServer["environment.render"]>): CameraImage {
  const pixels = reply.width * reply.height;
  return {
    camera: reply.camera,
    width: reply.width,
    height: reply.height,
    rgb: toBytes(reply.rgb, "rgb", pixels * 3),
    ...(reply.depth === undefined ? {} : { depth: toFloat32(reply.depth, "depth", pixels) }),
    ...(reply.segmentation === undefined ? {} : { segmentation: toUint16(reply.segmentation, "segmentation", pixels) }),
  };
}

/**
 * Connects to a server's `/environments`, where a client steps worlds of its own.
 *
 * @param url - the server, for example `http://127.0.0.1:4870`
 * @throws InputError when `url` is no address
 */
export function connectEnvironments(url: string, options: ConnectOptions = {}): EnvironmentsConnection {
  const connection = new Connection<ServerToEnvironmentClient, EnvironmentClientToServer>(url, "/environments", options);
  return {
    connection,
    async create(task) {
      const made = await connection.request("environment.create", { task });
      if (typeof made.environment !== "string") throw new PeerError(connection.peer, "answered environment.create without a handle.");
      const { environment } = made;
      return {
        id: made.task,
        version: made.version,
        actionSpace: restoreBounds(made.actionSpace),
        observationSpace: restoreBounds(made.observationSpace),
        controlHz: made.controlHz,
        maxSteps: made.maxSteps,
        cameras: made.cameras,
        async reset(seed) {
          const reply = await connection.request("environment.reset", { environment, ...(seed === undefined ? {} : { seed }) });
          return { observation: toObservation(reply.observation), info: reply.info };
        },
        async step(action) {
          const { observation, reward, terminated, truncated, info } = await connection.request("environment.step", {
            environment,
            action: toBytes(action),
          });
          return { observation: toObservation(observation), reward, terminated, truncated, info };
        },
        async render(camera, channels = {}) {
          return toImage(await connection.request("environment.render", { environment, camera, ...channels }));
        },
        async snapshot() {
          const { snapshot, sha256 } = await connection.request("environment.snapshot", { environment });
          return { snapshot: toBytes(snapshot, "snapshot"), sha256 };
        },
        async restore(snapshot) {
          await connection.request("environment.restore", { environment, snapshot: toBytes(snapshot) });
        },
        async close() {
          await connection.request("environment.close", { environment });
        },
      };
    },
    close: () => connection.close(),
  };
}
