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

function toWireObservation({ proprioception, instruction }: StepResult["observation"]): WireObservation {
  return { proprioception: copyBytes(proprioception), instruction };
}

function actionLength(environment: PlanningEnvironment): number {
  const { actionSpace } = environment;
  return actionSpace.type === "box" ? actionSpace.shape.reduce((product, n) => product * n, 1) : 1;
}

/** Worlds that clients of `/environments` step themselves. Each client's worlds are freed when it goes. */
export class EnvironmentDesk {
  #taken = 0;

  /** Worlds that exist now. */
  get count(): number {
    return this.#taken;
  }

  /** Answers a new client of `/environments`. */
  welcome(peer: EnvironmentPeer): void {
    const worlds = new Map<string, PlanningEnvironment>();
    let reserved = 0;
    let made = 0;
    const find = (handle: string): PlanningEnvironment => {
      const world = worlds.get(handle);
      if (world === undefined) {
        throw new InputError(
          "environment",
          `"${handle}" is no environment of this client. Open: ${[...worlds.keys()].join(", ") || "none"}.`,
        );
      }
      return world;
    };
    const free = (handle: string, world: PlanningEnvironment): void => {
      worlds.delete(handle);
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
      } catch (error) {
        reserved--;
        this.#taken--;
        throw error;
      }
      const environment = `env-${++made}`;
      worlds.set(environment, world);
      if (!peer.connected) free(environment, world);
      const { id, version, actionSpace, observationSpace, controlHz, maxSteps, scene } = world;
      const cameras = scene.cameras.map((camera) => camera.id);
      return { environment, task: id, version, actionSpace, observationSpace, controlHz, maxSteps, cameras };
    });
    peer.handle("environment.reset", resetRequestSchema, ({ environment, seed }) => {
      const { observation, info } = find(environment).reset(seed === undefined ? {} : { seed });
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
      return { snapshot: copyBytes(snapshot), sha256: sha256Hex(snapshot) };
    });
    peer.handle("environment.restore", restoreRequestSchema, ({ environment, snapshot }) => {
      find(environment).restore(toBytes(snapshot, "snapshot"));
      return {};
    });
    peer.handle("environment.close", handleRequestSchema, ({ environment }) => {
      free(environment, find(environment));
      return {};
    });
    peer.onGone(() => {
      for (const [handle, world] of worlds) free(handle, world);
    });
  }
}
