import { InputError, UnknownIdError } from "@reverie/core";
import { taskCard, tasks } from "@reverie/manipulation";
import { resetOptions } from "../training/source-settings.ts";

/** One task and split to be evaluated on. */
export interface EvaluationCell {
  readonly task: string;
  readonly split: string;
  /** Reset options that choose the split, and the look. */
  readonly resetOptions: Readonly<Record<string, unknown>>;
  /** Only episodes whose reference plan has so many steps. @defaultValue all */
  readonly referenceSteps?: number | undefined;
}

export interface CellChoice {
  /** @defaultValue all tasks */
  readonly task?: string | undefined;
  /** @defaultValue all splits of each task */
  readonly split?: string | undefined;
  /** For tasks that have a choice of it. @defaultValue drawn */
  readonly subgoals?: number | undefined;
  /** @defaultValue all */
  readonly referenceSteps?: number | undefined;
  /** Look of the scenes. */
  readonly visual: string;
}

/**
 * Every task with every split that is asked for.
 * @throws UnknownIdError for a task or split, InputError for sub-goals where the task has no choice of them
 */
export function cellsOf({ task, split, subgoals, referenceSteps, visual }: CellChoice): EvaluationCell[] {
  const counted = tasks.ids.filter((id) => tasks.get(id).options?.includes("subgoals"));
  const all = task === undefined ? tasks.ids : [tasks.get(task) && task];
  const ids = subgoals === undefined ? all : all.filter((id) => counted.includes(id));
  if (ids.length === 0)
    throw new InputError("--subgoals", `${task} has no choice of sub-goals; tasks that have one: ${counted.join(", ")}.`);
  const known = [...new Set(ids.flatMap((id) => taskCard(id).splits))];
  if (split !== undefined && !known.includes(split)) throw new UnknownIdError("split", split, known);
  const options = subgoals === undefined ? {} : { subgoals };
  return ids.flatMap((id) =>
    taskCard(id)
      .splits.filter((name) => split === undefined || name === split)
      .map((name) => ({
        task: id,
        split: name,
        resetOptions: resetOptions({ task: id, options }, name, visual),
        ...(referenceSteps === undefined ? {} : { referenceSteps }),
      })),
  );
}
