import { factText, InputError, type Literal } from "@reverie/core";
import { isHeld, isIn, isOn, isShut, type Workspace } from "@reverie/skills";

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
      throw new InputError("goal", `"${factText(literal.fact)}" is not read from physics; allowed are holding, on, in, open and pressed.`);
  }
  return truth !== (literal.negated ?? false);
}

/** How many literals of the goal hold now. */
export function countHolding(workspace: Workspace, goal: readonly Literal[]): number {
  let count = 0;
  for (const literal of goal) if (literalHolds(workspace, literal)) count++;
  return count;
}
