import type { LightDescription } from "@reverie/core";
import { LightProbe } from "three";

/** Share of the fill that follows the direction to the light, so that two faces in shade still differ. */
export const FILL_CONTRAST = 0.22;

// What the coefficients of three's light probes are multiplied with, by degree (Ramamoorthi and Hanrahan 2001, equation 13).
const C1 = 0.429043;
const C2 = 0.511664;
const C3 = 0.743125;
const C4 = 0.886227;
const C5 = 0.247708;

/** Linear light that a white surface reflects, facing up and facing down. */
export interface Fill {
  readonly skyColor: readonly number[];
  readonly groundColor: readonly number[];
}

/**
 * The fill light of a scene: between ground and sky colour by the height of the normal, times `1 - FILL_CONTRAST + FILL_CONTRAST * cosine` with
 * the cosine between normal and directional light. That is a polynomial of second degree in the normal, which a light probe
 * expresses exactly: so three's renderers draw it too, and the CPU renderer takes the short way over `fillOf`.
 */
export function createFillLight({ skyColor, groundColor, towardsLight }: LightDescription): LightProbe {
  const probe = new LightProbe();
  const fill: Fill = { skyColor, groundColor };
  probe.userData["fill"] = fill;
  const { x, y, z } = towardsLight;
  const { coefficients } = probe.sh;
  for (let channel = 0; channel < 3; channel++) {
    const level = (Math.PI * (skyColor[channel] + groundColor[channel])) / 2;
    const slope = (Math.PI * (skyColor[channel] - groundColor[channel])) / 2;
    const height = (slope * FILL_CONTRAST * z) / C3;
    coefficients[0].setComponent(channel, (level * (1 - FILL_CONTRAST) + C5 * height) / C4);
    coefficients[1].setComponent(channel, (level * FILL_CONTRAST * y) / (2 * C2));
    coefficients[2].setComponent(channel, (slope * (1 - FILL_CONTRAST) + level * FILL_CONTRAST * z) / (2 * C2));
    coefficients[3].setComponent(channel, (level * FILL_CONTRAST * x) / (2 * C2));
    coefficients[5].setComponent(channel, (slope * FILL_CONTRAST * y) / (2 * C1));
    coefficients[6].setComponent(channel, height);
    coefficients[7].setComponent(channel, (slope * FILL_CONTRAST * x) / (2 * C1));
  }
  return probe;
}

/** The fill that a light probe stands for; undefined for a probe of another origin. */
export function fillOf(probe: LightProbe): Fill | undefined {
  return probe.userData["fill"] as Fill | undefined;
}
