import type { Episode, MonitorVerdict, PlanStep, RewardReport, SceneDescription, SceneObject, StepStatus, TaskCard } from "@reverie/core";
import * as z from "zod";
import { idSchema, instructionSchema, seedSchema, type ErrorReport, type Reply } from "./common.ts";

// Namespace /viewers: a page watches and steers the one session of a server.

/** Where a session is in its episode. */
export type SessionPhase = "idle" | "planning" | "running" | "monitoring" | "finished" | "failed";

/** One row of the plan panel. */
export interface SessionStep {
  readonly skill: string;
  readonly args: Readonly<Record<string, string>>;
  /** Readable call, `pick(red_cube)`. */
  readonly text: string;
  readonly status: StepStatus;
  readonly reason?: string;
  readonly monitor?: MonitorVerdict;
  /** 0 for the first plan, one more for each replan. */
  readonly plan: number;
}

/** Everything about a session but its pixels and poses; sent whole whenever it changes. */
export interface SessionState {
  readonly sessionId: string;
  /** Counts episodes of this session from 1; poses and images carry it too. */
  readonly episode: number;
  readonly task: string;
  readonly seed: number;
  readonly instruction: string;
  readonly phase: SessionPhase;
  readonly paused: boolean;
  /** Simulated seconds per wall second that the session aims at. */
  readonly speed: number;
  readonly planner: { readonly name: string; readonly privileged: boolean; readonly connected: boolean };
  readonly reasoning?: string;
  /** Plan text as the planner wrote it. */
  readonly planText?: string;
  readonly repairs: readonly string[];
  readonly steps: readonly SessionStep[];
  readonly reference: readonly PlanStep[];
  readonly reward?: RewardReport;
  /** Goal literals as text, with whether each holds now. */
  readonly goal: readonly { readonly text: string; readonly holds: boolean }[];
  readonly success: boolean;
  readonly progress: number;
  readonly replans: number;
  readonly stepCount: number;
  readonly maxSteps: number;
  readonly simSeconds: number;
  readonly failure?: ErrorReport;
}

/** Sent once for each episode, before its first frame. */
export interface SessionScene {
  readonly episode: number;
  readonly scene: SceneDescription;
  readonly objects: readonly SceneObject[];
  readonly cameras: readonly string[];
}

/** Poses of all bodies at one control step. */
export interface PoseFrame {
  readonly episode: number;
  readonly step: number;
  readonly simSeconds: number;
  /** Float32 little-endian `[bodies, 7]`: x, y, z, qx, qy, qz, qw in scene order. */
  readonly poses: ArrayBuffer | Uint8Array;
}

/** What one camera sees. */
export interface CameraFrame {
  readonly episode: number;
  readonly step: number;
  readonly camera: string;
  readonly width: number;
  readonly height: number;
  /** `[height, width, 3]` sRGB bytes. */
  readonly rgb: ArrayBuffer | Uint8Array;
}

export const emptyRequestSchema = z.object({});

export const startRequestSchema = z.object({
  task: idSchema.optional(),
  seed: seedSchema.optional(),
  /** Free words; absent = the task's own instruction for this seed. */
  instruction: instructionSchema.optional(),
});
export type StartRequest = z.infer<typeof startRequestSchema>;

/**
 * play: run (or go on); pause: hold after the current control step; step: run one plan step, then hold;
 * reset: same task and seed from the beginning, held before planning; stop: end the episode now.
 */
export const controlRequestSchema = z.object({
  action: z.enum(["play", "pause", "step", "reset", "stop"]),
});
export type ControlRequest = z.infer<typeof controlRequestSchema>;

export const speedRequestSchema = z.object({ speed: z.number().min(0.1).max(50) });
export const cameraRequestSchema = z.object({ camera: idSchema.nullable() });

export interface ViewerToServer {
  /** Changes nothing: times the way there and back. */
  "session.ping": (request: Record<string, never>, reply: (r: Reply<object>) => void) => void;
  /** Cards of all tasks. */
  "tasks.list": (request: Record<string, never>, reply: (r: Reply<{ tasks: readonly TaskCard[] }>) => void) => void;
  /** Begins a new episode and runs it. The reply comes when it has begun. */
  "session.start": (request: StartRequest, reply: (r: Reply<{ episode: number }>) => void) => void;
  "session.control": (request: ControlRequest, reply: (r: Reply<object>) => void) => void;
  "session.speed": (request: { speed: number }, reply: (r: Reply<object>) => void) => void;
  /** Which camera this viewer wants streamed; null = none. The first camera is streamed until told otherwise. */
  "camera.select": (request: { camera: string | null }, reply: (r: Reply<object>) => void) => void;
}

export interface ServerToViewer {
  "session.state": (state: SessionState) => void;
  "session.scene": (scene: SessionScene) => void;
  /** The next pose frame is sent only after this one was acknowledged: a slow viewer gets the newest frame, never a backlog. */
  "frame.poses": (frame: PoseFrame, acknowledge: () => void) => void;
  /** Acknowledged like poses. */
  "frame.camera": (frame: CameraFrame, acknowledge: () => void) => void;
  /** `number` is the session's count of the episode, as in `SessionState.episode` and the reply to `session.start`. */
  "episode.finished": (episode: Episode, number: number) => void;
  /** A message of this viewer was refused and carried no way to reply. */
  "error.report": (error: ErrorReport) => void;
}
