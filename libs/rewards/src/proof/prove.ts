import { InputError } from "@reverie/core";
import { mean } from "../core/numbers.ts";
import type { ProofCase } from "./case.ts";
import { chainPreferenceCase } from "./cases/1.1.ts";
import { lagrangianCase } from "./cases/1.13.ts";
import { renormCase } from "./cases/1.17.ts";
import { vetoCase } from "./cases/1.2.ts";
import { hiddenRewardCase } from "./cases/1.19.ts";
import { crossReferenceCase } from "./cases/1.20.ts";
import { clipDeltaCase } from "./cases/1.21.ts";
import { additiveRewardCase } from "./cases/1.23.ts";
import { nuggetCase } from "./cases/1.27.ts";
import { preferenceAsRewardCase } from "./cases/1.28.ts";
import { partialRewardCase } from "./cases/1.31.ts";
import { occupancyCase } from "./cases/1.35.ts";

/** The comparisons, in the order in which they are run. */
export const proofCases: readonly ProofCase[] = [
  clipDeltaCase,
  preferenceAsRewardCase,
  lagrangianCase,
  chainPreferenceCase,
  partialRewardCase,
  nuggetCase,
  vetoCase,
  occupancyCase,
  renormCase,
  crossReferenceCase,
  hiddenRewardCase,
  additiveRewardCase,
];

/** True success rates of one comparison, means over the seeds, in [0, 1]. */
export interface ProofRow {
  readonly row: string;
  readonly question: string;
  readonly without: number;
  readonly with: number;
  /** `with - without`. */
  readonly difference: number;
  readonly seeds: number;
  /** Whether the device adds at least 10 points. */
  readonly reached: boolean;
}

export interface ProofOptions {
  /** Rows to run, such as ["1.21"]. @defaultValue all */
  readonly rows?: readonly string[];
  /** Seeds 1 to this number. @defaultValue 5 */
  readonly seeds?: number;
  readonly onProgress?: (row: ProofRow) => void;
}

/** What counts as a clear gain: 10 points of true success. */
const GAIN = 0.1;

/** Runs one comparison on some seeds. */
export function compare({ row, question, withDevice, without }: ProofCase, seeds: readonly number[]): ProofRow {
  const [on, off] = [mean(seeds.map(withDevice)), mean(seeds.map(without))];
  return { row, question, without: off, with: on, difference: on - off, seeds: seeds.length, reached: on - off >= GAIN };
}

/**
 * Trains the small planner with and without each device, and compares how often its plans truly succeed.
 *
 * @throws InputError when a row is unknown or the number of seeds is not a positive integer
 */
export function proveRewards({ rows, seeds = 5, onProgress }: ProofOptions = {}): ProofRow[] {
  if (!Number.isInteger(seeds) || seeds < 1) throw new InputError("seeds", `expected a positive integer, got ${seeds}.`);
  const known = proofCases.map(({ row }) => row);
  const unknown = rows?.find((row) => !known.includes(row));
  if (unknown !== undefined) throw new InputError("rows", `expected rows among ${known.join(", ")}, got "${unknown}".`);
  const numbers = Array.from({ length: seeds }, (_, i) => i + 1);
  return proofCases
    .filter(({ row }) => rows?.includes(row) ?? true)
    .map((proofCase) => {
      const result = compare(proofCase, numbers);
      onProgress?.(result);
      return result;
    });
}
