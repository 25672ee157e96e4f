import { InputError, messageOf } from "@reverie/core";
import type { PlanSample } from "@reverie/rewards";
import * as z from "zod";
import { readInput } from "./read-input.ts";

// Recorded answers as JSON Lines: what `reverie rewards audit` reads.

const name = z.string().max(200);
const names = z.array(name).max(10_000);
const step = z.strictObject({ skill: name, args: z.record(name, name) });
const steps = z.array(step).max(1000);

const sampleSchema = z.strictObject({
  taskId: name.optional(),
  instruction: z.string().max(20_000).optional(),
  predicted: steps.optional(),
  format: z.boolean(),
  references: z.array(steps).max(100),
  text: z.string().max(200_000).optional(),
  reasoning: z.string().max(200_000).optional(),
  skills: names.optional(),
  objects: names.optional(),
  goal: names.optional(),
  rollout: z
    .strictObject({
      steps: z.array(z.strictObject({ skill: name, succeeded: z.boolean(), progress: z.number().min(0).max(1) })).max(10_000),
      success: z.boolean(),
      progress: z.number().min(0).max(1),
      violations: names.optional(),
      facts: names.optional(),
      measures: z.record(name, z.number().min(0).max(1)).optional(),
    })
    .optional(),
  truth: z.union([z.enum(["A", "B"]), z.array(z.number()).max(1000)]).optional(),
});

/** One value of a JSON text. @throws InputError naming where the text is no JSON */
export function parseJson(where: string, text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw new InputError(where, `is no JSON (${messageOf(error)}).`, { cause: error });
  }
}

/** Samples of a JSON Lines file. @throws InputError naming the line and the field that is wrong */
export function readSamples(option: string, path: string): PlanSample[] {
  const lines = readInput(option, path).split("\n");
  return lines.flatMap((line, i) => {
    if (line.trim() === "") return [];
    const where = `${path}:${i + 1}`;
    const parsed = sampleSchema.safeParse(parseJson(where, line));
    if (!parsed.success) {
      const issue = parsed.error.issues[0]!;
      throw new InputError(where, `${issue.path.join(".") || "the sample"}: ${issue.message}.`);
    }
    return [{ predicted: undefined, ...parsed.data } as PlanSample];
  });
}
