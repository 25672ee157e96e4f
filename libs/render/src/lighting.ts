import { DEFAULT_LIGHT } from "@reverie/core";
import { AmbientLight, Color, DirectionalLight, HemisphereLight, LightProbe, Vector3 } from "three";
import type { Object3D, Scene } from "three";
import { FILL_CONTRAST, fillOf } from "./fill-light.ts";
import type { Fill } from "./fill-light.ts";

/** What lights a frame: three numbers each, linear light reflected by a white surface. */
export interface Lighting {
  /** Unit vector in the world, from the scene towards the light. */
  readonly towardsLight: Float64Array;
  readonly light: Float64Array;
  readonly sky: Float64Array;
  readonly ground: Float64Array;
  /** Parts of sky and ground that are multiplied with the cosine to the light. */
  readonly skyContrast: Float64Array;
  readonly groundContrast: Float64Array;
  readonly background: Float64Array;
  castsShadow: boolean;
}

export function createLighting(): Lighting {
  return {
    towardsLight: new Float64Array(3),
    light: new Float64Array(3),
    sky: new Float64Array(3),
    ground: new Float64Array(3),
    skyContrast: new Float64Array(3),
    groundContrast: new Float64Array(3),
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

function addFill(out: Lighting, { skyColor, groundColor }: Fill): void {
  for (let k = 0; k < 3; k++) {
    out.sky[k] += skyColor[k] * (1 - FILL_CONTRAST);
    out.ground[k] += groundColor[k] * (1 - FILL_CONTRAST);
    out.skyContrast[k] += skyColor[k] * FILL_CONTRAST;
    out.groundContrast[k] += groundColor[k] * FILL_CONTRAST;
  }
}

/**
 * Reads the lights and the background of a scene whose world matrices are up to date, into `out`: the first visible
 * DirectionalLight, and the sum of all fill, hemisphere and ambient lights. A scene without any light gets the default light;
 * one without a background colour gets the default background.
 */
export function readLighting(scene: Scene, lights: readonly Object3D[], out: Lighting): void {
  out.light.fill(0);
  out.sky.fill(0);
  out.ground.fill(0);
  out.skyContrast.fill(0);
  out.groundContrast.fill(0);
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
    } else if (light instanceof LightProbe) {
      const fill = fillOf(light);
      if (fill !== undefined) addFill(out, fill);
    }
  }
  if (sun !== undefined) {
    from.setFromMatrixPosition(sun.matrixWorld).sub(target.setFromMatrixPosition(sun.target.matrixWorld)).normalize();
    from.toArray(out.towardsLight);
    addColor(out.light, sun.color, sun.intensity);
    out.castsShadow = sun.castShadow;
  } else if (lights.length === 0) {
    const { towardsLight: l, color } = DEFAULT_LIGHT;
    out.towardsLight.set([l.x, l.y, l.z]);
    out.light.set(color);
    addFill(out, DEFAULT_LIGHT);
    out.castsShadow = true;
  } else {
    out.towardsLight.set([0, 0, 1]);
  }
  if (scene.background instanceof Color) scene.background.toArray(out.background);
  else out.background.set(DEFAULT_LIGHT.background);
}
