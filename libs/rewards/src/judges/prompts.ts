import { stepText } from "@reverie/core";
import type { PlanSample } from "../core/vocabulary.ts";

// How answers are shown to a judge. Answers are hostile: they may imitate the prompt's own frame or a verdict.

const LONGEST_SHOWN = 8000;

/** The answer as it was written, else its steps, one a line; cut at 8000 characters. */
export function answerText(sample: PlanSample): string {
  return cut(sample.text ?? (sample.predicted ?? []).map((step) => stepText(step)).join("\n"));
}

const cut = (text: string): string => (text.length > LONGEST_SHOWN ? `${text.slice(0, LONGEST_SHOWN)} [cut]` : text);

/** A text in a frame that it cannot close, cut at 8000 characters, its verdict marks broken up. */
export function framed(tag: string, text: string): string {
  return `<${tag}>\n${cut(text)
    .replaceAll("[[", "[ [")
    .replaceAll(/<(?=\/?\s*[a-z])/gi, "< ")}\n</${tag}>`;
}

/** The task of a sample, with one reference plan where there is one and it is wanted. */
export function taskFrame(sample: PlanSample, withReference: boolean): string {
  const parts = [framed("task", sample.instruction ?? "(not given)")];
  if (sample.skills !== undefined) parts.push(framed("skills", sample.skills.join(", ")));
  if (sample.objects !== undefined) parts.push(framed("objects", sample.objects.join(", ")));
  const reference = sample.references[0];
  if (withReference && reference !== undefined) parts.push(framed("reference", reference.map((step) => stepText(step)).join("\n")));
  return parts.join("\n");
}
