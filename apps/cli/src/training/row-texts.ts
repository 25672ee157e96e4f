import { deriveFacts, FactSet, type Fact, type Literal, type PlanningEnvironment, type PlanStep, type Rng } from "@reverie/core";
import { formatPlan, literalWords } from "@reverie/planning";

// Answers that a planner learns to write: short thinking from what is true, then the plan; verdicts with a reason.

/** Most things that the thinking tells of. */
const MOST_TOLD = 8;

/** A literal in as few words as can be read: `red_cube on blue_pad`. */
function brief({ fact, negated = false }: Literal): string {
  const [predicate, object = "", target = ""] = fact;
  if (predicate === "open") return `${object} ${negated ? "closed" : "open"}`;
  if (predicate === "holding") return negated ? `${object} not held` : `${object} held`;
  const words = target === "" ? `${object} ${predicate}` : `${object} ${predicate} ${target}`;
  return negated ? `not ${words}` : words;
}

/**
 * What is wanted and does not hold, and what is unusual about the things it takes: where they are when that is not the table, what
 * is on them, whether the drawer is open.
 */
export function thinkingOf(environment: PlanningEnvironment): string {
  const facts = new FactSet(environment.facts());
  const derived = deriveFacts(facts, environment.objects);
  const missing = environment.assignment.goal.filter((literal) => !derived.satisfies(literal));
  const named = new Set(missing.flatMap(({ fact }) => fact.slice(1)).filter((id) => id !== "table"));
  const isTold = (fact: Fact): boolean => {
    const [predicate, object = "", target = ""] = fact;
    if (predicate === "holding") return true;
    if (predicate !== "on" && predicate !== "in") return false;
    return (named.has(object) && target !== "table") || (named.has(target) && predicate === "on");
  };
  const now = [...facts].filter(isTold).map((fact) => brief({ fact }));
  for (const { id, types } of environment.objects) {
    if (types.includes("openable")) now.unshift(brief({ fact: ["open", id], negated: !facts.has(["open", id]) }));
  }
  const wants = missing.slice(0, MOST_TOLD).map(brief);
  return `want ${wants.join(", ") || "nothing"}. now ${now.slice(0, MOST_TOLD).join(", ") || "all on the table"}.`;
}

/** A whole answer: thinking and steps. */
export function planCompletion(environment: PlanningEnvironment, steps: readonly PlanStep[]): string {
  return formatPlan({ steps, reasoning: thinkingOf(environment) }, "line", environment.skills);
}

/** The verdict that facts give. @param expected - what a complete step makes true; not empty */
export function verdictCompletion(expected: readonly Literal[], after: FactSet): string {
  const missing = expected.find((literal) => !after.satisfies(literal));
  if (missing !== undefined) return `False: ${literalWords({ fact: missing.fact, negated: missing.negated !== true })}.`;
  return `True: ${literalWords(expected[0]!)}.`;
}

/** A question with one thing as its answer. */
export interface ShortQuestion {
  readonly prompt: string;
  readonly completion: string;
}

/** Asks where everything is. The order is drawn, so that no place in it tells what comes. */
export function descriptionOf(environment: PlanningEnvironment, rng: Rng): ShortQuestion {
  const facts = new FactSet(environment.facts());
  const told = environment.objects.flatMap(({ id, types }): string[] => {
    if (types.includes("openable")) return [brief({ fact: ["open", id], negated: !facts.has(["open", id]) })];
    if (!types.includes("graspable")) return [];
    if (facts.has(["holding", id])) return [brief({ fact: ["holding", id] })];
    const places = [...facts.of("in"), ...facts.of("on")].filter(([, object]) => object === id);
    const place = places.find(([, , target]) => target !== "table") ?? places[0];
    return place === undefined ? [] : [brief({ fact: place })];
  });
  const order = rng.shuffle(told);
  return { prompt: `now: ${order.map((words) => words.split(" ")[0]!).join(", ")}\n`, completion: order.join(", ") };
}

/** How far a thing must stand out from all others to be the leftmost, metres. */
const CLEAR_MARGIN = 0.04;

/** Everything that can be asked of a picture in one hop: what lies where, whether the drawer is open, which cube is leftmost. */
export function questionsOf(environment: PlanningEnvironment): ShortQuestion[] {
  const { objects, scene } = environment;
  const facts = new FactSet(environment.facts());
  const hidden = new Set(
    [...facts.of("in")].flatMap(([, object, container]) => (container === "drawer" && !facts.has(["open", "drawer"]) ? [object] : [])),
  );
  const found: ShortQuestion[] = [];
  for (const { id, types } of objects) {
    if (types.includes("openable")) {
      found.push({ prompt: `is ${id} open?\n`, completion: facts.has(["open", id]) ? "open" : "closed" });
    } else if (types.includes("graspable") && !hidden.has(id)) {
      const places = [...facts.of("in"), ...facts.of("on")].filter(([, object]) => object === id).map(([, , target]) => target!);
      const place = places.find((target) => target !== "table") ?? places[0];
      if (place !== undefined) found.push({ prompt: `where is ${id}?\n`, completion: place });
    }
  }
  const poses = environment.poses();
  const cubes = objects.filter(({ id, types }) => types.includes("cube") && !hidden.has(id));
  const across = cubes.map(({ id }) => poses[scene.bodies.findIndex((body) => body.id === id) * 7 + 1]!);
  // The front camera looks at the robot: its left is the side of negative y.
  for (const [word, sign] of [
    ["leftmost", 1],
    ["rightmost", -1],
  ] as const) {
    const order = cubes.map(({ id }, i) => ({ id, y: sign * across[i]! })).sort((a, b) => a.y - b.y);
    const [first, second] = order;
    if (first !== undefined && second !== undefined && second.y - first.y >= CLEAR_MARGIN)
      found.push({ prompt: `${word} cube?\n`, completion: first.id });
  }
  return found;
}
