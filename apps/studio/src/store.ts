import type { Episode, TaskCard } from "@reverie/core";
import type { ErrorReport, SessionScene, SessionState } from "@reverie/wire";
import { useStore } from "zustand";
import { createStore, type StoreApi } from "zustand/vanilla";

// What the page knows. Frames are not here: poses and images go straight from the socket into the viewport and the canvas.

export type LinkStatus = "connecting" | "connected" | "reconnecting" | "refused";

/** What the person has typed for the next episode; undefined fields follow the session. */
export interface Draft {
  readonly task?: string;
  readonly seed?: string;
  readonly instruction: string;
}

/** One row of the list of finished episodes. */
export interface PastEpisode {
  /** Counts from 1 on this page. */
  readonly key: number;
  readonly task: string;
  readonly seed: number;
  readonly instruction: string;
  readonly reward?: number;
  readonly success: boolean;
  readonly failure?: string;
}

/** How many finished episodes the page keeps. */
export const HISTORY_LIMIT = 20;

export interface StudioState {
  readonly link: LinkStatus;
  /** Round trip of the socket in milliseconds, once measured. */
  readonly latencyMs?: number;
  readonly tasks: readonly TaskCard[];
  readonly session?: SessionState;
  readonly scene?: SessionScene;
  readonly draft: Draft;
  /** What went wrong last, until the next request succeeds or the person types. */
  readonly error?: ErrorReport;
  /** Waiting for the reply to Run. */
  readonly starting: boolean;
  /** Newest first. */
  readonly history: readonly PastEpisode[];
  /** Camera that the person chose; undefined follows the scene's first, null shows none. */
  readonly camera?: string | null;
  /** Object ids of the plan step under the pointer or focus. */
  readonly pointedObjects?: readonly string[];
}

export interface StudioActions {
  linkChanged(link: LinkStatus, error?: ErrorReport): void;
  latencyMeasured(milliseconds: number): void;
  tasksListed(tasks: readonly TaskCard[]): void;
  stateReceived(session: SessionState): void;
  sceneReceived(scene: SessionScene): void;
  episodeFinished(episode: Episode): void;
  draftChanged(change: Partial<Draft>): void;
  requestBegan(kind: "start" | "other"): void;
  requestEnded(error?: ErrorReport): void;
  cameraChosen(camera: string | null): void;
  objectsPointed(objects: readonly string[] | undefined): void;
}

export type StudioStore = StoreApi<StudioState & StudioActions>;

type Optional = "latencyMs" | "session" | "scene" | "error" | "camera" | "pointedObjects";

/** Optional fields are removed rather than set to undefined. */
function without<T extends StudioState>(state: T, ...keys: Optional[]): T {
  const copy = { ...state };
  for (const key of keys) delete copy[key];
  return copy;
}

/** Makes an empty store: connecting, no session, no history. */
export function createStudioStore(): StudioStore {
  return createStore<StudioState & StudioActions>()((set) => ({
    link: "connecting",
    tasks: [],
    draft: { instruction: "" },
    starting: false,
    history: [],

    linkChanged: (link, error) =>
      set((state) => {
        const base = link === "connected" ? without(state, "error") : without(state, "latencyMs");
        return { ...base, link, starting: false, ...(error === undefined ? {} : { error }) };
      }, true),
    latencyMeasured: (latencyMs) => set({ latencyMs }),
    tasksListed: (tasks) => set({ tasks }),
    stateReceived: (session) => set({ session }),
    sceneReceived: (scene) => set((state) => ({ ...without(state, "pointedObjects"), scene }), true),
    episodeFinished: (episode) =>
      set((state) => ({
        history: [
          {
            key: (state.history[0]?.key ?? 0) + 1,
            task: episode.task,
            seed: episode.seed,
            instruction: episode.instruction,
            success: episode.success,
            ...(episode.reward === undefined ? {} : { reward: episode.reward.value }),
            ...(episode.failure === undefined ? {} : { failure: episode.failure.message }),
          },
          ...state.history,
        ].slice(0, HISTORY_LIMIT),
      })),
    draftChanged: (change) => set((state) => ({ ...without(state, "error"), draft: { ...state.draft, ...change } }), true),
    requestBegan: (kind) => set((state) => ({ ...without(state, "error"), starting: state.starting || kind === "start" }), true),
    requestEnded: (error) => set(error === undefined ? { starting: false } : { starting: false, error }),
    cameraChosen: (camera) => set({ camera }),
    objectsPointed: (objects) =>
      set((state) => (objects === undefined ? without(state, "pointedObjects") : { ...state, pointedObjects: objects }), true),
  }));
}

/** The one store of the page. */
export const studio = createStudioStore();

export function useStudio<T>(select: (state: StudioState & StudioActions) => T): T {
  return useStore(studio, select);
}

/** Task that Run starts: the chosen one, else the session's, else the first that the server offers. */
export function chosenTask(state: StudioState): string | undefined {
  return state.draft.task ?? state.session?.task ?? state.tasks[0]?.id;
}

/** Text of the seed field. */
export function chosenSeed(state: StudioState): string {
  return state.draft.seed ?? (state.session === undefined ? "" : String(state.session.seed));
}

/** Camera that the page shows: the chosen one when the scene has it, else the scene's first; null = none. */
export function chosenCamera(state: StudioState): string | null {
  const cameras = state.scene?.cameras ?? [];
  if (state.camera === null) return null;
  if (state.camera !== undefined && cameras.includes(state.camera)) return state.camera;
  return cameras[0] ?? null;
}
