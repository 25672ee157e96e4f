import { Matrix4 } from "three";
import type { PreviousState } from "../previous-state.ts";
import type { FrameView } from "./frame-view.ts";

const UNKNOWN = 0;
const RESTS = 1;
const MOVES = 2;

let motions = new Uint8Array(64);
/** Per mesh three rows of four: where a point seen now was then, camera frame to camera frame. */
let rows = new Float64Array(12 * 64);
const previousCameraFromWorld = new Matrix4();
const thenFromNow = new Matrix4();
const inverse = new Matrix4();

function equal(a: Matrix4, b: Matrix4): boolean {
  return a.elements.every((value, k) => value === b.elements[k]);
}

/** Fills in how a mesh moved, or the world itself for `body` -1, and its rows from number `at` on. */
function motionOf(view: FrameView, previous: PreviousState, worldFromCamera: Matrix4, body: number, at: number): number {
  const { camera } = view;
  const then = previous.body(body);
  const now = previous.currentBody(body);
  const rests = then === undefined || now === undefined || equal(then, now);
  if (rests && equal(worldFromCamera, camera.matrixWorld)) return RESTS;
  if (rests) thenFromNow.copy(camera.matrixWorld);
  else thenFromNow.multiplyMatrices(then, inverse.copy(now).invert()).multiply(camera.matrixWorld);
  const { elements } = thenFromNow.premultiply(previousCameraFromWorld);
  for (let row = 0; row < 3; row++) {
    for (let column = 0; column < 4; column++) rows[at + 4 * row + column] = elements[4 * column + row];
  }
  return MOVES;
}

/**
 * Writes how far the point seen at each pixel centre has moved on the image since the previous state, pixels right and down, to
 * `[height, width, 2]`: the bodies' and the camera's motions both count. Background moves as points at infinity do. 0 when
 * there is no previous state, NaN where the point was not before the camera.
 */
export function readFlow(view: FrameView, previous: PreviousState, flow: Float32Array): void {
  const { coverage, triangles, meshCount, frame, camera, pinhole } = view;
  const { width, height, owner, nearness } = coverage;
  const worldFromCamera = previous.camera(camera);
  if (worldFromCamera === undefined) {
    flow.fill(0);
    return;
  }
  // Background is the entry after the last mesh.
  const background = meshCount;
  if (motions.length <= meshCount) {
    motions = new Uint8Array(2 * meshCount + 1);
    rows = new Float64Array(12 * motions.length);
  }
  motions.fill(UNKNOWN, 0, meshCount + 1);
  previousCameraFromWorld.copy(worldFromCamera).invert();
  const { focalX, focalY, centerX, centerY } = pinhole;
  for (let y = 0, i = 0, at = 0; y < height; y++) {
    const rayY = (centerY - (y + 0.5)) / focalY;
    for (let x = 0; x < width; x++, i++, at += 2) {
      const id = owner[i];
      const mesh = id === 0 ? background : triangles.mesh[id - 1];
      if (motions[mesh] === UNKNOWN) {
        const body = id === 0 ? -1 : ((frame[mesh].mesh.userData["segmentationId"] as number | undefined) ?? 0) - 1;
        motions[mesh] = motionOf(view, previous, worldFromCamera, body, 12 * mesh);
      }
      if (motions[mesh] === RESTS) {
        flow[at] = 0;
        flow[at + 1] = 0;
        continue;
      }
      const m = 12 * mesh;
      const rayX = (x + 0.5 - centerX) / focalX;
      // The point, divided by its depth; at infinity nothing is left of the shift.
      const shift = id === 0 ? 0 : nearness[i];
      const px = rows[m] * rayX + rows[m + 1] * rayY - rows[m + 2] + rows[m + 3] * shift;
      const py = rows[m + 4] * rayX + rows[m + 5] * rayY - rows[m + 6] + rows[m + 7] * shift;
      const depth = -(rows[m + 8] * rayX + rows[m + 9] * rayY - rows[m + 10] + rows[m + 11] * shift);
      if (depth > 0) {
        flow[at] = x + 0.5 - (centerX + (focalX * px) / depth);
        flow[at + 1] = y + 0.5 - (centerY - (focalY * py) / depth);
      } else {
        flow[at] = NaN;
        flow[at + 1] = NaN;
      }
    }
  }
}
