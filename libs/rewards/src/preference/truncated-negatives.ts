import { stepText } from "@reverie/core";
import type { PlanSample } from "../core/vocabulary.ts";

/** An answer that a judge must refuse, for its training. */
export interface NegativeJudgeRow {
  readonly taskId?: string;
  readonly instruction?: string;
  readonly answer: string;
  readonly label: "NO";
  readonly source: "first-sentence" | "first-step";
}

/** Only so much of a text is searched for its first sentence. */
const LONGEST_SENTENCE = 2000;

/**
 * Openings of answers, labelled as wrong: a judge that is trained with them stops saying yes to a mere beginning.
 * Answers that are no longer than their opening, and openings that are a whole reference plan, are left out.
 *
 * One Token to Fool LLM-as-a-Judge (Zhao et al. 2025), https://arxiv.org/abs/2507.08794, cuts after the first sentence;
 * the first step is our counterpart for plans.
 */
export function truncatedNegatives(
  samples: readonly PlanSample[],
  { keep = "first-sentence" }: { readonly keep?: "first-sentence" | "first-step" } = {},
): NegativeJudgeRow[] {
  return samples.flatMap((sample) => {
    const answer = keep === "first-step" ? firstStep(sample) : firstSentence(sample.text ?? "");
    if (answer === undefined) return [];
    const { taskId, instruction } = sample;
    return [
      {
        ...(taskId === undefined ? {} : { taskId }),
        ...(instruction === undefined ? {} : { instruction }),
        answer,
        label: "NO",
        source: keep,
      },
    ];
  });
}

function firstStep({ predicted = [], references }: PlanSample): string | undefined {
  if (predicted.length < 2) return undefined;
  const answer = stepText(predicted[0]!);
  return references.some((reference) => reference.length === 1 && stepText(reference[0]!) === answer) ? undefined : answer;
}

/** Up to the first full stop (or its like) before a space, or the first line; undefined when nothing follows. */
function firstSentence(text: string): string | undefined {
  const whole = text.trim();
  const opening = whole.slice(0, LONGEST_SENTENCE);
  const end = /[.!?](?=\s)|[。！？]|(?=\n)/u.exec(opening);
  if (end === null) return undefined;
  const sentence = opening.slice(0, end.index + end[0].length).trim();
  return sentence === "" || sentence.length === whole.length ? undefined : sentence;
}
