import type { EpisodeStep, Fact, Literal, PlanStep, SceneObject, SkillSignature } from "@reverie/core";
import * as z from "zod";
import { idSchema, type ErrorReport, type Reply } from "./common.ts";

// Namespace /planners: a planner process is a client that introduces itself, is asked two questions, and may look around.

export const registerRequestSchema = z.object({
  name: idSchema,
  /** It asks for facts and goal; its episodes are labelled so. */
  privileged: z.boolean(),
  protocolVersion: z.int(),
});
export type RegisterRequest = z.infer<typeof registerRequestSchema>;

/** The question itself. `requestId` is what `observe` refers to. */
export interface WirePlanRequest {
  readonly requestId: string;
  readonly task: string;
  readonly instruction: string;
  readonly skills: readonly SkillSignature[];
  readonly objects: readonly SceneObject[];
  readonly history: readonly EpisodeStep[];
  /** Of the episode, integer in [0, 2^32): what a planner that draws lots draws from. */
  readonly seed: number;
  readonly privileged?: {
    readonly facts: readonly Fact[];
    readonly goal: readonly Literal[];
    /** Pairs of goal indices: what must come true first. */
    readonly order?: readonly (readonly [earlier: number, later: number])[];
  };
}

export interface WireVerifyRequest {
  readonly requestId: string;
  readonly task: string;
  readonly instruction: string;
  readonly step: PlanStep;
  readonly skills: readonly SkillSignature[];
  readonly objects: readonly SceneObject[];
  readonly privileged?: { readonly expected: readonly Literal[]; readonly facts: readonly Fact[] };
}

export const usageSchema = z.object({
  latencyMs: z.number().min(0),
  attempts: z.int().min(0),
  promptTokens: z.int().min(0).optional(),
  completionTokens: z.int().min(0).optional(),
});

const refusalSchema = z.object({
  ok: z.literal(false),
  error: z.object({ code: z.string().max(120), message: z.string().max(2000), path: z.string().max(200).optional() }),
});

export const planReplySchema = z.union([
  z.object({ ok: z.literal(true), text: z.string().max(100_000), usage: usageSchema }),
  refusalSchema,
]);
export type PlanReply = z.infer<typeof planReplySchema>;

export const verifyReplySchema = z.union([
  z.object({ ok: z.literal(true), complete: z.boolean(), explanation: z.string().max(4000).optional(), usage: usageSchema }),
  refusalSchema,
]);
export type VerifyReply = z.infer<typeof verifyReplySchema>;

export const observeRequestSchema = z.object({ requestId: z.string().min(1).max(120) });

export interface WireImage {
  readonly camera: string;
  readonly width: number;
  readonly height: number;
  readonly rgb: ArrayBuffer | Uint8Array;
}

export interface PlannerToServer {
  "planner.register": (request: RegisterRequest, reply: (r: Reply<{ protocolVersion: number }>) => void) => void;
  /** What the cameras see now, or, for a verify question, saw before the step and see now. Valid while the question is open. */
  "planner.observe": (
    request: { requestId: string },
    reply: (r: Reply<{ images: readonly WireImage[]; before?: readonly WireImage[] }>) => void,
  ) => void;
}

export interface ServerToPlanner {
  "planner.plan": (request: WirePlanRequest, reply: (r: PlanReply) => void) => void;
  "planner.verify": (request: WireVerifyRequest, reply: (r: VerifyReply) => void) => void;
  /** The episode no longer wants the answer. */
  "planner.cancel": (request: { requestId: string }) => void;
  "error.report": (error: ErrorReport) => void;
}
