import type { PlanSample } from "../../core/vocabulary.ts";
import type { ImageBox } from "../../spatial/boxes.ts";
import { keepPutReward, rotationReward, scaleReward, translationReward } from "../../spatial/boxes.ts";
import type { ObjectPose } from "../../spatial/poses.ts";
import { poseKeepPutReward, poseRotationReward, poseScaleReward, poseTranslationReward } from "../../spatial/poses.ts";
import type { SpatialChange, SpatialCommand } from "../../spatial/terms.ts";
import { spatialReward, spatialTerm } from "../../spatial/terms.ts";
import type { Stage } from "./stage.ts";
import { figure, term } from "./stage.ts";

// Rewards of what a plan did to an object. The object moves, turns and grows with the progress of the replay.

const progressOf = ({ rollout }: PlanSample): number => rollout?.progress ?? 0;

/** A box of 2 x 2, moved to the right and grown. */
const box = (moved: number, grown = 0): ImageBox => [moved, 0, moved + 2 + 2 * grown, 2 + 2 * grown];
const before = box(0);

/** Half angle of a turn of up to 90 degrees about z, through a quaternion that need not be of unit length. */
const pose = (moved: number, turned = 0, grown = 0): ObjectPose => ({
  position: { x: moved, y: 0, z: 0.5 },
  orientation: { x: 0, y: 0, z: turned, w: 1 },
  scale: { x: 0.1 + 0.1 * grown, y: 0.1 + 0.1 * grown, z: 0.1 + 0.1 * grown },
});
const rest = pose(0);
const quarterTurn = { axis: "z", degrees: 90 } as const;

const changeOf = (sample: PlanSample, view: "image" | "world"): SpatialChange | undefined => {
  if (sample.rollout === undefined) return undefined;
  const p = progressOf(sample);
  return view === "image"
    ? { view, before, after: box(5 * p, p), turned: { x: 0, y: 0, z: 90 * p } }
    : { view, before: rest, after: pose(5 * p, p, p), background: p };
};

const commands: readonly (readonly [variant: string, view: "image" | "world", command: SpatialCommand])[] = [
  ["move in an image", "image", { kind: "move", direction: "right" }],
  ["turn in an image", "image", { kind: "turn", ...quarterTurn }],
  ["resize in an image", "image", { kind: "resize", change: "bigger", ratio: 2 }],
  ["move in the world", "world", { kind: "move", direction: { x: 1, y: 0, z: 0 } }],
  ["turn in the world", "world", { kind: "turn", ...quarterTurn }],
  ["resize in the world", "world", { kind: "resize", change: "bigger", ratio: 2 }],
];

/** Every reward of a spatial change, and the term that is made of them. */
export const spatialStages: readonly Stage[] = [
  ...commands.map(([variant, view, command]) =>
    term(
      ["spatialTerm", "spatialReward"],
      spatialTerm(command, (sample) => changeOf(sample, view)),
      { additive: true, variant },
    ),
  ),
  term("spatialReward", (sample) => spatialReward(commands[0]![2], { view: "image", before, after: box(5 * progressOf(sample)) }), {
    additive: true,
    variant: "without a replay nothing moved",
  }),
  figure("translationReward", (sample) => translationReward(before, box(5 * progressOf(sample)), "right")),
  // What is to be left alone is pushed by plans that fail.
  figure("keepPutReward", (sample) => keepPutReward(before, box(5 * (1 - progressOf(sample))))),
  figure("scaleReward", (sample) => scaleReward(before, box(0, progressOf(sample)), "bigger", 2)),
  figure("rotationReward", (sample) => rotationReward({ x: 0, y: 0, z: 90 * progressOf(sample) }, quarterTurn)),
  figure("rotationReward", (sample) => rotationReward({ x: 0, y: 0, z: 90 * progressOf(sample) }, quarterTurn, { form: "released" }), {
    variant: "released form",
  }),
  figure("poseTranslationReward", (sample) => poseTranslationReward(rest, pose(5 * progressOf(sample)), { x: 1, y: 0, z: 0 })),
  figure("poseKeepPutReward", (sample) => poseKeepPutReward(rest, pose(5 * (1 - progressOf(sample))))),
  figure("poseRotationReward", (sample) => poseRotationReward(rest, pose(0, progressOf(sample)), quarterTurn)),
  figure("poseScaleReward", (sample) => poseScaleReward(rest, pose(0, 0, progressOf(sample)), "bigger", 2)),
];
