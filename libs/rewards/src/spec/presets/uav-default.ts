import type { RewardSpec } from "../spec.ts";

/** For drones: a rubric of measures that must all be good, within bounds that multipliers keep. */
export const uavDefault: RewardSpec = {
  id: "uav.default",
  description: "Safety, coverage, energy and time must all be good; geofence and clearance are kept, shortness pays until it is kept.",
  terms: [
    { term: "measure", measure: "safety", vetoBelow: 0.5 },
    { term: "measure", measure: "coverage" },
    { term: "measure", measure: "energy" },
    { term: "measure", measure: "time" },
    { term: "measure", measure: "geofence", atLeast: 0.99 },
    { term: "measure", measure: "clearance", atLeast: 0.99 },
    // A floor fades to nothing once it is kept; a cap would in the end pay for plans that are too long.
    { term: "brevity", atLeast: 0.9 },
  ],
  gate: "plan",
  combine: "logical-and",
  process: { kind: "delta", alpha: 0.1 },
};
