import { Box3, Sphere, Vector3 } from "three";
import type { Object3D } from "three";

/** Where a scene is. */
export interface SceneExtent {
  /** Around what stands on the ground. */
  readonly sphere: Sphere;
  /** Height of the ground: the top of the floor, or the lowest point where there is no floor. */
  readonly groundHeight: number;
  /** Wide flat meshes that lie under everything else. */
  readonly floor: readonly Object3D[];
}

/** A floor is at least this many times as wide as the radius of what stands on it, and at most this share of its width high. */
const FLOOR_WIDTH = 3;
const FLOOR_HEIGHT = 0.1;

/** Measures a scene graph; what casts no shadow is ground and not part of the sphere. */
export function measureScene(root: Object3D): SceneExtent {
  const standing = new Box3();
  const all = new Box3();
  const grounds: { readonly mesh: Object3D; readonly box: Box3 }[] = [];
  root.updateMatrixWorld(true);
  root.traverse((object) => {
    if (!("isMesh" in object)) return;
    const box = new Box3().setFromObject(object, true);
    all.union(box);
    if (object.castShadow) standing.union(box);
    else grounds.push({ mesh: object, box });
  });
  if (all.isEmpty()) all.set(new Vector3(-1, -1, 0), new Vector3(1, 1, 1));
  const sphere = (standing.isEmpty() ? all : standing).getBoundingSphere(new Sphere());
  sphere.radius = Math.max(sphere.radius, 0.05);
  const size = new Vector3();
  const floors = grounds.filter(({ box }) => {
    box.getSize(size);
    const width = Math.min(size.x, size.y);
    return width >= FLOOR_WIDTH * sphere.radius && size.z <= FLOOR_HEIGHT * width && box.max.z <= standing.min.z + 0.05 * sphere.radius;
  });
  const groundHeight = floors.reduce((height, { box }) => Math.max(height, box.max.z), -Infinity);
  return {
    sphere,
    groundHeight: floors.length > 0 ? groundHeight : all.min.z - 0.002 * sphere.radius,
    floor: floors.map(({ mesh }) => mesh),
  };
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
  const distance = (1.02 * sphere.radius * Math.sqrt(1 + halfAngle * halfAngle)) / halfAngle;
  return VIEW_DIRECTIONS[view].clone().multiplyScalar(distance).add(sphere.center);
}
