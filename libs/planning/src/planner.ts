import type { CameraImage, EpisodeStep, Fact, Literal, PlanStep, SceneObject, SkillSignature } from "@reverie/core";

// What a planner is asked and what it answers. The same two questions whether the planner lives in this process or on a socket.

/** What only a privileged planner may look at: facts that no camera shows, and the goal behind the words. */
export interface PrivilegedState {
  readonly facts: readonly Fact[];
  readonly goal: readonly Literal[];
  /** Pairs `[earlier, later]` of goal indices: what must come true first. @defaultValue none */
  readonly order?: readonly (readonly [earlier: number, later: number])[];
}

/** The size that a planner would like its pictures in. Whoever renders may give them in another one. */
export interface PictureSize {
  readonly width: number;
  readonly height: number;
}

/** "What should the robot do?" */
export interface PlanRequest {
  readonly task: string;
  readonly instruction: string;
  readonly skills: readonly SkillSignature[];
  readonly objects: readonly SceneObject[];
  /** Steps already tried in this episode, oldest first; empty for the first plan. */
  readonly history: readonly EpisodeStep[];
  /** Of the episode, integer in [0, 2^32): what a planner that draws lots draws from. */
  readonly seed: number;
  /** Present only for a planner that declared itself privileged. */
  readonly privileged?: PrivilegedState;
  /** Renders what the cameras see now. Nothing is rendered unless this is called. */
  observe(size?: PictureSize): Promise<readonly CameraImage[]>;
}

/** "Is this step complete?" */
export interface VerifyRequest {
  readonly task: string;
  readonly instruction: string;
  readonly step: PlanStep;
  readonly skills: readonly SkillSignature[];
  readonly objects: readonly SceneObject[];
  /** Literals that a complete step would have made true, and what is true now. Only for a privileged planner. */
  readonly privileged?: { readonly expected: readonly Literal[]; readonly facts: readonly Fact[] };
  /** Camera images from before the step and from now. */
  observe(size?: PictureSize): Promise<{ readonly before: readonly CameraImage[]; readonly after: readonly CameraImage[] }>;
}

/** What one call of a model cost. Counts are absent where the backend does not report them. */
export interface CallUsage {
  readonly latencyMs: number;
  readonly attempts: number;
  readonly promptTokens?: number;
  readonly completionTokens?: number;
}

/** Raw text of a planner; reading it is the caller's work, so that every planner is parsed alike. */
export interface Completion {
  readonly text: string;
  readonly usage: CallUsage;
}

/**
 * Makes text for the two questions. A backend in its own file under `backends/` implements `generate`;
 * `kind` says which question it is.
 */
export interface PlannerBackend {
  readonly name: string;
  /** Whether it must be given facts and goal. Episodes of such a planner are labelled so. */
  readonly privileged: boolean;
  /**
   * @param signal - aborts the call; the promise then rejects
   * @throws PeerError when the model's endpoint fails, TimeoutError when it is too slow
   */
  generate(request: GenerateRequest, signal: AbortSignal): Promise<Completion>;
}

export type GenerateRequest =
  | { readonly kind: "plan"; readonly plan: PlanRequest }
  | { readonly kind: "verify"; readonly verify: VerifyRequest };

/** A planner that an episode can be run with, near or far. */
export interface Planner {
  readonly name: string;
  readonly privileged: boolean;
  /** Plan text, unread. */
  plan(request: PlanRequest, signal: AbortSignal): Promise<Completion>;
  /** The planner's own judgement of a step. */
  verify(
    request: VerifyRequest,
    signal: AbortSignal,
  ): Promise<{ readonly complete: boolean; readonly explanation?: string; readonly usage: CallUsage }>;
}
