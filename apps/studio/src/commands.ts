import type { ControlRequest, StartRequest } from "@reverie/wire";
import { askCamera, send } from "./connection.ts";
import { isActive } from "./format.ts";
import { chosenTask, studio } from "./store.ts";

// What a person can ask for. Every function reports a refusal on the page and never throws.

/** Starts what the command bar says: the chosen task, the typed words or else the task's own. */
export async function startEpisode({ seed }: { readonly seed?: number }): Promise<void> {
  const state = studio.getState();
  const task = chosenTask(state);
  const instruction = state.draft.instruction.trim();
  const request: StartRequest = {
    ...(task === undefined ? {} : { task }),
    ...(seed === undefined ? {} : { seed }),
    ...(instruction === "" ? {} : { instruction }),
  };
  await send((viewer) => viewer.request("session.start", request), "start");
}

export async function control(action: ControlRequest["action"]): Promise<void> {
  await send((viewer) => viewer.request("session.control", { action }));
}

/** Pause while it plays; else play, which begins the episode anew when it is over. */
export async function playOrPause(): Promise<void> {
  const { session } = studio.getState();
  if (session !== undefined) await control(isActive(session.phase) && !session.paused ? "pause" : "play");
}

export async function setSpeed(speed: number): Promise<void> {
  await send((viewer) => viewer.request("session.speed", { speed }));
}

export async function selectCamera(camera: string | null): Promise<void> {
  studio.getState().cameraChosen(camera);
  await send((viewer) => askCamera(viewer, camera));
}
