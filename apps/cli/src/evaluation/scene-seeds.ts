import { InputError, type PlanningEnvironment } from "@reverie/core";
import type { EvaluationCell } from "./cells.ts";

/** Scenes that are looked through for one that fits. */
const MOST_SCENES = 500;

/**
 * Seeds of the episodes of a cell: seed, seed + 1, ... without those that do not fit. The environment is reset where it takes a look.
 * @throws InputError when 500 scenes in a row have no reference plan of the length
 */
export function* sceneSeeds(environment: PlanningEnvironment, cell: EvaluationCell, first: number, episodes: number): Generator<number> {
  const { referenceSteps, resetOptions } = cell;
  let misses = 0;
  for (let given = 0, offset = 0; given < episodes; offset++) {
    const seed = (first + offset) % 0x1_0000_0000;
    if (referenceSteps !== undefined) {
      environment.reset({ seed, options: resetOptions });
      if (environment.assignment.references[0]?.length !== referenceSteps) {
        if (++misses >= MOST_SCENES)
          throw new InputError(
            "referenceSteps",
            `none of ${MOST_SCENES} scenes of ${cell.task} (${cell.split}) has a reference plan of ${referenceSteps} steps.`,
          );
        continue;
      }
    }
    misses = 0;
    given++;
    yield seed;
  }
}
