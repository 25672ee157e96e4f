import { InputError } from "@reverie/core";
import type { Rng } from "@reverie/core";

/** Which prompts are wanted. */
export interface PromptRequest {
  readonly count: number;
  readonly stage: { readonly name: string; readonly index: number; readonly level: number };
  /** Iterations done before, over all stages. */
  readonly iteration: number;
  /** 0, and counting up where groups that taught nothing are replaced. */
  readonly round: number;
  /** Depends on the trainer's seed, the iteration and the round only. */
  readonly rng: Rng;
}

/** Gives prompts; a pure function of the request, because a resumed training asks again for prompts whose answers it kept. */
export type PromptSource<Prompt> = (request: PromptRequest) => readonly Prompt[] | Promise<readonly Prompt[]>;

export interface LevelledPromptsOptions<Prompt> {
  /** Prompts by level, easy to hard. */
  readonly levels: readonly (readonly Prompt[])[];
  /**
   * Share of prompts drawn from lower levels, so that they are not forgotten, in [0, 1); our choice after the stages of UAV-VL-R1
   * (2025, https://arxiv.org/abs/2508.11196). @defaultValue 0.2
   */
  readonly replayShare?: number;
}

/**
 * Draws prompts of the stage's level, with repetition only when a level is smaller than what is wanted of it.
 * @throws InputError when a level is empty or the share out of range, and when called, for a level that does not exist
 */
export function levelledPrompts<Prompt>({ levels, replayShare = 0.2 }: LevelledPromptsOptions<Prompt>): PromptSource<Prompt> {
  levels.forEach((level, i) => {
    if (level.length === 0) throw new InputError(`levels[${i}]`, "expected one prompt or more, got none.");
  });
  if (!(replayShare >= 0 && replayShare < 1)) throw new InputError("replayShare", `expected a number in [0, 1), got ${replayShare}.`);
  return ({ count, stage, rng }) => {
    const own = levels[stage.level];
    if (own === undefined)
      throw new InputError("stage.level", `expected a whole number from 0 to ${levels.length - 1}, got ${stage.level}.`);
    const lower = levels.slice(0, stage.level).flat();
    const replayed = lower.length === 0 ? 0 : Math.round(count * replayShare);
    return rng.shuffle([...drawFrom(own, count - replayed, rng), ...drawFrom(lower, replayed, rng)]);
  };
}

function drawFrom<T>(items: readonly T[], count: number, rng: Rng): T[] {
  const drawn: T[] = [];
  while (drawn.length < count) drawn.push(...rng.shuffle(items).slice(0, count - drawn.length));
  return drawn;
}
