import type { BodyVisibility } from "@reverie/core";
import { Matrix4 } from "three";
import type { Object3D } from "three";
import { Coverage } from "../coverage.ts";
import type { FrameMesh } from "../shadow-map.ts";
import { TriangleList } from "../triangle-list.ts";
import type { FrameView } from "./frame-view.ts";

/** Draws the first `count` meshes into a coverage that has begun. */
type DrawMeshes = (meshes: readonly FrameMesh[], count: number, coverage: Coverage, triangles: TriangleList) => void;

/** Numbers per body while counting: visible pixels, then the first and last column and row of them. */
const COUNTS = 5;
/** Left, top, right, bottom: the pixels that a body can cover. */
const rectangle = new Int32Array(4);
const cameraFromMesh = new Matrix4();

/** Widens `rectangle` by the pixels that a mesh's bounding sphere can cover. */
function addRectangle({ mesh, data }: FrameMesh, { camera, pinhole, coverage }: FrameView): void {
  const e = cameraFromMesh.multiplyMatrices(camera.matrixWorldInverse, mesh.matrixWorld).elements;
  const s = data.sphere;
  const radius = s[3] * cameraFromMesh.getMaxScaleOnAxis();
  const x = e[0] * s[0] + e[4] * s[1] + e[8] * s[2] + e[12];
  const y = e[1] * s[0] + e[5] * s[1] + e[9] * s[2] + e[13];
  const depth = -(e[2] * s[0] + e[6] * s[1] + e[10] * s[2] + e[14]);
  const nearest = Math.max(depth - radius, camera.near);
  const farthest = depth + radius;
  if (!(farthest > nearest)) return;
  // Of a box around the sphere, cut at the near plane, the near or the far corners are outermost. A pixel more for rounding.
  const left = pinhole.centerX + pinhole.focalX * Math.min((x - radius) / nearest, (x - radius) / farthest) - 1;
  const right = pinhole.centerX + pinhole.focalX * Math.max((x + radius) / nearest, (x + radius) / farthest) + 1;
  const top = pinhole.centerY - pinhole.focalY * Math.max((y + radius) / nearest, (y + radius) / farthest) - 1;
  const bottom = pinhole.centerY - pinhole.focalY * Math.min((y - radius) / nearest, (y - radius) / farthest) + 1;
  rectangle[0] = Math.min(rectangle[0], Math.max(0, Math.floor(left)));
  rectangle[1] = Math.min(rectangle[1], Math.max(0, Math.floor(top)));
  rectangle[2] = Math.max(rectangle[2], Math.min(coverage.width - 1, Math.ceil(right)));
  rectangle[3] = Math.max(rectangle[3], Math.min(coverage.height - 1, Math.ceil(bottom)));
}

/** Counts pixels of each body with and without the others before it. Keeps its buffers from frame to frame. */
export class VisibilityPass {
  readonly #alone = new Coverage();
  readonly #triangles = new TriangleList();
  readonly #meshes: FrameMesh[] = [];
  #background = Number.NaN;
  #counts = new Int32Array(0);
  /** Meshes of the frame in order of their bodies, and where those of each body start. */
  #order = new Int32Array(0);
  #starts = new Int32Array(0);

  /**
   * Visibility of every body in scene order.
   *
   * @param draw - as the frame itself was drawn
   */
  read(view: FrameView, bodies: readonly Object3D[], draw: DrawMeshes): BodyVisibility[] {
    this.#count(view, bodies.length);
    this.#sort(view, bodies.length);
    this.#clear(view);
    const counts = this.#counts;
    return bodies.map(({ name }, body) => {
      const at = COUNTS * body;
      const visiblePixels = counts[at];
      const unoccludedPixels = this.#drawAlone(view, body, bodies.length, draw);
      const occlusion = unoccludedPixels === 0 ? 0 : 1 - visiblePixels / unoccludedPixels;
      if (visiblePixels === 0) return { body: name, visiblePixels, unoccludedPixels, occlusion };
      const box = {
        x: counts[at + 1],
        y: counts[at + 3],
        width: counts[at + 2] - counts[at + 1] + 1,
        height: counts[at + 4] - counts[at + 3] + 1,
      };
      return { body: name, visiblePixels, unoccludedPixels, occlusion, box };
    });
  }

  #count({ coverage, triangles }: FrameView, bodies: number): void {
    if (this.#counts.length < COUNTS * bodies) this.#counts = new Int32Array(COUNTS * bodies);
    const counts = this.#counts;
    for (let at = 0; at < COUNTS * bodies; at += COUNTS) {
      counts[at] = 0;
      counts[at + 1] = coverage.width;
      counts[at + 2] = -1;
      counts[at + 3] = coverage.height;
      counts[at + 4] = -1;
    }
    const { width, height, owner } = coverage;
    for (let y = 0, i = 0; y < height; y++) {
      for (let x = 0; x < width; x++, i++) {
        if (owner[i] === 0) continue;
        const body = triangles.segmentation[owner[i] - 1] - 1;
        if (body < 0 || body >= bodies) continue;
        const at = COUNTS * body;
        counts[at]++;
        if (x < counts[at + 1]) counts[at + 1] = x;
        if (x > counts[at + 2]) counts[at + 2] = x;
        if (y < counts[at + 3]) counts[at + 3] = y;
        counts[at + 4] = y;
      }
    }
  }

  /** Counting sort of the frame's meshes by body. */
  #sort({ frame, meshCount }: FrameView, bodies: number): void {
    if (this.#starts.length < bodies + 2) this.#starts = new Int32Array(bodies + 2);
    if (this.#order.length < meshCount) this.#order = new Int32Array(2 * meshCount);
    const starts = this.#starts;
    starts.fill(0);
    const idOf = (mesh: number): number => {
      const id = (frame[mesh].mesh.userData["segmentationId"] as number | undefined) ?? 0;
      return id > bodies ? 0 : id;
    };
    for (let i = 0; i < meshCount; i++) starts[idOf(i) + 1]++;
    for (let id = 1; id < bodies + 2; id++) starts[id] += starts[id - 1];
    for (let i = meshCount - 1; i >= 0; i--) this.#order[--starts[idOf(i) + 1]] = i;
  }

  /** Makes the coverage empty; afterwards each body leaves it so. */
  #clear({ coverage: { width, height }, camera }: FrameView): void {
    const background = 1 / camera.far;
    if (this.#alone.width === width && this.#alone.height === height && this.#background === background) return;
    this.#alone.begin(width, height, background);
    this.#background = background;
  }

  /** Pixels of a body drawn alone: counts and clears only the rectangle that it can cover. */
  #drawAlone(view: FrameView, body: number, bodies: number, draw: DrawMeshes): number {
    rectangle[0] = view.coverage.width;
    rectangle[1] = view.coverage.height;
    rectangle[2] = -1;
    rectangle[3] = -1;
    // After the sort `starts[id + 1]` is where the meshes of `id` start.
    const end = body + 1 < bodies ? this.#starts[body + 3] : view.meshCount;
    let count = 0;
    for (let k = this.#starts[body + 2]; k < end; k++) {
      const mesh = view.frame[this.#order[k]];
      addRectangle(mesh, view);
      this.#meshes[count++] = mesh;
    }
    const [left, top, right, bottom] = rectangle;
    if (count === 0 || left > right || top > bottom) return 0;
    const alone = this.#alone;
    draw(this.#meshes, count, alone, this.#triangles);
    let pixels = 0;
    for (let y = top; y <= bottom; y++) {
      const row = y * alone.width;
      for (let i = row + left; i <= row + right; i++) if (alone.owner[i] !== 0) pixels++;
      alone.owner.fill(0, row + left, row + right + 1);
      alone.nearness.fill(this.#background, row + left, row + right + 1);
    }
    return pixels;
  }
}
