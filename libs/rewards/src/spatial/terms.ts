import type { Vector3 } from "@reverie/core";
import { InputError } from "@reverie/core";
import type { PlanSample, RewardTerm, Score } from "../core/vocabulary.ts";
import type { Angles, ImageBox, ImageDirection, SizeChange, TurnCommand } from "./boxes.ts";
import { keepPutReward, rotationReward, scaleReward, translationReward } from "./boxes.ts";
import type { ObjectPose } from "./poses.ts";
import { poseKeepPutReward, poseRotationReward, poseScaleReward, poseTranslationReward } from "./poses.ts";

/** What was asked of the object; directions by name are the image's, vectors are the world's. */
export type SpatialCommand =
  | { readonly kind: "move"; readonly direction: ImageDirection | Vector3 }
  | ({ readonly kind: "turn" } & TurnCommand)
  | { readonly kind: "resize"; readonly change: SizeChange; readonly ratio: number };

/** What became of the object: boxes and turned angles of an image, or poses of a world. */
export type SpatialChange =
  | {
      readonly view: "image";
      /** Absent when the object was not found. */
      readonly before?: ImageBox;
      readonly after?: ImageBox;
      /** In degrees, for turns. */
      readonly turned?: Angles;
      /** How well the rest of the picture was kept, in [0, 1], such as 1 - LPIPS; 1 when absent. */
      readonly background?: number;
    }
  | {
      readonly view: "world";
      readonly before: ObjectPose;
      readonly after: ObjectPose;
      /** How well the other objects were kept, in [0, 1]; 1 when absent. */
      readonly background?: number;
    };

/** Weight of the side goal (keeping the place in a turn, keeping the rest in a resize) in the paper's code. */
const SIDE_WEIGHT = 0.1;

/**
 * Scores a spatial change against what was asked, in [0, 1]: a move alone; 0.9 of a turn and 0.1 of keeping its place; 0.9 of a resize
 * and 0.1 of keeping the rest.
 *
 * Talk2Move 2026, mix of the released code: https://arxiv.org/abs/2601.02356.
 *
 * @throws InputError when the command does not fit the view, or a number is out of range
 */
export function spatialReward(command: SpatialCommand, change: SpatialChange): Score {
  const background = change.background ?? 1;
  if (!(background >= 0 && background <= 1)) throw new InputError("background", `expected a number from 0 to 1, got ${background}.`);
  if (command.kind === "move") {
    const value = moveReward(command.direction, change);
    return { value, max: 1, parts: { translation: value } };
  }
  if (command.kind === "turn") {
    const world = change.view === "world";
    const found = world || (change.before !== undefined && change.after !== undefined);
    if (!world && found && change.turned === undefined)
      throw new InputError("turned", "expected the turned angles for a turn in an image.");
    const turn = world
      ? poseRotationReward(change.before, change.after, command)
      : found && change.turned !== undefined
        ? rotationReward(change.turned, command)
        : 0;
    const place = world ? poseKeepPutReward(change.before, change.after) : keepPutReward(change.before, change.after);
    return weigh({ rotation: turn, position: place });
  }
  const scale =
    change.view === "world"
      ? poseScaleReward(change.before, change.after, command.change, command.ratio)
      : scaleReward(change.before, change.after, command.change, command.ratio);
  return weigh({ scale, background });
}

function moveReward(direction: ImageDirection | Vector3, change: SpatialChange): number {
  if (change.view === "image" && typeof direction === "string") return translationReward(change.before, change.after, direction);
  if (change.view === "world" && typeof direction !== "string") return poseTranslationReward(change.before, change.after, direction);
  throw new InputError("command.direction", "expected left, right, up or down for an image and a vector for the world.");
}

/** The first part is the goal, the second the side goal; parts are reported with their weights, so they add up to the value. */
function weigh(parts: Readonly<Record<string, number>>): Score {
  const weighted = Object.fromEntries(
    Object.entries(parts).map(([name, value], i) => [name, value * (i === 0 ? 1 - SIDE_WEIGHT : SIDE_WEIGHT)]),
  );
  const value = Object.values(weighted).reduce((sum, part) => sum + part, 0);
  return { value: Math.min(1, value), max: 1, parts: weighted };
}

/**
 * Makes a reward term of a spatial command.
 *
 * @param read - finds the change in a sample; undefined when the plan was not carried out: reward 0
 */
export function spatialTerm(command: SpatialCommand, read: (sample: PlanSample) => SpatialChange | undefined): RewardTerm {
  return (sample) => {
    const change = read(sample);
    return change === undefined ? { value: 0, max: 1, why: "The plan was not carried out." } : spatialReward(command, change);
  };
}
