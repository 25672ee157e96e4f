import { exact, type BodyDescription } from "@reverie/core";
import { bin } from "../props/bin.ts";
import { button } from "../props/button.ts";
import { cube } from "../props/cube.ts";
import { drawer } from "../props/drawer.ts";
import { pad } from "../props/pad.ts";
import type { Prop } from "../props/prop.ts";
import { DRAWER_OPEN, type ComposedScene } from "./scene.ts";

function shifted(body: BodyDescription, x: number, y: number, z: number): BodyDescription {
  const { position, orientation } = body.worldFromBody;
  return { ...body, worldFromBody: { position: { x: position.x + x, y: position.y + y, z: position.z + z }, orientation } };
}

/** A scene as things for the table: furniture first, then the cubes. */
export function sceneProps(scene: ComposedScene): Prop[] {
  const props: Prop[] = [];
  if (scene.drawer !== undefined) {
    const { open, ...placement } = scene.drawer;
    const shut = drawer(placement);
    const out = open ? DRAWER_OPEN : 0;
    const slid = (body: BodyDescription): BodyDescription =>
      body.kind === "dynamic" ? shifted(body, out * exact.cos(placement.yaw), out * exact.sin(placement.yaw), 0) : body;
    props.push({ ...shut, bodies: shut.bodies.map(slid) });
  }
  for (const { color, ...place } of scene.bins) props.push(bin(color, place));
  for (const { color, ...place } of scene.pads) props.push(pad(color, place));
  for (const { color, ...place } of scene.buttons) props.push(button(color, place));
  for (const { color, z, ...place } of scene.cubes) {
    const low = cube(color, place);
    props.push({ ...low, bodies: low.bodies.map((body) => shifted(body, 0, 0, z)) });
  }
  return props;
}
