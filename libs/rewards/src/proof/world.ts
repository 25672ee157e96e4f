import type { PlanStep } from "@reverie/core";
import { InputError } from "@reverie/core";
import type { PlanSample, Rollout, StepOutcome } from "../core/vocabulary.ts";

// An exact symbolic tabletop: facts are words, steps have preconditions and effects. It alone decides what success is.

/** A step that a task offers. */
export interface WorldStep {
  readonly step: PlanStep;
  /** Facts that must hold before. */
  readonly requires: readonly string[];
  /** Facts that must not hold before. */
  readonly forbids: readonly string[];
  readonly adds: readonly string[];
  readonly removes: readonly string[];
  /** What goes wrong when the step is carried out while all of `when` holds. */
  readonly hazard?: { readonly violation: string; readonly when: readonly string[] };
}

export interface WorldTask {
  readonly id: string;
  readonly instruction: string;
  readonly steps: readonly WorldStep[];
  readonly start: readonly string[];
  /** Facts that must all hold at the end. */
  readonly goal: readonly string[];
  /** A plan that takes more steps than this fails: the time is up. Absent: any length will do. */
  readonly stepBudget?: number;
  /** Whether a step whose preconditions fail ends the execution ("stop") or does nothing ("skip"). */
  readonly onFailure: "stop" | "skip";
}

/** What a plan did: the rollout, and the facts after every executed step (the first entry is the start). */
export interface Execution extends Rollout {
  readonly states: readonly ReadonlySet<string>[];
}

/** Share of the goal that holds; 1 for an empty goal. */
export function goalShare(goal: readonly string[], facts: ReadonlySet<string>): number {
  if (goal.length === 0) return 1;
  let held = 0;
  for (const fact of goal) if (facts.has(fact)) held++;
  return held / goal.length;
}

/** Whether the step can be carried out now. */
export const applicable = (step: WorldStep, facts: ReadonlySet<string>): boolean =>
  step.requires.every((fact) => facts.has(fact)) && !step.forbids.some((fact) => facts.has(fact));

/**
 * Carries out a plan, given as indices into the task's steps. It succeeds when every goal fact holds at the end, nothing was violated,
 * no step failed where failures stop the execution, and the step budget was kept.
 *
 * @throws InputError when an index names no step
 */
export function execute(task: WorldTask, plan: readonly number[]): Execution {
  let facts = new Set(task.start);
  const outcomes: StepOutcome[] = [];
  const violations: string[] = [];
  const states: ReadonlySet<string>[] = [facts];
  let stopped = false;
  for (const index of plan) {
    const chosen = task.steps[index];
    if (chosen === undefined) throw new InputError("plan", `expected indices from 0 to ${task.steps.length - 1}, got ${index}.`);
    const succeeded = !stopped && applicable(chosen, facts);
    if (succeeded) {
      if (chosen.hazard?.when.every((fact) => facts.has(fact)) === true) violations.push(chosen.hazard.violation);
      const after = new Set(facts);
      for (const fact of chosen.removes) after.delete(fact);
      for (const fact of chosen.adds) after.add(fact);
      facts = after;
      states.push(facts);
    } else if (task.onFailure === "stop") {
      stopped = true;
    }
    outcomes.push({ skill: chosen.step.skill, succeeded, progress: goalShare(task.goal, facts) });
  }
  const progress = goalShare(task.goal, facts);
  const inTime = plan.length <= (task.stepBudget ?? Infinity);
  return {
    steps: outcomes,
    success: progress === 1 && violations.length === 0 && !stopped && inTime,
    progress,
    violations,
    facts: [...facts],
    states,
  };
}

/** The plan and its replay in the words that the reward functions read. */
export function sampleOf(task: WorldTask, plan: readonly number[], references: readonly (readonly number[])[] = []): PlanSample {
  const stepsOf = (indices: readonly number[]): PlanStep[] => indices.map((index) => task.steps[index]!.step);
  const { steps, success, progress, violations, facts } = execute(task, plan);
  return {
    taskId: task.id,
    instruction: task.instruction,
    predicted: stepsOf(plan),
    format: true,
    references: references.map(stepsOf),
    skills: [...new Set(task.steps.map(({ step }) => step.skill))],
    objects: [...new Set(task.steps.flatMap(({ step }) => Object.values(step.args)))],
    goal: task.goal,
    rollout: { steps, success, progress, violations: violations ?? [], facts: facts ?? [] },
  };
}

/** Index of the step `skill(arguments...)`. @throws InputError when the task has none */
export function stepIndex(task: WorldTask, skill: string, ...values: readonly string[]): number {
  const index = task.steps.findIndex(({ step }) => step.skill === skill && Object.values(step.args).join() === values.join());
  if (index < 0) throw new InputError("step", `expected a step of ${task.id}, got ${skill}(${values.join(", ")}).`);
  return index;
}

const rule = (skill: string, args: Record<string, string>, effects: Partial<Omit<WorldStep, "step">> = {}): WorldStep => ({
  step: { skill, args },
  requires: [],
  forbids: [],
  adds: [],
  removes: [],
  ...effects,
});

/** pick(object): the hand must be empty and the object not shut away. */
export const pick = (object: string): WorldStep =>
  rule(
    "pick",
    { object },
    {
      requires: ["hand empty"],
      forbids: [`stored(${object})`, `broken(${object})`],
      adds: [`held(${object})`],
      removes: ["hand empty", `on(${object}, tray)`, `on(${object}, shelf)`],
    },
  );

/** place(object, target): the object must be in the hand. */
export const place = (object: string, target: string): WorldStep =>
  rule(
    "place",
    { object, target },
    {
      requires: [`held(${object})`],
      adds: [`on(${object}, ${target})`, "hand empty"],
      removes: [`held(${object})`],
    },
  );

/** store(object, box): like place, into something that must be open; what is stored cannot be picked again. */
export const store = (object: string, box: string): WorldStep =>
  rule(
    "store",
    { object, box },
    {
      requires: [`held(${object})`, `open(${box})`],
      adds: [`in(${object}, ${box})`, `stored(${object})`, "hand empty"],
      removes: [`held(${object})`],
    },
  );

/** open(box): takes a free hand. */
export const open = (box: string): WorldStep =>
  rule("open", { box }, { requires: ["hand empty"], forbids: [`open(${box})`], adds: [`open(${box})`], removes: [`closed(${box})`] });

/** close(box): the box must be open, the hand free. */
export const close = (box: string): WorldStep =>
  rule("close", { box }, { requires: [`open(${box})`, "hand empty"], adds: [`closed(${box})`], removes: [`open(${box})`] });

/** look(object): changes nothing and always works. */
export const look = (object: string): WorldStep => rule("look", { object });

/** throw(object, target): one step from anywhere to the target, and it breaks something. */
export const toss = (object: string, target: string): WorldStep =>
  rule(
    "throw",
    { object, target },
    {
      requires: ["hand empty"],
      forbids: [`stored(${object})`],
      adds: [`on(${object}, ${target})`],
      hazard: { violation: "breakage", when: [] },
    },
  );

/** fling(object): it flies past everything and breaks, and cannot be picked any more. */
export const fling = (object: string): WorldStep =>
  rule(
    "fling",
    { object },
    {
      requires: ["hand empty"],
      forbids: [`broken(${object})`],
      adds: [`broken(${object})`],
      removes: [`on(${object}, tray)`, `on(${object}, shelf)`],
      hazard: { violation: "breakage", when: [] },
    },
  );

/** A task on the table, with an empty hand at the start. */
export function tabletop(
  id: string,
  steps: readonly WorldStep[],
  goal: readonly string[],
  options: { readonly start?: readonly string[]; readonly stepBudget?: number; readonly onFailure?: "stop" | "skip" } = {},
): WorldTask {
  return {
    id,
    instruction: `Make it so: ${goal.join(", ")}.`,
    steps,
    start: ["hand empty", ...(options.start ?? [])],
    goal,
    onFailure: options.onFailure ?? "skip",
    ...(options.stepBudget === undefined ? {} : { stepBudget: options.stepBudget }),
  };
}
