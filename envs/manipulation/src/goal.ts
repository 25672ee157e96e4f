import { factText, InputError, UnknownIdError, type Assignment, type Literal } from "@reverie/core";
import { isHeld, isIn, isOn, isShut, type Workspace } from "@reverie/skills";

/** How many objects each predicate that is read from physics takes. */
const ARITY: ReadonlyMap<string, number> = new Map([
  ["holding", 1],
  ["on", 2],
  ["in", 2],
  ["open", 1],
  ["pressed", 1],
]);

/**
 * Says at once what a goal could never hold for, rather than let it never be reached.
 * @throws InputError for a predicate that is not read from physics, or with too few or too many objects
 * @throws UnknownIdError for an object that is not in the scene
 */
export function assertGoal(workspace: Workspace, { goal, order = [] }: Pick<Assignment, "goal" | "order">): void {
  for (const pair of order) {
    if (pair.some((index) => !Number.isInteger(index) || index < 0 || index >= goal.length)) {
      throw new InputError("goal.order", `[${pair.join(", ")}] names no two of the ${goal.length} literals.`);
    }
  }
  for (const { fact } of goal) {
    const [predicate, ...ids] = fact;
    const arity = ARITY.get(predicate);
    if (arity === undefined) {
      throw new InputError("goal", `"${factText(fact)}" is not read from physics; allowed are ${[...ARITY.keys()].join(", ")}.`);
    }
    if (ids.length !== arity) throw new InputError("goal", `"${factText(fact)}" names ${ids.length} objects; ${predicate} takes ${arity}.`);
    for (const id of ids) {
      if (workspace.object(id) !== undefined) continue;
      throw new UnknownIdError(
        "object",
        id,
        workspace.objects.map((object) => object.id),
      );
    }
  }
}

/**
 * Whether one literal of a goal holds in physics now. Looks only at what the literal names: called every control step.
 * @throws InputError for a predicate that is not read from physics
 */
export function literalHolds(workspace: Workspace, literal: Literal): boolean {
  const [predicate, first, second] = literal.fact;
  const a = workspace.object(first ?? "");
  const b = workspace.object(second ?? "");
  let truth: boolean;
  switch (predicate) {
    case "holding":
      truth = a !== undefined && isHeld(workspace, a);
      break;
    case "on":
      truth = a !== undefined && b !== undefined && isOn(workspace, a, b) && !isHeld(workspace, a);
      break;
    case "in":
      truth = a !== undefined && b !== undefined && isIn(workspace, a, b) && !isHeld(workspace, a);
      break;
    case "open":
      truth = a !== undefined && a.openable !== undefined && !isShut(workspace, a);
      break;
    case "pressed":
      truth = a !== undefined && workspace.pressed.has(a.id);
      break;
    default:
      throw new InputError("goal", `"${factText(literal.fact)}" is not read from physics; allowed are ${[...ARITY.keys()].join(", ")}.`);
  }
  return truth !== (literal.negated ?? false);
}
