import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { SceneObject, SkillSignature } from "@reverie/core";
import { Rng } from "@reverie/core";
import type { Tokenizer } from "@reverie/planning";
import { ParameterSet } from "@reverie/tensor";
import { trainTokenizer } from "../../tokenizer/train-tokenizer.ts";
import { exportEmbeddedModel } from "../export-embedded-model.ts";
import { VisionLanguageModel } from "../vision-language-model.ts";

/** Pictures of 32 x 32 pixels, 32 patches in two views: as small as a model can be and still do all that a large one does. */
export const TINY = {
  imageSize: 32,
  patch: 8,
  merge: 1,
  maxLength: 192,
  patchClasses: 5,
  vision: { width: 32, layers: 1, heads: 2 },
  decoder: { width: 48, layers: 2, heads: 2 },
} as const;

const TEXT = `objects: red_cube, blue_cube, drawer
task: put the red cube into the drawer
<think>the red cube is on the table</think><answer>
1. pick(red_cube)
2. place(red_cube, drawer)
</answer>
step: pick(red_cube)
True
False
`;

export const tinyTokenizer = (): Tokenizer => trainTokenizer([TEXT, TEXT], { vocabulary: 320 });

/** A model of random weights. Large steps at the start make its answers depend on pictures and words. */
export function tinyModel(tokenizer: Tokenizer, seed = 5): { model: VisionLanguageModel; parameters: ParameterSet } {
  const parameters = new ParameterSet({ seed });
  const model = new VisionLanguageModel(parameters, { ...TINY, vocabulary: tokenizer.vocabulary });
  for (const { name, values } of parameters) {
    const larger = name.startsWith("decoder.tokens") ? 20 : name.startsWith("vision.projection") ? 3 : 1;
    values.forEach((value, i) => (values[i] = larger * value));
  }
  return { model, parameters };
}

/** A folder with a model of random weights. */
export async function tinyFolder(): Promise<string> {
  const folder = join(mkdtempSync(join(tmpdir(), "reverie-embedded-")), "planner");
  const tokenizer = tinyTokenizer();
  const { model, parameters } = tinyModel(tokenizer);
  await exportEmbeddedModel(folder, { model, tokenizer, parameters: parameters.count, training: { steps: 0 } });
  return folder;
}

export function drawBytes(seed: number, count: number): Uint8Array {
  const rng = new Rng(seed);
  return Uint8Array.from({ length: count }, () => rng.integer(0, 255));
}

const slot = (name: string, type: string): SkillSignature["parameters"][number] => ({ name, type, description: "what to act on" });
const skill = (name: string, ...parameters: SkillSignature["parameters"][number][]): SkillSignature => ({
  name,
  description: `Does ${name}.`,
  parameters,
  preconditions: [],
  effects: [],
});

export const SKILLS: readonly SkillSignature[] = [
  skill("pick", slot("object", "graspable")),
  skill("place", slot("object", "graspable"), slot("target", "support")),
  skill("home"),
  skill("open", slot("object", "openable")),
];

const thing = (id: string, ...types: string[]): SceneObject => ({ id, types, description: id.replaceAll("_", " ") });

export const OBJECTS: readonly SceneObject[] = [
  thing("red_cube", "graspable", "support"),
  thing("red_cube_2", "graspable", "support"),
  thing("blue_cube", "graspable", "support"),
  thing("table", "support"),
];
