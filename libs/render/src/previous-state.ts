import { Matrix4 } from "three";
import type { Object3D, PerspectiveCamera } from "three";

/** Where bodies and cameras of a scene graph stood before, for optical flow. */
export class PreviousState {
  readonly #bodies: readonly Object3D[];
  readonly #bodiesThen: readonly Matrix4[];
  readonly #camerasThen: ReadonlyMap<PerspectiveCamera, Matrix4>;
  #known = false;

  constructor(bodies: readonly Object3D[], cameras: Iterable<PerspectiveCamera>) {
    this.#bodies = bodies;
    this.#bodiesThen = bodies.map(() => new Matrix4());
    this.#camerasThen = new Map(Array.from(cameras, (camera) => [camera, new Matrix4()]));
  }

  /** Takes the world matrices as they stand now as those of the previous state. */
  remember(): void {
    this.#known = true;
    this.#bodies.forEach((body, index) => this.#bodiesThen[index].copy(body.matrixWorld));
    for (const [camera, then] of this.#camerasThen) then.copy(camera.matrixWorld);
  }

  /** From now on there is no previous state: nothing has moved. */
  forget(): void {
    this.#known = false;
  }

  /** World from body `index` in the previous state; undefined for what is no body, or when there is no previous state. */
  body(index: number): Matrix4 | undefined {
    return this.#known ? this.#bodiesThen[index] : undefined;
  }

  /** World from body `index` now; undefined for what is no body. */
  currentBody(index: number): Matrix4 | undefined {
    return this.#bodies[index]?.matrixWorld;
  }

  /** World from `camera` in the previous state; a camera that is none of the graph's has stood where it stands. Undefined when there is no previous state. */
  camera(camera: PerspectiveCamera): Matrix4 | undefined {
    return this.#known ? (this.#camerasThen.get(camera) ?? camera.matrixWorld) : undefined;
  }
}
