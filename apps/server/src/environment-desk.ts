import type { PlanningEnvironment, StepResult } from "@reverie/core";
import { InputError, sha256Hex, StateError } from "@reverie/core";
import {
  copyBytes,
  createRequestSchema,
  handleRequestSchema,
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

function toWireObservation({ proprioception, instruction }: StepResult["observation"]): WireObservation {
  return { proprioception: copyBytes(proprioception), instruction };
}

function actionLength(environment: PlanningEnvironment): number {
  const { actionSpace } = environment;
  return actionSpace.type === "box" ? actionSpace.shape.reduce((product, n) => product * n, 1) : 1;
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
      const image = find(environment).render(camera, {
        ...(width === undefined ? {} : { width }),
        ...(height === undefined ? {} : { height }),
        ...(depth === undefined ? {} : { depth }),
        ...(segmentation === undefined ? {} : { segmentation }),
      });
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
      const snapshot = find(environment).snapshot();
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
