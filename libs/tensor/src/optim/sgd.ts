import { InputError } from "@reverie/core";
import { add, mul, sub } from "../ops/arithmetic.ts";
import type { Optimiser } from "./optimiser.ts";
import type { Schedule } from "./schedule.ts";
import { schedule } from "./schedule.ts";

export interface SgdOptions {
  readonly learningRate: number | Schedule;
  /** Share of the last velocity that is kept, in [0, 1). Default 0: plain gradient descent. */
  readonly momentum?: number;
  /** Looks one step ahead (Sutskever et al. 2013, https://proceedings.mlr.press/v28/sutskever13.html). Default false. */
  readonly nesterov?: boolean;
  /** Decoupled: each step takes learningRate * weightDecay of a parameter away. Default 0. */
  readonly weightDecay?: number;
}

/** Stochastic gradient descent. @throws InputError when an option is out of range */
export function sgd(options: SgdOptions): Optimiser {
  const { momentum = 0, nesterov = false, weightDecay = 0 } = options;
  if (!(momentum >= 0 && momentum < 1)) throw new InputError("momentum", `expected a number in [0, 1), got ${momentum}.`);
  if (!(weightDecay >= 0)) throw new InputError("weightDecay", `expected a number of 0 or more, got ${weightDecay}.`);
  return {
    name: "sgd",
    slots: momentum === 0 ? [] : ["velocity"],
    learningRate: schedule(options.learningRate),
    update({ parameters, gradients, slots, learningRate }) {
      const kept = weightDecay === 0 ? parameters : mul(parameters, sub(1, mul(learningRate, weightDecay)));
      if (momentum === 0) return { parameters: sub(kept, mul(gradients, learningRate)), slots: {} };
      const velocity = add(mul(slots["velocity"]!, momentum), gradients);
      const direction = nesterov ? add(gradients, mul(velocity, momentum)) : velocity;
      return { parameters: sub(kept, mul(direction, learningRate)), slots: { velocity } };
    },
  };
}
