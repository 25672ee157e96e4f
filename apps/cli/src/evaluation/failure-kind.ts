import {
  applyEffects,
  deriveFacts,
  FactSet,
  unmetPreconditions,
  type Assignment,
  type EpisodeStep,
  type Fact,
  type PlanStep,
  type SceneObject,
  type SkillSignature,
} from "@reverie/core";

// Why an episode failed, after the kinds of EmbodiedBench (Yang et al. 2025, https://arxiv.org/abs/2502.09560), each decided by the world.

/**
 * `format`: the first plan could not be read. `execution`: it reaches the goal by the skills' declared effects, and physics did not.
 * `monitor`: the same, but a step that was complete was judged incomplete, so that the plan was left.
 * `perception`: it does not, but would if one thing were another of its kind, or if the picture showed a drawer in its other state or
 * nothing on top of anything. `planning`: the rest.
 */
export const FAILURE_KINDS = ["format", "planning", "perception", "execution", "monitor"] as const;
export type FailureKind = (typeof FAILURE_KINDS)[number];

/** What is known of an episode before anything moved. */
export interface EpisodeStart {
  readonly skills: readonly SkillSignature[];
  readonly objects: readonly SceneObject[];
  readonly facts: readonly Fact[];
  readonly assignment: Pick<Assignment, "goal" | "order">;
}

/** Whether the steps, each possible after those before it, reach the goal in its order by their declared effects. */
export function reachesGoal({ skills, objects, facts, assignment }: EpisodeStart, steps: readonly PlanStep[]): boolean {
  const { goal, order = [] } = assignment;
  let now = new FactSet(facts);
  const held = (state: FactSet): boolean[] => {
    const derived = deriveFacts(state, objects);
    return goal.map((literal) => derived.satisfies(literal));
  };
  let holding = held(now);
  const reached = [...holding];
  const inOrder = order.map(() => true);
  for (const step of steps) {
    const skill = skills.find(({ name }) => name === step.skill);
    if (skill === undefined || unmetPreconditions(skill, step.args, now, objects).length > 0) return false;
    now = applyEffects(skill, step.args, now, objects);
    const next = held(now);
    order.forEach(([earlier, later], k) => {
      if (next[later] === true && holding[later] === false) inOrder[k] = reached[earlier] === true;
    });
    next.forEach((holds, i) => (reached[i] ||= holds));
    holding = next;
  }
  return holding.length > 0 && holding.every(Boolean) && inOrder.every(Boolean);
}

const COLORS = new Set(["red", "green", "blue", "yellow", "purple", "orange"]);
const kindOf = ({ types }: SceneObject): string => types.filter((type) => !COLORS.has(type)).join(" ");

/** The plan with two things taken for each other. */
function swapped(steps: readonly PlanStep[], a: string, b: string): PlanStep[] {
  const other = (id: string): string => (id === a ? b : id === b ? a : id);
  return steps.map(({ skill, args }) => ({
    skill,
    args: Object.fromEntries(Object.entries(args).map(([name, id]) => [name, other(id)])),
  }));
}

/** One argument of one step replaced by another thing of the same kind, in every way. */
function* misnamed(objects: readonly SceneObject[], steps: readonly PlanStep[]): Generator<PlanStep[]> {
  const named = new Set(steps.flatMap(({ args }) => Object.values(args)));
  for (const [i, a] of objects.entries()) {
    for (const b of objects.slice(i + 1)) {
      if (kindOf(a) === kindOf(b) && (named.has(a.id) || named.has(b.id))) yield swapped(steps, a.id, b.id);
    }
  }
}

/** The start as a wrong look at the picture would have it: a drawer in its other state, nothing on top of anything. */
function* misseen(start: EpisodeStart): Generator<EpisodeStart> {
  const { objects, facts } = start;
  const graspable = new Set(objects.filter(({ types }) => types.includes("graspable")).map(({ id }) => id));
  const flat = facts.map((fact): Fact => (fact[0] === "on" && graspable.has(fact[2] ?? "") ? ["on", fact[1] ?? "", "table"] : fact));
  const openable = objects.filter(({ types }) => types.includes("openable")).map(({ id }) => id);
  for (const seen of [facts, flat]) {
    if (seen === flat) yield { ...start, facts: flat };
    for (const id of openable) {
      const isOpen = seen.some(([predicate, object]) => predicate === "open" && object === id);
      const other: Fact[] = isOpen ? seen.filter(([predicate, object]) => predicate !== "open" || object !== id) : [...seen, ["open", id]];
      yield { ...start, facts: other };
    }
  }
}

/**
 * Why an episode without success failed.
 * @param plan - the first plan; undefined when it could not be read
 * @param steps - what was tried, with what the planner made of it
 */
export function failureKind(
  start: EpisodeStart,
  plan: readonly PlanStep[] | undefined,
  steps: readonly Pick<EpisodeStep, "monitor">[] = [],
): FailureKind {
  if (plan === undefined) return "format";
  if (reachesGoal(start, plan)) return steps.some(({ monitor }) => monitor?.truth === true && !monitor.complete) ? "monitor" : "execution";
  for (const other of misseen(start)) if (reachesGoal(other, plan)) return "perception";
  for (const steps of misnamed(start.objects, plan)) if (reachesGoal(start, steps)) return "perception";
  return "planning";
}
