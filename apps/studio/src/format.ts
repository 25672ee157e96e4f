import type { MonitorVerdict, StepStatus, TaskCard } from "@reverie/core";
import type { ErrorReport, SessionPhase, SessionState, SessionStep } from "@reverie/wire";

// Everything the page says in words and numbers, in one place and without React.

/** Reward, progress or similarity in [0, 1] with two decimals; a dash for numbers that are not finite. */
export function formatUnit(value: number): string {
  return Number.isFinite(value) ? value.toFixed(2) : "–";
}

/** Simulated time: `4.20 s` below a minute, `1:04.2` from then on. */
export function formatSeconds(seconds: number): string {
  if (!Number.isFinite(seconds) || seconds < 0) return "–";
  const tenths = Math.round(seconds * 10);
  if (tenths < 600) return `${seconds.toFixed(2)} s`;
  const rest = tenths % 600;
  return `${(tenths - rest) / 600}:${String(Math.floor(rest / 10)).padStart(2, "0")}.${rest % 10}`;
}

/** Round trip for the connection badge: `<1 ms`, `12 ms`, `1.4 s`. */
export function formatLatency(milliseconds: number): string {
  if (!Number.isFinite(milliseconds) || milliseconds < 0) return "–";
  if (milliseconds < 1) return "<1 ms";
  const whole = Math.round(milliseconds);
  return whole < 1000 ? `${whole} ms` : `${(milliseconds / 1000).toFixed(1)} s`;
}

/** `orderedF1` and `ordered-f1` become `ordered f1`. */
export function partLabel(name: string): string {
  return name
    .replace(/([a-z0-9])([A-Z])/gu, "$1 $2")
    .replace(/[-_./]+/gu, " ")
    .trim()
    .toLowerCase();
}

const STATUS_WORDS: Readonly<Record<StepStatus, string>> = {
  pending: "Pending",
  running: "Running",
  done: "Done",
  failed: "Failed",
  skipped: "Skipped",
};

export function statusWord(status: StepStatus): string {
  return STATUS_WORDS[status];
}

const PHASE_WORDS: Readonly<Record<SessionPhase, string>> = {
  idle: "Ready",
  planning: "Planning",
  running: "Running",
  monitoring: "Checking",
  finished: "Finished",
  failed: "Failed",
};

/** One word for what the session is doing now. */
export function phaseWord(session: Pick<SessionState, "phase" | "paused">): string {
  return session.paused && isActive(session.phase) ? "Paused" : PHASE_WORDS[session.phase];
}

/** Whether an episode is under way, so that pause, step and stop mean something. */
export function isActive(phase: SessionPhase): boolean {
  return phase === "planning" || phase === "running" || phase === "monitoring";
}

export interface Outcome {
  readonly tone: "success" | "failure";
  readonly title: string;
  readonly detail: string;
}

/** How the episode ended, or undefined while it has not. */
export function outcomeOf(session: SessionState): Outcome | undefined {
  if (session.phase !== "finished" && session.phase !== "failed") return undefined;
  const share = `${session.goal.filter((literal) => literal.holds).length} of ${session.goal.length} goal facts hold`;
  if (session.failure !== undefined) return { tone: "failure", title: "Episode failed", detail: session.failure.message };
  if (session.success) return { tone: "success", title: "Goal reached", detail: `${formatSeconds(session.simSeconds)} of simulated time` };
  return { tone: "failure", title: "Goal not reached", detail: session.goal.length === 0 ? "The episode ended first" : share };
}

/** What the planner said about a step, and whether the world says the same. */
export function monitorWords(verdict: MonitorVerdict): { readonly planner: string; readonly world: string; readonly agrees: boolean } {
  const agrees = verdict.complete === verdict.truth;
  return {
    planner: verdict.complete ? "Planner: complete" : "Planner: not complete",
    world: agrees ? "world agrees" : "world disagrees",
    agrees,
  };
}

/** Steps grouped by plan, the current (highest) plan last. */
export function groupByPlan(steps: readonly SessionStep[]): readonly { readonly plan: number; readonly steps: readonly SessionStep[] }[] {
  const groups = new Map<number, SessionStep[]>();
  for (const step of steps) {
    const group = groups.get(step.plan);
    if (group === undefined) groups.set(step.plan, [step]);
    else group.push(step);
  }
  return [...groups].sort(([a], [b]) => a - b).map(([plan, members]) => ({ plan, steps: members }));
}

/** `2 done, 1 failed`, statuses in the order in which a person cares. */
export function countStatuses(steps: readonly SessionStep[]): string {
  const order: readonly StepStatus[] = ["done", "failed", "running", "skipped", "pending"];
  return order
    .map((status) => ({ status, count: steps.filter((step) => step.status === status).length }))
    .filter(({ count }) => count > 0)
    .map(({ status, count }) => `${count} ${status}`)
    .join(", ");
}

/** The sentence that screen readers hear when the session changes. */
export function announcement(session: SessionState): string {
  const outcome = outcomeOf(session);
  if (outcome !== undefined) {
    const reward = session.reward === undefined ? "" : ` Reward ${formatUnit(session.reward.value)}.`;
    return `${outcome.title}. ${outcome.detail}.${reward}`;
  }
  if (session.phase === "idle") return "Ready.";
  if (session.phase === "planning")
    return session.replans === 0 ? "The planner is planning." : `The planner is making plan ${session.replans + 1}.`;
  const current = groupByPlan(session.steps).at(-1)?.steps ?? [];
  const index = current.findIndex((step) => step.status === "running");
  const paused = session.paused ? "Paused. " : "";
  return index < 0 ? `${paused}${phaseWord(session)}.` : `${paused}Step ${index + 1} of ${current.length}: ${current[index]!.text}.`;
}

/** A refusal as a sentence of its own: without the name of the field that it stands under, with a capital. */
export function errorSentence({ message, path }: ErrorReport): string {
  const field = path === "instruction" || path === "seed" ? `${path}: ` : "";
  const sentence = field !== "" && message.startsWith(field) ? message.slice(field.length) : message;
  return sentence.charAt(0).toUpperCase() + sentence.slice(1);
}

/** Last part of a task id as words: `manipulation/stack-cubes` reads `stack cubes`. */
export function taskTitle(id: string): string {
  const name = id.slice(id.indexOf("/") + 1).replace(/-/gu, " ");
  return name.charAt(0).toUpperCase() + name.slice(1);
}

/** Cards by suite, in the order in which the suites first appear. */
export function groupBySuite(cards: readonly TaskCard[]): readonly { readonly suite: string; readonly cards: readonly TaskCard[] }[] {
  return [...new Set(cards.map((card) => card.suite))].map((suite) => ({ suite, cards: cards.filter((card) => card.suite === suite) }));
}

/** Reads the seed field: a whole number in [0, 2^32), undefined when empty, or a sentence that says what is allowed. */
export function readSeed(text: string): { readonly seed?: number; readonly problem?: string } {
  const trimmed = text.trim();
  if (trimmed === "") return {};
  const seed = Number(trimmed);
  if (!/^\d+$/u.test(trimmed) || seed > 0xffffffff)
    return { problem: `The seed must be a whole number from 0 to 4294967295, not "${trimmed.slice(0, 20)}".` };
  return { seed };
}
