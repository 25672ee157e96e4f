import { percent, percentWithin } from "../evaluation/markdown.ts";
import { differenceInterval, type Share } from "../evaluation/wilson.ts";
import type { EvaluationRow } from "../evaluation/run-evaluation.ts";
import type { SceneSet } from "./cells.ts";
import { figuresOf, monitorOf } from "./figures.ts";
import type { ResultPlanner } from "./planners.ts";
import type { Measured } from "./run-cells.ts";

/** What the page compares itself with. */
export interface Aim {
  readonly aim: string;
  readonly wanted: string;
  /** What was measured, with its 95 % interval. */
  readonly found: string;
  /** By the measured value alone; undefined when it was not measured. */
  readonly reached: boolean | undefined;
}

export const isLong = ({ group }: SceneSet): boolean => group === "long horizon";
export const isHeldOut = ({ group }: SceneSet): boolean => group === "held-out split";
export const isSingleSkill = ({ group }: SceneSet): boolean => group === "single skill";

const shareOf = ({ success, episodes }: EvaluationRow): Share => ({ successes: Math.round(success * episodes), trials: episodes });
const points = (share: number): string => `${share < 0 ? "" : "+"}${(100 * share).toFixed(1)}`;

const unmeasured = (aim: string, wanted: string): Aim => ({ aim, wanted, found: "not measured", reached: undefined });

/** By how many points one planner succeeds more often than another. */
function ahead(
  measured: readonly Measured[],
  aim: string,
  least: number,
  pair: readonly [ResultPlanner["id"], ResultPlanner["id"]],
  set: (set: SceneSet) => boolean,
): Aim {
  const wanted = `${points(least)} points or more`;
  const [a, b] = pair.map((planner) => figuresOf(measured, { kind: "success", planner, set }));
  if (a === undefined || b === undefined) return unmeasured(aim, wanted);
  const difference = a.success - b.success;
  const [low, high] = differenceInterval(shareOf(a), shareOf(b));
  return {
    aim,
    wanted,
    found: `${points(difference)} points (${points(low)} to ${points(high)}): ${percent(a.success)} against ${percent(b.success)}`,
    reached: difference >= least,
  };
}

function share(aim: string, least: number, found: number | null | undefined, interval: readonly [number, number] | undefined): Aim {
  const wanted = `${percent(least)} or more`;
  if (found === null || found === undefined || interval === undefined) return unmeasured(aim, wanted);
  return { aim, wanted, found: percentWithin(found, interval), reached: found >= least };
}

/** Milliseconds that a plan may take. */
const PLAN_MS = 400;

/** The aims, each with what was measured. */
export function aimsOf(measured: readonly Measured[]): Aim[] {
  const single = figuresOf(measured, { kind: "success", planner: "shipped", set: isSingleSkill });
  const monitor = monitorOf(measured, { kind: "monitor test", planner: "shipped" });
  const latency = figuresOf(measured, { kind: "latency", planner: "shipped" });
  const latencyAim = "A plan is written within 400 ms on one core";
  return [
    ahead(measured, "Rewards add to examples on long-horizon tasks (SFT+GRPO against SFT)", 0.15, ["shipped", "sft"], isLong),
    share("Single skills succeed", 0.9, single?.success, single && [single.low, single.high]),
    ahead(
      measured,
      "Planning adds to taking each instruction for one skill, on the held-out splits (shipped planner against no planner)",
      0.6,
      ["shipped", "no-planner"],
      isHeldOut,
    ),
    ahead(
      measured,
      "Pictures add to words, on the held-out splits (shipped planner against text-only)",
      0.3,
      ["shipped", "text-only"],
      isHeldOut,
    ),
    share("Alarms of the monitor are right (precision)", 0.9, monitor?.precision, monitor?.precisionInterval),
    share("Failed steps are found by the monitor (recall)", 0.9, monitor?.recall, monitor?.recallInterval),
    latency === undefined
      ? unmeasured(latencyAim, `${PLAN_MS} ms or less`)
      : {
          aim: latencyAim,
          wanted: `${PLAN_MS} ms or less`,
          found: `median ${latency.msPerPlanMedian.toFixed(0)} ms, 95 % of plans within ${latency.msPerPlan95.toFixed(0)} ms`,
          reached: latency.msPerPlan95 <= PLAN_MS,
        },
  ];
}
