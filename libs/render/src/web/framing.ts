import { Box3, Sphere, Vector3 } from "three";
import type { Object3D } from "three";

/** Where a scene is: the sphere to look at, and the height of its lowest point. */
export interface SceneExtent {
  readonly sphere: Sphere;
  readonly lowest: number;
}

/** Measures what stands on the ground; the ground itself (meshes that cast no shadow) counts only for the lowest point. */
export function measureScene(root: Object3D): SceneExtent {
  const standing = new Box3();
  const all = new Box3();
  root.updateMatrixWorld(true);
  root.traverse((object) => {
    if (!("isMesh" in object)) return;
    all.expandByObject(object, true);
    if (object.castShadow) standing.expandByObject(object, true);
  });
  if (all.isEmpty()) all.set(new Vector3(-1, -1, 0), new Vector3(1, 1, 1));
  const sphere = (standing.isEmpty() ? all : standing).getBoundingSphere(new Sphere());
  sphere.radius = Math.max(sphere.radius, 0.05);
  return { sphere, lowest: all.min.z };
}

/** From the scene's centre towards the eye, for each of the free views. */
const VIEW_DIRECTIONS = {
  perspective: new Vector3(1.05, -0.85, 0.72).normalize(),
  // A hair behind straight down, so that "up" on the screen is the world's x.
  top: new Vector3(-0.001, 0, 1).normalize(),
  front: new Vector3(1, 0, 0.12).normalize(),
} as const;

export type FreeView = keyof typeof VIEW_DIRECTIONS;

export function isFreeView(view: string): view is FreeView {
  return Object.hasOwn(VIEW_DIRECTIONS, view);
}

/** Eye position from which the sphere fills a view. @param halfAngle - tangent of half the smaller field of view */
export function eyeOf(view: FreeView, sphere: Sphere, halfAngle: number): Vector3 {
  const distance = (0.92 * sphere.radius * Math.sqrt(1 + halfAngle * halfAngle)) / halfAngle;
  return VIEW_DIRECTIONS[view].clone().multiplyScalar(distance).add(sphere.center);
}
