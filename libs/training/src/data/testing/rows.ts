import { crc32 } from "node:zlib";
import { ROW_IMAGE_BYTES, ROW_PATCH_BYTES, type TrainingRow } from "../row.ts";
import type { RowPlan } from "../source.ts";

// Rows and plans for tests.

/** The row with a checksum in place of its pixels: what tests compare, and print when it differs. */
export const essence = (row: TrainingRow): unknown => ({ ...row, images: crc32(row.images), patchClasses: row.patchClasses?.join("") });

/** The source that threads import in tests. */
export const NUMBERED_SOURCE = new URL("./numbered-source.mjs", import.meta.url).href;

export const testPlan: RowPlan = {
  seed: 5,
  stages: [
    { jobs: 10, mix: [{ part: "easy", split: "train", weight: 1 }] },
    {
      jobs: 10,
      mix: [
        { part: "easy", split: "train", weight: 1 },
        { part: "hard", split: "train", weight: 3 },
      ],
    },
  ],
  seeds: [1000, 0xffff_ffff],
};

export function testRow(seed: number, fields: Partial<TrainingRow> = {}): TrainingRow {
  return {
    kind: "plan",
    images: Uint8Array.from({ length: ROW_IMAGE_BYTES }, (_, i) => (i * (seed + 1)) % 256),
    prompt: `task: number ${seed}\n`,
    completion: `<think></think>\n<answer>1. pick(cube_${seed})</answer>`,
    patchClasses: new Uint8Array(ROW_PATCH_BYTES).fill(seed % 5),
    task: "test/task",
    split: "train",
    seed,
    ...fields,
  };
}
