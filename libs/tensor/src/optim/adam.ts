import { InputError } from "@reverie/core";
import type { Tensor } from "../graph/tensor.ts";
import { add, div, mul, pow, sqrt, sub } from "../ops/arithmetic.ts";
import { cast } from "../ops/cast.ts";
import type { Optimiser } from "./optimiser.ts";
import type { Schedule } from "./schedule.ts";
import { schedule } from "./schedule.ts";

export interface AdamOptions {
  readonly learningRate: number | Schedule;
  /** Memory of the mean of the gradients, in [0, 1). Default 0.9. */
  readonly beta1?: number;
  /** Memory of the mean of their squares, in [0, 1). Default 0.999. */
  readonly beta2?: number;
  /** Keeps the division finite. Default 1e-8. */
  readonly epsilon?: number;
  /** For Adam added to the gradient as L2 penalty, for AdamW taken off the parameter directly. Default 0 for Adam, 0.01 for AdamW. */
  readonly weightDecay?: number;
}

/** Adam (Kingma & Ba 2015, https://arxiv.org/abs/1412.6980, algorithm 1). @throws InputError when an option is out of range */
export const adam = (options: AdamOptions): Optimiser => adamWith("adam", false, { weightDecay: 0, ...options });

/** AdamW: Adam with decoupled weight decay (Loshchilov & Hutter 2019, https://arxiv.org/abs/1711.05101, algorithm 2). @throws InputError when an option is out of range */
export const adamW = (options: AdamOptions): Optimiser => adamWith("adamw", true, { weightDecay: 0.01, ...options });

function adamWith(name: string, decoupled: boolean, options: AdamOptions & { readonly weightDecay: number }): Optimiser {
  const { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, weightDecay } = options;
  for (const [key, beta] of Object.entries({ beta1, beta2 })) {
    if (!(beta >= 0 && beta < 1)) throw new InputError(key, `expected a number in [0, 1), got ${beta}.`);
  }
  if (!(epsilon > 0)) throw new InputError("epsilon", `expected a number above 0, got ${epsilon}.`);
  if (!(weightDecay >= 0)) throw new InputError("weightDecay", `expected a number of 0 or more, got ${weightDecay}.`);
  return {
    name,
    slots: ["firstMoment", "secondMoment"],
    learningRate: schedule(options.learningRate),
    update({ parameters, gradients, slots, learningRate, step }) {
      const gradient = decoupled || weightDecay === 0 ? gradients : add(gradients, mul(parameters, weightDecay));
      const firstMoment = add(mul(slots["firstMoment"]!, beta1), mul(gradient, 1 - beta1));
      const secondMoment = add(mul(slots["secondMoment"]!, beta2), mul(mul(gradient, gradient), 1 - beta2));
      // Both bias corrections and the learning rate become scalars outside the division, so the arrays are walked fewer times.
      const rootScale = cast(div(1, sqrt(oneMinusPower(beta2, step))), learningRate.dtype);
      const stepSize = div(div(learningRate, cast(oneMinusPower(beta1, step), learningRate.dtype)), rootScale);
      const change = mul(div(firstMoment, add(sqrt(secondMoment), div(epsilon, rootScale))), stepSize);
      const kept = decoupled && weightDecay > 0 ? mul(parameters, sub(1, mul(learningRate, weightDecay))) : parameters;
      return { parameters: sub(kept, change), slots: { firstMoment, secondMoment } };
    },
  };
}

/** 1 - beta^step, in float64. */
const oneMinusPower = (beta: number, step: Tensor): Tensor => sub(1, pow(step.graph.scalar(beta, "float64"), step));
