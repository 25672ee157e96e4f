import { InputError } from "@reverie/core";

/** What the probability ratios of current to sampling policy are taken of. */
export type RatioLevel = "token" | "sequence" | "sequence-token";
/** How the terms of a batch's tokens become one number. */
export type LossAggregation = "response-mean" | "token-mean" | "constant";

/** The switches in which the losses of the GRPO family differ. */
export interface PolicyLossOptions {
  /**
   * "token": each token its own ratio (GRPO). "sequence": all tokens of a response share the geometric mean of theirs (GSPO).
   * "sequence-token": the same number, but each token's gradient is weighed by the token's own advantage (GSPO-token).
   */
  readonly ratio: RatioLevel;
  /**
   * "response-mean": mean over responses of the mean over their tokens (GRPO). "token-mean": mean over all tokens of the batch
   * (DAPO). "constant": sum over tokens, divided by responses times `maxTokens` (Dr. GRPO).
   */
  readonly aggregation: LossAggregation;
  /** The ratio gains nothing below 1 - clipLow; in (0, 1]. */
  readonly clipLow: number;
  /** The ratio gains nothing above 1 + clipHigh; above 0. */
  readonly clipHigh: number;
  /** Weight of the divergence from the reference policy, by the k3 estimator; 0 needs no reference. */
  readonly klWeight: number;
  /** Weight of the entropy of the next token, which is added to what is maximised. @defaultValue 0 */
  readonly entropyWeight?: number;
  /** Divisor of the aggregation "constant": the longest response allowed, in tokens. */
  readonly maxTokens?: number;
}

/** Names of the published settings. */
export type PolicyLossName = "grpo" | "dr-grpo" | "dapo" | "gspo" | "gspo-token";

/** How rewards of a group become advantages; see `groupRelativeAdvantage` of the rewards. */
export type AdvantageScale = "group" | "none";

/** A published setting: its loss, and what its advantages are divided by. */
export interface PolicyLossPreset {
  readonly loss: Omit<PolicyLossOptions, "maxTokens">;
  readonly advantageScale: AdvantageScale;
  readonly paper: { readonly name: string; readonly url: string };
}

const GRPO: PolicyLossPreset = {
  loss: { ratio: "token", aggregation: "response-mean", clipLow: 0.2, clipHigh: 0.2, klWeight: 0.04 },
  advantageScale: "group",
  paper: { name: "DeepSeekMath (2024), section 4.1", url: "https://arxiv.org/abs/2402.03300" },
};
const GSPO_PAPER = { name: "GSPO (2025), sections 4.1 and 4.3", url: "https://arxiv.org/abs/2507.18071" };

/** The family as published. Clip ranges of GRPO and Dr. GRPO are the common 0.2. */
export const POLICY_LOSS_PRESETS: Readonly<Record<PolicyLossName, PolicyLossPreset>> = {
  grpo: GRPO,
  "dr-grpo": {
    loss: { ...GRPO.loss, aggregation: "constant", klWeight: 0 },
    advantageScale: "none",
    paper: { name: "Dr. GRPO (2025), section 3", url: "https://arxiv.org/abs/2503.20783" },
  },
  dapo: {
    loss: { ratio: "token", aggregation: "token-mean", clipLow: 0.2, clipHigh: 0.28, klWeight: 0 },
    advantageScale: "group",
    paper: { name: "DAPO (2025), section 3", url: "https://arxiv.org/abs/2503.14476" },
  },
  gspo: {
    loss: { ratio: "sequence", aggregation: "response-mean", clipLow: 3e-4, clipHigh: 4e-4, klWeight: 0 },
    advantageScale: "group",
    paper: GSPO_PAPER,
  },
  "gspo-token": {
    loss: { ratio: "sequence-token", aggregation: "response-mean", clipLow: 3e-4, clipHigh: 4e-4, klWeight: 0 },
    advantageScale: "group",
    paper: GSPO_PAPER,
  },
};

/** @throws InputError naming the option that is out of range */
export function checkPolicyLossOptions(options: PolicyLossOptions, path = "loss"): void {
  const { ratio, aggregation, clipLow, clipHigh, klWeight, entropyWeight = 0, maxTokens } = options;
  if (!["token", "sequence", "sequence-token"].includes(ratio))
    throw new InputError(`${path}.ratio`, `expected "token", "sequence" or "sequence-token", got "${ratio}".`);
  if (!["response-mean", "token-mean", "constant"].includes(aggregation))
    throw new InputError(`${path}.aggregation`, `expected "response-mean", "token-mean" or "constant", got "${aggregation}".`);
  if (!(clipLow > 0 && clipLow <= 1)) throw new InputError(`${path}.clipLow`, `expected a number above 0 and up to 1, got ${clipLow}.`);
  if (!(clipHigh > 0 && Number.isFinite(clipHigh)))
    throw new InputError(`${path}.clipHigh`, `expected a finite number above 0, got ${clipHigh}.`);
  for (const [name, weight] of Object.entries({ klWeight, entropyWeight })) {
    if (!(weight >= 0 && Number.isFinite(weight)))
      throw new InputError(`${path}.${name}`, `expected a finite number of 0 or more, got ${weight}.`);
  }
  if (aggregation === "constant" && !(Number.isInteger(maxTokens) && maxTokens! >= 1))
    throw new InputError(`${path}.maxTokens`, `the aggregation "constant" needs a whole number of 1 or more, got ${maxTokens}.`);
}

export interface OverlongOptions {
  /** Longest response that costs less than 1, in tokens. */
  readonly maxTokens: number;
  /** Length of the stretch before it over which the penalty grows, in tokens; from 1 to maxTokens. */
  readonly bufferTokens: number;
}

/**
 * What is added to the reward of a long response: 0 up to maxTokens - bufferTokens, then linearly down to -1 at maxTokens and beyond.
 * Soft overlong punishment of DAPO (2025, https://arxiv.org/abs/2503.14476, equation 13).
 *
 * @param length - tokens of the response, its end token among them
 * @returns from -1 to 0
 * @throws InputError when an option is out of range
 */
export function overlongPenalty(length: number, { maxTokens, bufferTokens }: OverlongOptions): number {
  if (!(Number.isInteger(bufferTokens) && bufferTokens >= 1 && bufferTokens <= maxTokens))
    throw new InputError("bufferTokens", `expected a whole number from 1 to maxTokens ${maxTokens}, got ${bufferTokens}.`);
  const over = length - (maxTokens - bufferTokens);
  return over <= 0 ? 0 : -Math.min(1, over / bufferTokens);
}
