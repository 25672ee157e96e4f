import { InputError } from "@reverie/core";
import type { BodyDescription, SceneDescription } from "@reverie/core";

/** Ids are uint16 and 0 is the background. */
export const MAX_SEGMENTATION_ID = 65_535;

/** What the ids of a scene's segmentation mean: each list is indexed by the id, and starts with `"background"`. */
export interface SegmentationNames {
  /** For `segmentation`: the bodies' labels, or ids where they have none, in scene order. */
  readonly instances: readonly string[];
  /** For `semantics`: the categories in the order in which the scene first names them. */
  readonly categories: readonly string[];
}

const nameOf = (body: BodyDescription): string => body.label ?? body.id;
const categoryOf = (body: BodyDescription): string => body.category ?? nameOf(body);

/**
 * Names of the ids in `segmentation` and `semantics` images of a scene.
 *
 * @throws InputError when the scene has more bodies than ids: 65,535
 */
export function segmentationNames(scene: Pick<SceneDescription, "bodies">): SegmentationNames {
  const { bodies } = scene;
  if (bodies.length > MAX_SEGMENTATION_ID) {
    throw new InputError(
      "scene.bodies",
      `expected at most ${MAX_SEGMENTATION_ID} bodies, as segmentation ids are 16-bit numbers, got ${bodies.length}.`,
    );
  }
  return {
    instances: ["background", ...bodies.map(nameOf)],
    categories: ["background", ...new Set(bodies.map(categoryOf))],
  };
}

/** Semantic id of each body, in scene order. @throws InputError when the scene has more than 65,535 bodies */
export function semanticIds(scene: Pick<SceneDescription, "bodies">): Uint16Array {
  const { categories } = segmentationNames(scene);
  // Of equal names the last counts: a category that is called "background" is not the background.
  const ids = new Map(categories.map((category, id) => [category, id]));
  return Uint16Array.from(scene.bodies, (body) => ids.get(categoryOf(body)) ?? 0);
}
