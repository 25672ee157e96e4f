import type { FrameView } from "./frame-view.ts";

/** Writes metres along the viewing axis, Infinity where nothing was hit, to `[height, width]`. */
export function readDepth({ coverage }: FrameView, depth: Float32Array): void {
  const { nearness, owner } = coverage;
  for (let i = 0; i < depth.length; i++) depth[i] = owner[i] === 0 ? Infinity : 1 / nearness[i];
}

/** Writes the segmentation id of the mesh seen, 0 where nothing was hit, to `[height, width]`. */
export function readSegmentation({ coverage, triangles }: FrameView, ids: Uint16Array): void {
  const { owner } = coverage;
  const { segmentation } = triangles;
  for (let i = 0; i < ids.length; i++) ids[i] = owner[i] === 0 ? 0 : segmentation[owner[i] - 1];
}

let idOfMesh = new Uint16Array(64);

/** Writes the mesh's `userData.semanticId` (0 when it has none), 0 where nothing was hit, to `[height, width]`. */
export function readSemantics({ coverage, triangles, frame, meshCount }: FrameView, ids: Uint16Array): void {
  if (idOfMesh.length < meshCount) idOfMesh = new Uint16Array(2 * meshCount);
  for (let i = 0; i < meshCount; i++) idOfMesh[i] = (frame[i].mesh.userData["semanticId"] as number | undefined) ?? 0;
  const { owner } = coverage;
  const { mesh } = triangles;
  for (let i = 0; i < ids.length; i++) ids[i] = owner[i] === 0 ? 0 : idOfMesh[mesh[owner[i] - 1]];
}
