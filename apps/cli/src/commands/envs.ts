import { taskCard, taskCards, tasks } from "@reverie/manipulation";
import type { TaskCard } from "@reverie/core";
import * as z from "zod";
import { defineCommand } from "../define-command.ts";
import { InputError } from "@reverie/core";

const SUITES = ["manipulation"];

function describeCard(card: TaskCard): string {
  const lines = [
    `${card.id}  (version ${card.version}, at most ${card.maxSteps} control steps)`,
    "",
    card.description,
    "",
    `Success:       ${card.successRule}`,
    "Instructions:",
    ...card.instructions.map((text) => `  ${text}`),
    "Randomised:",
    ...card.randomization.map((text) => `  ${text}`),
    `Skills:        ${card.skills.join(", ")}`,
    `Splits:        ${card.splits.join(", ")}`,
    "",
    `Try it:        npx reverie run ${card.id} --episodes 3`,
  ];
  return lines.join("\n");
}

export const envsCommand = defineCommand({
  name: "envs",
  summary: "List tasks, or show one task's card",
  argument: { key: "id", placeholder: "ID", description: "task id, for example manipulation/stack-cubes" },
  options: [{ flags: "--suite <name>", description: `only tasks of one suite (${SUITES.join(", ")})` }],
  examples: ["npx reverie envs", "npx reverie envs manipulation/stack-cubes", "npx reverie envs --suite manipulation --json"],
  schema: z.object({ id: z.string().max(120).optional(), suite: z.string().max(120).optional() }),
  async run({ id, suite }, io) {
    if (suite !== undefined && !SUITES.includes(suite)) throw new InputError("--suite", `unknown suite "${suite}"; allowed: ${SUITES.join(", ")}.`);
    if (id !== undefined) {
      tasks.get(id);
      const card = taskCard(id);
      io.print(io.json ? JSON.stringify([card], null, 2) : describeCard(card));
      return 0;
    }
    const cards = taskCards().filter((card) => suite === undefined || card.suite === suite);
    if (io.json) {
      io.print(JSON.stringify(cards, null, 2));
      return 0;
    }
    const width = Math.max(...cards.map((card) => card.id.length));
    for (const card of cards) io.print(`${card.id.padEnd(width)}  ${card.description}`);
    return 0;
  },
});
