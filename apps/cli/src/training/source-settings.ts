import { tasks } from "@reverie/manipulation";
import * as z from "zod";

// What rows are made of. Without the makers themselves: a command that only reads settings shall not load what computes.

const partSchema = z.strictObject({
  task: z.string().max(120),
  /** Reset options beside split and look, for example `{"subgoals": 2}`. */
  options: z.record(z.string().max(40), z.union([z.number(), z.string().max(80), z.boolean()])).default({}),
  /** `scene`: plans from where an episode starts. `episode`: replans and verdicts while the reference plan runs in physics. */
  rows: z.enum(["scene", "episode"]).default("scene"),
  /** Questions about the scene beside each plan. */
  questions: z.int().min(0).max(8).default(0),
  /** Whether one more row asks to tell where everything is. */
  describe: z.boolean().default(false),
});

/** What rows are made of: named parts, which a data mix weighs. */
export const sourceSchema = z.strictObject({
  parts: z.record(z.string().min(1).max(64), partSchema),
  visual: z.enum(["none", "mild", "strong"]).default("mild"),
  /** Share of scenes that are left to look as they do for everybody else. */
  plainShare: z.number().min(0).max(1).default(0),
  /** Whether pictures are drawn; where only the words matter, they stay black. */
  pictures: z.boolean().default(true),
});

export type SourceSettings = z.output<typeof sourceSchema>;
export type SourcePart = z.output<typeof partSchema>;

/** Only a task with splits is told which one. */
export function resetOptions(
  { task, options }: Pick<SourcePart, "task" | "options">,
  split: string,
  visual: string,
): Record<string, unknown> {
  const splits = tasks.get(task).splits ?? [];
  return { ...options, visual, ...(splits.length > 0 ? { split } : {}) };
}
