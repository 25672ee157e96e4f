import type { Episode } from "@reverie/core";
import type { CameraFrame, PoseFrame, SessionScene, SessionState } from "@reverie/wire";
import { NewestFrame, type ViewerPeer } from "@reverie/wire/server";

/** How often a camera is drawn for those who watch it. */
const CAMERA_INTERVAL_MS = 100;

/** What viewers are shown; the session behind it. */
export interface ShowSource {
  readonly state: SessionState;
  readonly scene: SessionScene;
  /** Poses now. A copy. */
  poses(): PoseFrame;
  /** What a camera sees now. */
  picture(camera: string): CameraFrame;
  /** Changes whenever a picture would. */
  readonly moment: string;
}

interface Viewer {
  readonly peer: ViewerPeer;
  readonly poses: NewestFrame<PoseFrame>;
  readonly pictures: NewestFrame<CameraFrame>;
  /** The camera it chose; undefined = not yet, so the first one; null = none. */
  camera: string | null | undefined;
  /** Camera and moment of the newest picture it was offered. */
  shown: string;
}

/** Everyone who watches. State goes out whole and soon; poses and pictures through mailboxes that keep only the newest. */
export class ViewerDesk {
  readonly #source: () => ShowSource | undefined;
  readonly #viewers = new Set<Viewer>();
  readonly #timer: NodeJS.Timeout;
  readonly #log: (line: string) => void;
  #closed = false;
  #stateDue = false;
  #stateStale = false;

  /** @param source - what there is to show; undefined while there is nothing yet */
  constructor(source: () => ShowSource | undefined, log: (line: string) => void) {
    this.#source = () => (this.#closed ? undefined : source());
    this.#log = log;
    this.#timer = setInterval(() => this.#guarded(() => this.#refresh()), CAMERA_INTERVAL_MS);
  }

  /** What cannot be shown must not end the server: nobody awaits a timer. */
  #guarded(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#log(`showing the world failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    }
  }

  get count(): number {
    return this.#viewers.size;
  }

  /** Shows a newcomer where things stand. */
  welcome(peer: ViewerPeer): { select(camera: string | null): void } {
    const viewer: Viewer = {
      peer,
      poses: new NewestFrame((frame, done) => peer.sendFrame("frame.poses", frame, done)),
      pictures: new NewestFrame((frame, done) => peer.sendFrame("frame.camera", frame, done)),
      camera: undefined,
      shown: "",
    };
    this.#viewers.add(viewer);
    peer.onGone(() => this.#viewers.delete(viewer));
    const source = this.#source();
    if (source !== undefined) {
      peer.send("session.scene", source.scene);
      peer.send("session.state", source.state);
      viewer.poses.offer(source.poses());
    }
    return {
      select: (camera) => {
        viewer.camera = camera;
        viewer.pictures.clear();
      },
    };
  }

  /** Sends the state once the current turn of events is through. */
  stateChanged(): void {
    if (this.#stateDue) return;
    this.#stateDue = true;
    queueMicrotask(() => {
      this.#stateDue = false;
      this.#guarded(() => this.#sendState());
    });
  }

  /** One control step was made: poses go out now, the state's counters with the next refresh. */
  ticked(): void {
    this.#stateStale = true;
    const source = this.#source();
    if (source === undefined || this.#viewers.size === 0) return;
    const frame = source.poses();
    for (const viewer of this.#viewers) viewer.poses.offer(frame);
  }

  /** A new episode: frames of the old one are dropped, the scene goes out before its first frame. */
  sceneChanged(): void {
    const source = this.#source();
    if (source === undefined) return;
    const { scene } = source;
    for (const viewer of this.#viewers) {
      viewer.poses.clear();
      viewer.pictures.clear();
      viewer.peer.send("session.scene", scene);
    }
    this.#sendState();
    this.ticked();
  }

  /** @param number - the session's count of the episode */
  finished(episode: Episode, number: number): void {
    for (const { peer } of this.#viewers) peer.send("episode.finished", episode, number);
  }

  /** Shows nothing any more; the world may be freed. */
  close(): void {
    this.#closed = true;
    clearInterval(this.#timer);
  }

  #sendState(): void {
    const source = this.#source();
    if (source === undefined || this.#viewers.size === 0) return;
    this.#stateStale = false;
    const { state } = source;
    for (const { peer } of this.#viewers) peer.send("session.state", state);
  }

  /** Draws each camera that somebody watches once, however many watch it. */
  #refresh(): void {
    const source = this.#source();
    if (source === undefined) return;
    if (this.#stateStale) this.#sendState();
    const drawn = new Map<string, CameraFrame>();
    for (const viewer of this.#viewers) {
      const camera = viewer.camera === undefined ? source.scene.cameras[0] : viewer.camera;
      // A camera of another task's scene is not there now; the choice holds for when it is.
      if (camera === undefined || camera === null || !source.scene.cameras.includes(camera)) continue;
      const shown = `${camera} ${source.moment}`;
      if (viewer.shown === shown) continue;
      viewer.shown = shown;
      const frame = drawn.get(camera) ?? source.picture(camera);
      drawn.set(camera, frame);
      viewer.pictures.offer(frame);
    }
  }
}
