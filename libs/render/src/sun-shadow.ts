import { DirectionalLight, Mesh, Sphere, Vector3 } from "three";
import type { Object3D, Scene } from "three";

// three's renderers look through the directional light with a camera that somebody has to aim.

/** Soft edge of three's filter in texels, near the width of the CPU renderer's. */
const FILTER_RADIUS = 1.5;
/** How far a receiver is lifted along its normal before it is looked up, in texels. */
const NORMAL_BIAS_TEXELS = 1.6;
/** The light's camera sees this many times the casters' extent behind them: the ground that their shadows fall on. */
const REACH = 8;

const sphere = new Sphere();
const whole = new Sphere();
const offset = new Vector3();

function findSun(object: Object3D): DirectionalLight | undefined {
  if (!object.visible) return undefined;
  if (object instanceof DirectionalLight) return object;
  for (const child of object.children) {
    const found = findSun(child);
    if (found !== undefined) return found;
  }
  return undefined;
}

/**
 * Aims the shadow of a scene's first directional light at the meshes that cast one, for a renderer of three's. Call it before each
 * frame in which they moved; world matrices must be up to date. Shadows then fall as the CPU renderer's do.
 *
 * @param mapSize - width and height of the shadow map in texels
 * @returns puts the light back to where it was, to the bit: the CPU renderer reads its direction from there
 */
export function aimSunShadow(scene: Scene, mapSize: number): () => void {
  const sun = findSun(scene);
  if (sun === undefined) return () => {};
  whole.makeEmpty();
  scene.traverseVisible((object) => {
    if (!(object instanceof Mesh) || !object.castShadow) return;
    if (object.geometry.boundingSphere === null) object.geometry.computeBoundingSphere();
    whole.union(sphere.copy(object.geometry.boundingSphere!).applyMatrix4(object.matrixWorld));
  });
  if (whole.isEmpty()) return () => {};
  const { center, radius } = whole;
  const position = sun.position.clone();
  const target = sun.target.position.clone();
  const { shadow } = sun;
  offset
    .setFromMatrixPosition(sun.matrixWorld)
    .sub(sun.target.getWorldPosition(new Vector3()))
    .setLength(2 * radius);
  sun.target.position.copy(center);
  sun.position.copy(center).add(offset);
  sun.target.updateWorldMatrix(true, false);
  sun.updateWorldMatrix(true, false);
  const { camera } = shadow;
  camera.left = camera.bottom = -radius;
  camera.right = camera.top = radius;
  camera.near = 0.5 * radius;
  camera.far = REACH * radius;
  camera.updateProjectionMatrix();
  shadow.radius = FILTER_RADIUS;
  shadow.normalBias = (NORMAL_BIAS_TEXELS * 2 * radius) / mapSize;
  if (shadow.mapSize.x !== mapSize) {
    shadow.mapSize.set(mapSize, mapSize);
    shadow.map?.dispose();
    shadow.map = null;
  }
  return () => {
    sun.position.copy(position);
    sun.target.position.copy(target);
  };
}
