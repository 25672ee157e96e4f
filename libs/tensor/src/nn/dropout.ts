import { InputError, StateError } from "@reverie/core";
import type { Tensor } from "../graph/tensor.ts";
import { dropout } from "../ops/dropout.ts";

/**
 * Zeros a share of the elements in training and scales the rest up (Srivastava et al. 2014, https://jmlr.org/papers/v15/srivastava14a.html).
 * The mask depends on the seed, the site and the run's number alone, so a resumed training draws the same masks.
 */
export class Dropout {
  readonly rate: number;
  readonly seed: number;
  readonly site: number;

  /**
   * @param rate - share that is zeroed, in [0, 1)
   * @param site - a number of its own for each place in the model
   */
  constructor(rate: number, site: number, seed = 0) {
    if (!(rate >= 0 && rate < 1)) throw new InputError("rate", `expected a number in [0, 1), got ${rate}.`);
    this.rate = rate;
    this.site = site;
    this.seed = seed;
  }

  /** @throws StateError in a training graph that counts no runs */
  apply(x: Tensor): Tensor {
    if (this.rate === 0 || !x.graph.training) return x;
    const counter = x.graph.runCounter;
    if (counter === undefined) throw new StateError("Dropout in training needs a graph with a run counter: set one with setRunCounter.");
    return dropout(x, this.rate, { counter, seed: this.seed, site: this.site });
  }
}
