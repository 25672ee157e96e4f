import type { PlanningEnvironment, RenderOptions, StepResult } from "@reverie/core";
import { InputError, sha256Hex, StateError, UnknownIdError } from "@reverie/core";
import {
  copyBytes,
  createRequestSchema,
  handleRequestSchema,
  MAX_MESSAGE_BYTES,
  renderRequestSchema,
  resetRequestSchema,
  restoreRequestSchema,
  stepRequestSchema,
  toBytes,
  toFloat32,
  type WireObservation,
} from "@reverie/wire";
import type { EnvironmentPeer } from "@reverie/wire/server";
import { createWorld } from "./worlds.ts";

const MOST_PER_CLIENT = 8;
const MOST_IN_ALL = 64;
/** How many snapshots are remembered as given out. */
const SNAPSHOTS_KEPT = 10_000;
/** Pixels of one picture: what fits into a message, with room for the names around them. */
const MOST_PICTURE_BYTES = MAX_MESSAGE_BYTES - 4096;
/** A client that has this much on its way must read before it gets more pictures or snapshots. */
const MOST_UNREAD_BYTES = MAX_MESSAGE_BYTES;

function toWireObservation({ proprioception, instruction }: StepResult["observation"]): WireObservation {
  return { proprioception: copyBytes(proprioception), instruction };
}

function actionLength(environment: PlanningEnvironment): number {
  const { actionSpace } = environment;
  return actionSpace.type === "box" ? actionSpace.shape.reduce((product, n) => product * n, 1) : 1;
}

/** Bytes of a picture's channels. @throws InputError for a picture that would not fit into a message */
function pictureBytes(width: number, height: number, { depth = false, segmentation = false }: RenderOptions): number {
  const perPixel = 3 + (depth ? 4 : 0) + (segmentation ? 2 : 0);
  const bytes = width * height * perPixel;
  if (bytes > MOST_PICTURE_BYTES) {
    const most = Math.floor(MOST_PICTURE_BYTES / perPixel);
    throw new InputError(
      "width",
      `width times height may be at most ${most} pixels with these channels (${perPixel} bytes a pixel), got ${width} x ${height}.`,
    );
  }
  return bytes;
}

/** A client's world. It was reset once to learn its cameras, which the client does not know of. */
interface Place {
  readonly world: PlanningEnvironment;
  begun: boolean;
}

/** Worlds that clients of `/environments` step themselves. Each client's worlds are freed when it goes. */
export class EnvironmentDesk {
  #taken = 0;
  /**
   * Digests of the snapshots that were given out, oldest first. A physics engine trusts its own bytes: forged ones could
   * break it for every world in this process, so only what came from here goes back in.
   */
  readonly #given = new Set<string>();

  /** Worlds that exist now. */
  get count(): number {
    return this.#taken;
  }

  /** Answers a new client of `/environments`. */
  welcome(peer: EnvironmentPeer): void {
    const places = new Map<string, Place>();
    let reserved = 0;
    let made = 0;
    const place = (handle: string): Place => {
      const found = places.get(handle);
      if (found === undefined) {
        throw new InputError(
          "environment",
          `"${handle}" is no environment of this client. Open: ${[...places.keys()].join(", ") || "none"}.`,
        );
      }
      return found;
    };
    const find = (handle: string): PlanningEnvironment => {
      const { world, begun } = place(handle);
      if (!begun) throw new StateError(`${world.id} was used before environment.reset; reset "${handle}" first.`);
      return world;
    };
    const free = (handle: string): void => {
      const { world } = place(handle);
      places.delete(handle);
      reserved--;
      this.#taken--;
      world.close();
    };

    // Requests that came together are all handled before the first reply is on its way, so replies count from their making.
    let replying = 0;
    const expectReader = (): void => {
      if (replying + peer.unsentBytes < MOST_UNREAD_BYTES) return;
      throw new StateError(
        `More than ${MOST_UNREAD_BYTES / (1024 * 1024)} MiB are on their way to this client; read those replies before asking for more.`,
      );
    };
    const reply = (bytes: number): void => {
      replying += bytes;
      setImmediate(() => (replying -= bytes));
    };

    peer.handle("environment.create", createRequestSchema, async ({ task }) => {
      if (reserved >= MOST_PER_CLIENT) throw new StateError(`A client may have ${MOST_PER_CLIENT} environments; close one first.`);
      if (this.#taken >= MOST_IN_ALL) throw new StateError(`All ${MOST_IN_ALL} places for environments are taken; try again later.`);
      reserved++;
      this.#taken++;
      let world: PlanningEnvironment;
      try {
        world = await createWorld(task);
        world.reset({ seed: 0 });
      } catch (error) {
        reserved--;
        this.#taken--;
        throw error;
      }
      const environment = `env-${++made}`;
      places.set(environment, { world, begun: false });
      const { id, version, actionSpace, observationSpace, controlHz, maxSteps, scene } = world;
      const cameras = scene.cameras.map((camera) => camera.id);
      // The client may have gone while its world was made.
      if (!peer.connected) free(environment);
      return { environment, task: id, version, actionSpace, observationSpace, controlHz, maxSteps, cameras };
    });
    peer.handle("environment.reset", resetRequestSchema, ({ environment, seed }) => {
      const found = place(environment);
      const first = found.begun ? {} : { seed: 0 };
      const { observation, info } = found.world.reset(seed === undefined ? first : { seed });
      found.begun = true;
      return { observation: toWireObservation(observation), info };
    });
    peer.handle("environment.step", stepRequestSchema, ({ environment, action }) => {
      const world = find(environment);
      const { observation, ...rest } = world.step(toFloat32(action, "action", actionLength(world)));
      return { observation: toWireObservation(observation), ...rest };
    });
    peer.handle("environment.render", renderRequestSchema, ({ environment, camera, width, height, depth, segmentation }) => {
      const world = find(environment);
      const options: RenderOptions = {
        ...(width === undefined ? {} : { width }),
        ...(height === undefined ? {} : { height }),
        ...(depth === undefined ? {} : { depth }),
        ...(segmentation === undefined ? {} : { segmentation }),
      };
      const own = world.scene.cameras.find(({ id }) => id === camera);
      if (own === undefined)
        throw new UnknownIdError(
          "camera",
          camera,
          world.scene.cameras.map(({ id }) => id),
        );
      const bytes = pictureBytes(width ?? own.width, height ?? own.height, options);
      expectReader();
      const image = world.render(camera, options);
      reply(bytes);
      return {
        camera: image.camera,
        width: image.width,
        height: image.height,
        rgb: copyBytes(image.rgb),
        ...(image.depth === undefined ? {} : { depth: copyBytes(image.depth) }),
        ...(image.segmentation === undefined ? {} : { segmentation: copyBytes(image.segmentation) }),
      };
    });
    peer.handle("environment.snapshot", handleRequestSchema, ({ environment }) => {
      const world = find(environment);
      expectReader();
      const snapshot = world.snapshot();
      reply(snapshot.byteLength);
      const sha256 = sha256Hex(snapshot);
      this.#remember(sha256);
      return { snapshot: copyBytes(snapshot), sha256 };
    });
    peer.handle("environment.restore", restoreRequestSchema, ({ environment, snapshot }) => {
      const world = find(environment);
      const bytes = toBytes(snapshot, "snapshot");
      if (!this.#given.has(sha256Hex(bytes))) {
        throw new InputError(
          "snapshot",
          `is none of the ${SNAPSHOTS_KEPT} newest that this server gave; use bytes from environment.snapshot, unchanged.`,
        );
      }
      world.restore(bytes);
      return {};
    });
    peer.handle("environment.close", handleRequestSchema, ({ environment }) => {
      free(environment);
      return {};
    });
    peer.onGone(() => {
      for (const handle of places.keys()) free(handle);
    });
  }

  #remember(digest: string): void {
    // Deleted first, so that a state met again counts as new.
    this.#given.delete(digest);
    this.#given.add(digest);
    if (this.#given.size <= SNAPSHOTS_KEPT) return;
    for (const oldest of this.#given) {
      this.#given.delete(oldest);
      return;
    }
  }
}
