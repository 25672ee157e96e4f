import { messageOf, ReverieError } from "@reverie/core";
import {
  connectViewer,
  toBytes,
  toFloat32,
  toReport,
  type CameraFrame,
  type ErrorReport,
  type PoseFrame,
  type ServerToViewer,
  type ViewerConnection,
} from "@reverie/wire";
import { FrameSlot } from "./frames.ts";
import { chosenCamera, studio } from "./store.ts";

// The page's end of the socket: what arrives goes into the store, frames go into their slots, requests go out.

/** Poses of all bodies, checked against the scene: `[bodies, 7]`. */
export type Poses = Omit<PoseFrame, "poses"> & { readonly poses: Float32Array };
/** One camera image, checked against its size: `[height, width, 3]` bytes. */
export type Picture = Omit<CameraFrame, "rgb"> & { readonly rgb: Uint8Array };

export const poseFrames = new FrameSlot<Poses>();
export const cameraFrames = new FrameSlot<Picture>();

const FLOATS_PER_BODY = 7;
const BYTES_PER_PIXEL = 3;
const LARGEST_SIDE = 4096;
const PING_INTERVAL_MS = 4000;

let viewer: ViewerConnection | undefined;
/** What this connection asked for last; undefined = nothing, so the server streams the first camera. */
let askedCamera: string | null | undefined;

/** What the page says about any thrown value. */
function reportOf(error: unknown): ErrorReport {
  return error instanceof ReverieError ? toReport(error) : { code: "internal", message: messageOf(error) };
}

/** Takes a frame in; one that is not what it should be becomes an error on the page, and the stream goes on. */
function takeFrame(take: () => void, acknowledge: () => void): void {
  try {
    take();
  } catch (error) {
    show(error);
    acknowledge();
  }
}

function receivePoses(frame: PoseFrame, acknowledge: () => void): void {
  const { scene } = studio.getState();
  if (frame.episode !== scene?.episode) return acknowledge();
  takeFrame(() => {
    const poses = toFloat32(frame.poses, "frame.poses", scene.scene.bodies.length * FLOATS_PER_BODY);
    poseFrames.offer({ ...frame, poses }, acknowledge);
  }, acknowledge);
}

function receivePicture(frame: CameraFrame, acknowledge: () => void): void {
  if (frame.episode !== studio.getState().scene?.episode) return acknowledge();
  takeFrame(() => {
    const { width, height } = frame;
    const sized = Number.isInteger(width) && Number.isInteger(height) && width > 0 && height > 0 && Math.max(width, height) <= LARGEST_SIDE;
    const rgb = toBytes(frame.rgb, "frame.camera", sized ? width * height * BYTES_PER_PIXEL : 0);
    cameraFrames.offer({ ...frame, rgb }, acknowledge);
  }, acknowledge);
}

const HANDLERS: { readonly [K in keyof ServerToViewer]: ServerToViewer[K] } = {
  "session.state": (session) => studio.getState().stateReceived(session),
  "session.scene": (scene) => {
    poseFrames.clear();
    cameraFrames.clear();
    studio.getState().sceneReceived(scene);
    followCamera();
  },
  "frame.poses": receivePoses,
  "frame.camera": receivePicture,
  "episode.finished": (episode) => studio.getState().episodeFinished(episode),
  "error.report": (error) => studio.getState().requestEnded(error),
};

/** Sends a request and shows its refusal on the page. */
export async function send(ask: (to: ViewerConnection) => Promise<unknown>, kind: "start" | "other" = "other"): Promise<void> {
  const { requestBegan, requestEnded } = studio.getState();
  if (viewer === undefined) return;
  requestBegan(kind);
  try {
    await ask(viewer);
    requestEnded();
  } catch (error) {
    requestEnded(reportOf(error));
  }
}

function show(error: unknown): void {
  studio.getState().requestEnded(reportOf(error));
}

/** Asks for the images of one camera; null = none. */
export async function askCamera(to: ViewerConnection, camera: string | null): Promise<void> {
  askedCamera = camera;
  await to.request("camera.select", { camera });
}

/** The server streams the first camera unasked. Another choice is repeated where a new scene or server does not know it. */
function followCamera(): void {
  const state = studio.getState();
  const wanted = chosenCamera(state);
  const chosen = askedCamera !== undefined || state.camera !== undefined;
  if (viewer !== undefined && chosen && wanted !== askedCamera) askCamera(viewer, wanted).catch(show);
}

async function measureLatency(to: ViewerConnection): Promise<void> {
  if (studio.getState().link !== "connected" || document.hidden) return;
  const sent = performance.now();
  await to.request("session.ping", {});
  studio.getState().latencyMeasured(performance.now() - sent);
}

async function greet(to: ViewerConnection): Promise<void> {
  const sent = performance.now();
  const { tasks } = await to.request("tasks.list", {});
  const state = studio.getState();
  state.latencyMeasured(performance.now() - sent);
  state.tasksListed(tasks);
}

/**
 * Connects the page to its server and keeps it connected.
 *
 * @param url - the server, for example `http://127.0.0.1:4870`
 * @param token - its shared secret, when it has one
 */
export function openConnection(url: string, token?: string): void {
  const to = connectViewer(url, token === undefined ? {} : { token });
  viewer = to;
  for (const [event, handler] of Object.entries(HANDLERS)) to.on(event as keyof ServerToViewer, handler as never);
  let before = false;
  to.onStatus((status, detail) => {
    const { linkChanged } = studio.getState();
    if (status === "connected") {
      before = true;
      linkChanged("connected");
      askedCamera = undefined;
      greet(to).catch(show);
    } else if (status === "refused") {
      linkChanged("refused", { code: "peer", message: `The server refused this page: ${detail ?? "no reason given"}.` });
    } else {
      linkChanged(before ? "reconnecting" : "connecting");
    }
  });
  setInterval(() => {
    // A round trip that is lost with the connection says nothing that the badge does not say already.
    measureLatency(to).catch((error: unknown) => {
      if (studio.getState().link === "connected") show(error);
    });
  }, PING_INTERVAL_MS);
}
