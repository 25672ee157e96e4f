import type { SceneDescription } from "@reverie/core";

// What the auxiliary loss tells patches of a tabletop apart by.

const KINDS = ["cube", "button", "pad", "bin"] as const;
const COLORS = ["red", "green", "blue", "yellow", "purple", "orange"] as const;

/** Names of the classes, by number. */
export const PATCH_CLASSES: readonly string[] = [
  "background",
  "table",
  "robot",
  "cabinet",
  "drawer",
  ...KINDS.flatMap((kind) => COLORS.map((color) => `${color}_${kind}`)),
];

const numberOf: ReadonlyMap<string, number> = new Map(PATCH_CLASSES.map((name, i) => [name, i]));

function prominenceOf(name: string): number {
  const kind = name.slice(name.indexOf("_") + 1);
  return ["background", "table", "robot", "cabinet", "drawer", "bin", "pad", "button", "cube"].indexOf(kind);
}

/** How much each class stands out: small things more than what they lie on. */
export const PATCH_PROMINENCE: readonly number[] = PATCH_CLASSES.map(prominenceOf);

/** Weight of a patch in the loss: what every picture shows counts less. */
export const patchWeightOf = (patchClass: number): number => (patchClass < 3 ? 0.05 : 0.2);

/** Class of each body of a scene. Things that have no class of their own count as the background. */
export function classesOfBodies({ bodies }: SceneDescription): Uint8Array {
  return Uint8Array.from(bodies, ({ id, label, category }) => {
    if (id.startsWith("arm/")) return numberOf.get("robot")!;
    return numberOf.get(label ?? id) ?? numberOf.get(category ?? "") ?? 0;
  });
}
