import {
  applyEffects,
  FactSet,
  unmetPreconditions,
  type Assignment,
  type PlanStep,
  type SceneObject,
  type SkillSignature,
} from "@reverie/core";
import { skills } from "@reverie/skills";
import { startFacts, type ComposedScene } from "../scene.ts";
import { sceneProps } from "../scene-props.ts";

// Composed tasks run by what skills declare, without physics.

const SIGNATURES: ReadonlyMap<string, SkillSignature> = new Map([...skills].map(({ signature }) => [signature.name, signature]));

export function objectsOf(scene: ComposedScene): SceneObject[] {
  const table: SceneObject = { id: "table", types: ["support", "table"], description: "table" };
  return [table, ...sceneProps(scene).map(({ object: { id, types, description } }) => ({ id, types, description }))];
}

/** Facts, and what of a goal was reached on the way to them. */
export interface SymbolicState {
  readonly facts: FactSet;
  readonly reached: readonly boolean[];
  /** For each ordered pair: it was kept when its later literal last came true. */
  readonly inOrder: readonly boolean[];
}

type Goal = Pick<Assignment, "goal" | "order">;

export function startOf(scene: ComposedScene, { goal, order = [] }: Goal): SymbolicState {
  const facts = new FactSet(startFacts(scene));
  return { facts, reached: goal.map((literal) => facts.satisfies(literal)), inOrder: order.map(() => true) };
}

/** The state after a step; undefined when it cannot start. */
export function after(
  state: SymbolicState,
  step: PlanStep,
  objects: readonly SceneObject[],
  { goal, order = [] }: Goal,
): SymbolicState | undefined {
  const skill = SIGNATURES.get(step.skill);
  if (skill === undefined || unmetPreconditions(skill, step.args, state.facts, objects).length > 0) return undefined;
  const facts = applyEffects(skill, step.args, state.facts, objects);
  return {
    facts,
    reached: goal.map((literal, i) => state.reached[i] === true || facts.satisfies(literal)),
    inOrder: order.map(([earlier, later], k) => {
      const literal = goal[later]!;
      return facts.satisfies(literal) && !state.facts.satisfies(literal) ? state.reached[earlier] === true : state.inOrder[k] === true;
    }),
  };
}

export function isDone({ facts, inOrder }: SymbolicState, { goal }: Goal): boolean {
  return goal.every((literal) => facts.satisfies(literal)) && inOrder.every(Boolean);
}

/** Whether a plan can run in a scene and reaches the goal in its order. */
export function reaches(scene: ComposedScene, plan: readonly PlanStep[], goal: Goal): boolean {
  const objects = objectsOf(scene);
  let state: SymbolicState | undefined = startOf(scene, goal);
  for (const step of plan) if (state !== undefined) state = after(state, step, objects, goal);
  return state !== undefined && isDone(state, goal);
}

/** Length of a shortest plan without pushes, found by looking at all of at most `most` steps; undefined when they all fall short. */
export function shortestLength(scene: ComposedScene, goal: Goal, most: number): number | undefined {
  const objects = objectsOf(scene);
  const steps = objects.flatMap(({ id, types }): PlanStep[] => [
    ...(types.includes("graspable") ? [{ skill: "pick", args: { object: id } }] : []),
    ...(types.includes("pressable") ? [{ skill: "press", args: { object: id } }] : []),
    ...(types.includes("openable") ? ["open", "close"].map((skill) => ({ skill, args: { object: id } })) : []),
    ...(types.includes("graspable")
      ? objects
          .filter((other) => other.types.includes("support"))
          .map((target) => ({ skill: "place", args: { object: id, target: target.id } }))
      : []),
  ]);
  let states = [startOf(scene, goal)];
  for (let length = 0; length <= most; length++) {
    if (states.some((state) => isDone(state, goal))) return length;
    const next = new Map<string, SymbolicState>();
    for (const state of states) {
      for (const step of steps) {
        const reached = after(state, step, objects, goal);
        if (reached !== undefined) next.set(`${reached.facts.key()} ${reached.reached.join()} ${reached.inOrder.join()}`, reached);
      }
    }
    states = [...next.values()];
  }
  return undefined;
}
