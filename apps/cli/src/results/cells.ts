import { tasks } from "@reverie/manipulation";
import type { ResultPlanner } from "./planners.ts";

/** Some scenes that planners are evaluated on. */
export interface SceneSet {
  readonly id: string;
  /** As the page calls it. */
  readonly name: string;
  readonly group: "single task" | "held-out split" | "single skill" | "long horizon";
  readonly args: readonly string[];
  /** Episodes for each one that was asked for: comparisons that aims hang on get more. */
  readonly factor: number;
}

/** One call of `reverie eval`. */
export interface ResultCell {
  readonly id: string;
  readonly kind: "success" | "monitor mode" | "monitor test" | "latency";
  readonly planner: ResultPlanner;
  readonly set: SceneSet;
  /** Of a monitor mode. */
  readonly monitor?: "on" | "off" | "perfect";
  readonly args: readonly string[];
}

const COMPOSED = "manipulation/composed";
const HELD_OUT = ["held-out-seeds", "held-out-wordings", "held-out-objects", "held-out-compositions"] as const;

const composed = (split: string, ...more: readonly string[]): string[] => ["--task", COMPOSED, "--split", split, ...more];

/** Everything that planners are evaluated on. Training drew from none of it. */
export function sceneSets(): SceneSet[] {
  return [
    ...tasks.ids
      .filter((id) => id !== COMPOSED)
      .map((id): SceneSet => ({ id: id.slice(id.indexOf("/") + 1), name: id, group: "single task", args: ["--task", id], factor: 1 })),
    ...HELD_OUT.map((split): SceneSet => ({
      id: split,
      name: `composed, ${split}`,
      group: "held-out split",
      args: composed(split),
      factor: 1,
    })),
    {
      id: "single-skill",
      name: "composed, held-out-seeds, one skill",
      group: "single skill",
      args: composed("held-out-seeds", "--reference-steps", "1"),
      factor: 2,
    },
    {
      id: "four-subgoals",
      name: "composed, held-out-seeds, 4 sub-goals",
      group: "long horizon",
      args: composed("held-out-seeds", "--subgoals", "4"),
      factor: 2,
    },
    ...[5, 6].map((subgoals): SceneSet => ({
      id: `${subgoals}-subgoals`,
      name: `composed, held-out-compositions, ${subgoals} sub-goals`,
      group: "long horizon",
      args: composed("held-out-compositions", "--subgoals", String(subgoals)),
      factor: 1,
    })),
  ];
}

/** Sets on which monitor modes are compared, and on which the monitor is tested. */
const MODE_SETS = ["held-out-seeds", "four-subgoals"];
const isTestSet = ({ group, id }: SceneSet): boolean =>
  group === "single task" || id === "held-out-seeds" || id === "held-out-compositions";

/** Every call that the page is made of. @param episodes - of each set, times its factor */
export function resultCells(planners: readonly ResultPlanner[], episodes: number, seed: number): ResultCell[] {
  const sets = sceneSets();
  const cell = (
    kind: ResultCell["kind"],
    planner: ResultPlanner,
    set: SceneSet,
    more: readonly string[],
    factor = set.factor,
  ): ResultCell => ({
    id: [kind.replace(" ", "-"), planner.id, set.id, ...more.filter((word) => !word.startsWith("--"))].join("_"),
    kind,
    planner,
    set,
    args: [
      "--planner",
      planner.planner,
      ...(planner.weights === undefined ? [] : ["--weights", planner.weights]),
      ...set.args,
      ...more,
      "--episodes",
      String(Math.max(1, Math.round(episodes * factor))),
      "--seed",
      String(seed),
    ],
  });
  const shipped = planners.filter(({ id }) => id === "shipped");
  const modes = shipped.flatMap((planner) =>
    sets
      .filter(({ id }) => MODE_SETS.includes(id))
      .flatMap((set) =>
        (["off", "perfect"] as const).map((monitor) => ({ ...cell("monitor mode", planner, set, ["--monitor", monitor]), monitor })),
      ),
  );
  return [
    ...planners.flatMap((planner) => sets.map((set) => cell("success", planner, set, []))),
    ...modes,
    ...planners
      .filter(({ id }) => id === "text-only" || id === "sft" || id === "shipped")
      .flatMap((planner) => sets.filter(isTestSet).map((set) => cell("monitor test", planner, set, ["--monitor-test"]))),
    ...shipped.map((planner) =>
      cell(
        "latency",
        planner,
        sets.find(({ id }) => id === "held-out-compositions")!,
        ["--monitor", "off", "--replans", "0"],
        1,
      ),
    ),
  ];
}

/** Sets that have a run with the monitor on, off and perfect. */
export const isModeSet = ({ id }: SceneSet): boolean => MODE_SETS.includes(id);

/** The command that makes a cell's figures again. */
export const commandOf = ({ args }: ResultCell): string => `npx reverie eval ${args.join(" ")}`;
