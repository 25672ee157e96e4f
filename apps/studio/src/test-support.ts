import type { Episode, StepStatus } from "@reverie/core";
import type { SessionState, SessionStep } from "@reverie/wire";

// States as a server sends them, for tests.

export function sessionWith(change: Partial<SessionState> = {}): SessionState {
  return {
    sessionId: "session",
    episode: 1,
    task: "manipulation/stack-cubes",
    seed: 7,
    instruction: "put the red cube on the blue cube",
    phase: "idle",
    paused: false,
    speed: 1,
    planner: { name: "symbolic", privileged: true, connected: true },
    repairs: [],
    steps: [],
    reference: [],
    goal: [],
    success: false,
    progress: 0,
    replans: 0,
    stepCount: 0,
    maxSteps: 1200,
    simSeconds: 0,
    ...change,
  };
}

export function stepWith(status: StepStatus, plan = 0): SessionStep {
  return { skill: "pick", args: { object: "red_cube" }, text: "pick(red_cube)", status, plan };
}

export function episodeWith(change: Partial<Episode> = {}): Episode {
  return {
    task: "manipulation/stack-cubes",
    taskVersion: 1,
    planner: "symbolic",
    privileged: true,
    seed: 7,
    instruction: "put the red cube on the blue cube",
    plan: [],
    reference: [],
    steps: [],
    replans: 0,
    success: true,
    progress: 1,
    simSteps: 10,
    wallSeconds: 1,
    stateHash: "",
    ...change,
  };
}
