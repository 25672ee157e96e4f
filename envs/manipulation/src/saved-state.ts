import { InputError, messageOf, type Assignment, type Literal, type VisualRandomization } from "@reverie/core";
import { isGoalMemory, type GoalMemory } from "./goal-tracker.ts";

/** The part of the state that is not physics, as it stands in a snapshot. */
export interface SavedState {
  readonly task: string;
  readonly version: number;
  readonly seed: number;
  readonly stepCount: number;
  readonly goalStreak: number;
  readonly ended: boolean;
  readonly pressed: readonly string[];
  readonly goal: GoalMemory;
  /** Present when something else than the task's own instruction is asked. */
  readonly assignment?: Assignment;
  /** Present when the episode looks otherwise than the task describes it; checked against the scene when that is there. */
  readonly visual?: VisualRandomization;
  /** Present when the task was given options; read by the task itself. */
  readonly options?: Readonly<Record<string, unknown>>;
  /** Present when snapshots hold the poses of the step before. */
  readonly flow?: boolean;
}

const isLiteral = (literal: unknown): boolean =>
  Array.isArray((literal as Literal | null)?.fact) && (literal as Literal).fact.every((term) => typeof term === "string");

function isAssignment(value: unknown): value is Assignment {
  if (typeof value !== "object" || value === null) return false;
  const { instruction, goal, order, references } = value as Partial<Assignment>;
  return (
    typeof instruction === "string" &&
    Array.isArray(goal) &&
    goal.every(isLiteral) &&
    Array.isArray(references) &&
    (order === undefined || (Array.isArray(order) && order.every((pair) => Array.isArray(pair) && pair.length === 2)))
  );
}

/** @throws InputError when the bytes are no state of this task and version */
export function readSavedState(bytes: Uint8Array, task: string, version: number): SavedState {
  let saved: SavedState;
  try {
    saved = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes)) as SavedState;
  } catch (error) {
    throw new InputError("snapshot.state", `is not JSON (${messageOf(error)}).`, { cause: error });
  }
  if (typeof saved !== "object" || saved === null) throw new InputError("snapshot.state", "is no object.");
  if (saved.task !== task || saved.version !== version) {
    throw new InputError(
      "snapshot.task",
      `is of ${String(saved.task)} version ${String(saved.version)}; this is ${task} version ${version}.`,
    );
  }
  if (!Number.isInteger(saved.seed) || !Number.isInteger(saved.stepCount) || !Array.isArray(saved.pressed) || !isGoalMemory(saved.goal)) {
    throw new InputError("snapshot.state", "lacks seed, stepCount, pressed or goal.");
  }
  const { assignment } = saved;
  if (assignment !== undefined && !isAssignment(assignment)) {
    throw new InputError("snapshot.assignment", "is no instruction with a goal and references.");
  }
  if (saved.options !== undefined && (typeof saved.options !== "object" || saved.options === null)) {
    throw new InputError("snapshot.options", "is no object.");
  }
  if (saved.flow !== undefined && typeof saved.flow !== "boolean") throw new InputError("snapshot.flow", "is neither true nor false.");
  return saved;
}

/** Poses `[bodies, 7]` as little-endian bytes of a snapshot. */
export function posesToBytes(poses: Float32Array): Uint8Array {
  const bytes = new Uint8Array(poses.length * 4);
  const view = new DataView(bytes.buffer);
  poses.forEach((value, i) => view.setFloat32(4 * i, value, true));
  return bytes;
}

/** @throws InputError unless the bytes are as many poses as there are bodies, finite and with quaternions of some length */
export function posesFromBytes(bytes: Uint8Array, numbers: number): Float32Array {
  if (bytes.length !== numbers * 4) throw new InputError("snapshot.previous", `expected ${numbers} numbers, got ${bytes.length} bytes.`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const poses = Float32Array.from({ length: numbers }, (_, i) => view.getFloat32(4 * i, true));
  for (let at = 0; at < numbers; at += 7) {
    const [x = 0, y = 0, z = 0, w = 0] = poses.subarray(at + 3, at + 7);
    if (!poses.subarray(at, at + 7).every(Number.isFinite) || !(x * x + y * y + z * z + w * w > 1e-6)) {
      throw new InputError("snapshot.previous", `holds no pose for body ${at / 7}.`);
    }
  }
  return poses;
}
