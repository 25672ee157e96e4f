import { finite } from "../transforms/finite.ts";
import { InputError } from "@reverie/core";
import { checkLength, checkNumber } from "./moments.ts";

// How each token of an answer moves the likelihood of the group's correct answers (token hidden reward and its predecessor NTHR).

/** A vector over the vocabulary, zero outside `ids`. */
export interface SparseVector {
  readonly ids: readonly number[];
  readonly values: readonly number[];
}

/** One response: for each token its prediction error and hidden state. For a plan, a step stands in for a token. */
export interface HiddenResponse {
  readonly correct: boolean;
  /** One-hot of the token taken less the policy's probabilities, one for each token; may be restricted to ids that occur in the group. */
  readonly g: readonly SparseVector[];
  /** Last hidden state, one for each token, all of one length. */
  readonly h: readonly ArrayLike<number>[];
}

/**
 * Influence of each token's update on the likelihood of the correct responses: s = g^T M+ h, where M+ is the sum of g h^T over all tokens
 * of correct responses (NTHR and Token Hidden Reward, 2025, https://arxiv.org/abs/2510.03669). Zeros when no response is correct or none is
 * wrong, as such a group has nothing to weigh against each other. Costs tokens x ids x hidden size.
 *
 * @returns scores[response][token]
 * @throws InputError when lengths differ, a number is not finite or an id is no integer of at least 0
 */
export function hiddenRewardScores(group: readonly HiddenResponse[]): number[][] {
  checkResponses(group);
  if (!hasContrast(group.map(({ correct }) => correct))) return group.map(({ g }) => g.map(() => 0));
  const influence = new Map<number, Float64Array>();
  for (const { correct, g, h } of group) {
    if (!correct) continue;
    g.forEach(({ ids, values }, t) => {
      const hidden = h[t]!;
      ids.forEach((id, place) => {
        const row = influence.get(id) ?? new Float64Array(hidden.length);
        influence.set(id, row);
        for (let d = 0; d < row.length; d++) row[d] = finite(row[d]! + values[place]! * hidden[d]!);
      });
    });
  }
  return group.map(({ g, h }) =>
    g.map(({ ids, values }, t) => {
      let score = 0;
      ids.forEach((id, place) => {
        const row = influence.get(id);
        if (row === undefined) return;
        let dot = 0;
        for (let d = 0; d < row.length; d++) dot = finite(dot + row[d]! * h[t]![d]!);
        score = finite(score + values[place]! * dot);
      });
      return score;
    }),
  );
}

function checkResponses(group: readonly HiddenResponse[]): void {
  const size = group.find(({ h }) => h.length > 0)?.h[0]?.length ?? 0;
  group.forEach(({ g, h }, j) => {
    checkLength(`group[${j}].h`, h.length, g.length);
    g.forEach(({ ids, values }, t) => {
      checkLength(`group[${j}].g[${t}].values`, values.length, ids.length);
      checkLength(`group[${j}].h[${t}]`, h[t]!.length, size);
      ids.forEach((id, place) => {
        if (!(Number.isSafeInteger(id) && id >= 0)) {
          throw new InputError(`group[${j}].g[${t}].ids[${place}]`, `expected an integer of at least 0, got ${id}.`);
        }
        checkNumber(`group[${j}].g[${t}].values[${place}]`, values[place]!);
      });
      for (let d = 0; d < size; d++) checkNumber(`group[${j}].h[${t}][${d}]`, h[t]![d]!);
    });
  });
}

const hasContrast = (correct: readonly boolean[]): boolean => correct.includes(true) && correct.includes(false);

export interface HiddenReweightOptions {
  /** From -1 to 1: above 0 raises confidence in correct answers (exploitation), below 0 keeps mass for alternatives (exploration). */
  readonly p: number;
  /** Tokens whose |advantage x score| is above this are dominant. From memory. @defaultValue 0 */
  readonly tau?: number;
  /** What becomes of the other tokens: untouched, or advantage 0. @defaultValue "scale" */
  readonly mode?: "scale" | "mask";
}

/**
 * Advantages weighed by token hidden reward, THR (2025, https://arxiv.org/abs/2510.03669): the product of a token's advantage and score
 * says whether its update raises the likelihood of correct answers. Dominant tokens get (1 + sign(THR) p) times their advantage; that
 * factor is from memory. A group whose scores are all zero is left as it is.
 *
 * @param advantages - advantages[response][token]
 * @param scores - from `hiddenRewardScores`, of the same shape
 * @throws InputError when shapes differ, p is outside [-1, 1], tau is negative or a number is not finite
 */
export function thrReweight(
  advantages: readonly (readonly number[])[],
  scores: readonly (readonly number[])[],
  options: HiddenReweightOptions,
): number[][] {
  const { p, tau = 0, mode = "scale" } = options;
  if (!(p >= -1 && p <= 1)) throw new InputError("p", `expected a number from -1 to 1, got ${p}.`);
  checkNumber("tau", tau, 0);
  checkShapes(advantages, scores);
  if (scores.every((row) => row.every((score) => score === 0))) return advantages.map((row) => [...row]);
  return advantages.map((row, j) =>
    row.map((advantage, t) => {
      const reward = advantage * scores[j]![t]!;
      if (Math.abs(reward) > tau) return finite((1 + Math.sign(reward) * p) * advantage);
      return mode === "mask" ? 0 : advantage;
    }),
  );
}

export interface AttenuationOptions {
  /** Share of the least mean score of a correct response above which a token counts as shared with correct ones. @defaultValue 1 */
  readonly beta?: number;
}

/**
 * Spares tokens of wrong responses that correct ones need too, NTHR (predecessor of Token Hidden Reward, 2025,
 * https://arxiv.org/abs/2510.03669): where a score is above beta times the least mean score of a correct response, the advantage is
 * multiplied by 2 |1/2 - share of correct responses|. Without a correct or without a wrong response nothing changes.
 *
 * @param advantages - advantages[response][token]
 * @param scores - from `hiddenRewardScores`, of the same shape
 * @param correct - one for each response
 * @throws InputError when shapes differ or a number is not finite
 */
export function nthrAttenuate(
  advantages: readonly (readonly number[])[],
  scores: readonly (readonly number[])[],
  correct: readonly boolean[],
  options: AttenuationOptions = {},
): number[][] {
  const { beta = 1 } = options;
  checkNumber("beta", beta);
  checkShapes(advantages, scores);
  checkLength("correct", correct.length, advantages.length);
  if (!hasContrast(correct)) return advantages.map((row) => [...row]);
  let least = Infinity;
  scores.forEach((row, j) => {
    if (correct[j] && row.length > 0)
      least = Math.min(
        least,
        row.reduce((sum, score) => sum + score / row.length, 0),
      );
  });
  const threshold = beta * least;
  const factor = 2 * Math.abs(0.5 - correct.filter(Boolean).length / correct.length);
  return advantages.map((row, j) =>
    row.map((advantage, t) => (!correct[j] && scores[j]![t]! > threshold ? factor * advantage : advantage)),
  );
}

function checkShapes(advantages: readonly (readonly number[])[], scores: readonly (readonly number[])[]): void {
  checkLength("scores", scores.length, advantages.length);
  advantages.forEach((row, j) => {
    checkLength(`scores[${j}]`, scores[j]!.length, row.length);
    row.forEach((advantage, t) => {
      checkNumber(`advantages[${j}][${t}]`, advantage);
      checkNumber(`scores[${j}][${t}]`, scores[j]![t]!);
    });
  });
}

/** One array that crosses to or from an engine that holds the real hidden states. */
export interface TensorContract {
  readonly name: string;
  readonly dtype: "float32" | "int64" | "bool";
  /** Named sizes: G responses, T tokens of the longest one, V ids that occur in the group, D hidden size. */
  readonly shape: readonly string[];
  readonly meaning: string;
}

/** What an engine must compute to take part. Plain JSON. */
export interface HiddenRewardSpecification {
  readonly name: string;
  readonly version: number;
  readonly paper: string;
  readonly inputs: readonly TensorContract[];
  readonly outputs: readonly TensorContract[];
  readonly steps: readonly string[];
}

/**
 * Contract of `hiddenRewardScores`, `thrReweight` and `nthrAttenuate` in tensors, for a trainer in another language that holds the real
 * hidden states (Token Hidden Reward, 2025, https://arxiv.org/abs/2510.03669).
 */
export function exportThrSpec(): HiddenRewardSpecification {
  return {
    name: "token-hidden-reward",
    version: 1,
    paper: "https://arxiv.org/abs/2510.03669",
    inputs: [
      { name: "token_ids", dtype: "int64", shape: ["G", "T"], meaning: "tokens of the responses, as places in `vocabulary`" },
      { name: "token_mask", dtype: "bool", shape: ["G", "T"], meaning: "false for prompt, padding and all after the end of the response" },
      { name: "vocabulary", dtype: "int64", shape: ["V"], meaning: "ids that occur in the group, ascending" },
      {
        name: "probabilities",
        dtype: "float32",
        shape: ["G", "T", "V"],
        meaning: "the policy's probability of each id, from the full softmax",
      },
      { name: "hidden", dtype: "float32", shape: ["G", "T", "D"], meaning: "hidden state before the output layer" },
      { name: "correct", dtype: "bool", shape: ["G"], meaning: "whether the response is right" },
      { name: "advantages", dtype: "float32", shape: ["G", "T"], meaning: "the response's advantage at each of its tokens" },
    ],
    outputs: [
      {
        name: "scores",
        dtype: "float32",
        shape: ["G", "T"],
        meaning: "influence on the likelihood of the correct responses, 0 where masked",
      },
      { name: "reweighted", dtype: "float32", shape: ["G", "T"], meaning: "advantages to train with, 0 where masked" },
    ],
    steps: [
      "g = one_hot(token_ids) - probabilities, 0 where masked",
      "M = sum over correct responses and their tokens of outer(g, hidden), shape [V, D]",
      "scores[j, t] = g[j, t] . (M @ hidden[j, t]); all 0 when no response is correct or none is wrong",
      "reward = advantages * scores",
      "reweighted = where(abs(reward) > tau, (1 + sign(reward) * p) * advantages, advantages)",
      'in mode "mask" the last branch is 0 instead of advantages, unless all scores are 0',
    ],
  };
}
