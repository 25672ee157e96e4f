import type { Fact, SceneDescription } from "@reverie/core";
import type { Tokenizer } from "@reverie/planning";

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

/** Weight of a patch in the loss: what every picture shows counts less, and what nothing lies on is not asked. */
export function patchWeightOf(patchClass: number, plane: number): number {
  if (plane === 1) return patchClass === 0 ? 0 : 1;
  return patchClass < 3 ? 0.1 : 1;
}

/** The token that names each class; -1 for those that texts do not name by one token. */
export function patchTokensOf(tokenizer: Tokenizer): number[] {
  return PATCH_CLASSES.map((name) => {
    const [token, ...more] = tokenizer.encode(` ${name}`);
    return token === undefined || more.length > 0 ? -1 : token;
  });
}

/**
 * For each class that is a movable thing, the class of what it lies on or in; 0 for all others, and for what is held or nowhere.
 * @param facts - of now
 */
export function placeClassesOf(facts: readonly Fact[]): Uint8Array {
  const places = new Uint8Array(PATCH_CLASSES.length);
  for (const [predicate, object = "", target = ""] of facts) {
    const from = numberOf.get(object);
    // Both may hold of a thing in a container: the container is said, not the table under it.
    if (from === undefined || (predicate !== "on" && predicate !== "in") || (target === "table" && places[from] !== 0)) continue;
    places[from] = numberOf.get(target) ?? 0;
  }
  return places;
}

/** Class of each body of a scene. Things that have no class of their own count as the background. */
export function classesOfBodies({ bodies }: SceneDescription): Uint8Array {
  return Uint8Array.from(bodies, ({ id, label, category }) => {
    if (id.startsWith("arm/")) return numberOf.get("robot")!;
    return numberOf.get(label ?? id) ?? numberOf.get(category ?? "") ?? 0;
  });
}
