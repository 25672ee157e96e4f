import type { GroundAction, GroundTask } from "./ground.ts";

/** One byte an atom, 1 = true: stored atoms first, then derived ones. */
export type State = Uint8Array;

/** Sets the derived atoms of a state from its stored ones. */
export function derive(task: GroundTask, state: State): void {
  for (let i = 0; i < task.derived.length; i++) {
    let truth = 1;
    for (const { atom, antidote } of task.derived[i]!.blockers) {
      if (state[atom] === 1 && (antidote === undefined || state[antidote] === 0)) {
        truth = 0;
        break;
      }
    }
    state[task.baseCount + i] = truth;
  }
}

/** Whether all of `yes` hold and none of `no`. */
export function holdsIn(state: State, yes: readonly number[], no: readonly number[]): boolean {
  for (let i = 0; i < yes.length; i++) if (state[yes[i]!] === 0) return false;
  for (let i = 0; i < no.length; i++) if (state[no[i]!] === 1) return false;
  return true;
}

export function initialState(task: GroundTask): State {
  const state = new Uint8Array(task.baseCount + task.derived.length);
  for (const atom of task.initial) state[atom] = 1;
  derive(task, state);
  return state;
}

/** The state after an applicable action; conditions look at the state before it, effects apply in order. */
export function successor(task: GroundTask, state: State, action: GroundAction): State {
  const next = state.slice();
  for (const effect of action.effects) {
    if (!holdsIn(state, effect.whenTrue, effect.whenFalse)) continue;
    for (const atom of effect.deletes) next[atom] = 0;
    for (const atom of effect.adds) next[atom] = 1;
  }
  derive(task, next);
  return next;
}

/** A key that is equal for equal states: the stored atoms, 16 to a code unit. */
export function stateKey(task: GroundTask, state: State): string {
  let key = "";
  for (let from = 0; from < task.baseCount; from += 16) {
    let unit = 0;
    const end = Math.min(from + 16, task.baseCount);
    for (let atom = from; atom < end; atom++) unit |= state[atom]! << (atom - from);
    key += String.fromCharCode(unit);
  }
  return key;
}
