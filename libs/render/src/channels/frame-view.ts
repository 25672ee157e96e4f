import type { PerspectiveCamera } from "three";
import type { Coverage } from "../coverage.ts";
import type { Pinhole } from "../pinhole.ts";
import type { FrameMesh } from "../shadow-map.ts";
import type { TriangleList } from "../triangle-list.ts";

/** What a drawn frame leaves for the channels: who won each pixel, and from which meshes and camera. */
export interface FrameView {
  readonly coverage: Coverage;
  readonly triangles: TriangleList;
  /** Only the first `meshCount` are of this frame. */
  readonly frame: readonly FrameMesh[];
  readonly meshCount: number;
  readonly camera: PerspectiveCamera;
  readonly pinhole: Pinhole;
}
