import { DEFAULT_LIGHT } from "@reverie/core";
import { AmbientLight, Color, DirectionalLight, HemisphereLight, Vector3 } from "three";
import type { Object3D, Scene } from "three";

/** What lights a frame: three numbers each, linear light reflected by a white surface. */
export interface Lighting {
  /** Unit vector in the world, from the scene towards the light. */
  readonly towardsLight: Float64Array;
  readonly light: Float64Array;
  readonly sky: Float64Array;
  readonly ground: Float64Array;
  readonly background: Float64Array;
  castsShadow: boolean;
}

export function createLighting(): Lighting {
  return {
    towardsLight: new Float64Array(3),
    light: new Float64Array(3),
    sky: new Float64Array(3),
    ground: new Float64Array(3),
    background: new Float64Array(3),
    castsShadow: false,
  };
}

const from = new Vector3();
const target = new Vector3();

function addColor(out: Float64Array, color: Color, intensity: number): void {
  // A Lambertian surface reflects 1 / pi of the irradiance, as in three's own materials.
  const factor = intensity / Math.PI;
  out[0] += color.r * factor;
  out[1] += color.g * factor;
  out[2] += color.b * factor;
}

/**
 * Reads the lights and the background of a scene whose world matrices are up to date, into `out`: the first visible
 * DirectionalLight, and the sum of all hemisphere and ambient lights. A scene without any light gets the default light;
 * one without a background colour gets the default background.
 */
export function readLighting(scene: Scene, lights: readonly Object3D[], out: Lighting): void {
  out.light.fill(0);
  out.sky.fill(0);
  out.ground.fill(0);
  out.castsShadow = false;
  let sun: DirectionalLight | undefined;
  for (const light of lights) {
    if (light instanceof DirectionalLight) {
      sun ??= light;
    } else if (light instanceof HemisphereLight) {
      addColor(out.sky, light.color, light.intensity);
      addColor(out.ground, light.groundColor, light.intensity);
    } else if (light instanceof AmbientLight) {
      addColor(out.sky, light.color, light.intensity);
      addColor(out.ground, light.color, light.intensity);
    }
  }
  if (sun !== undefined) {
    from.setFromMatrixPosition(sun.matrixWorld).sub(target.setFromMatrixPosition(sun.target.matrixWorld)).normalize();
    from.toArray(out.towardsLight);
    addColor(out.light, sun.color, sun.intensity);
    out.castsShadow = sun.castShadow;
  } else if (lights.length === 0) {
    const { towardsLight: l, color, skyColor, groundColor } = DEFAULT_LIGHT;
    out.towardsLight.set([l.x, l.y, l.z]);
    out.light.set(color);
    out.sky.set(skyColor);
    out.ground.set(groundColor);
    out.castsShadow = true;
  } else {
    out.towardsLight.set([0, 0, 1]);
  }
  if (scene.background instanceof Color) scene.background.toArray(out.background);
  else out.background.set(DEFAULT_LIGHT.background);
}
