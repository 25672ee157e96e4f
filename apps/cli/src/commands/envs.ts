import { InputError, UnknownIdError, type TaskCard } from "@reverie/core";
import { createEnvironment, taskCard, taskCards, tasks } from "@reverie/manipulation";
import { domainPddl, problemPddl } from "@reverie/planning";
import * as z from "zod";
import { defineCommand, SEED_OPTION, seedOption } from "../define-command.ts";

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

/** The domain, and the scene of one seed as a problem. */
async function pddlOf(id: string, seed: number): Promise<{ domain: string; problem: string }> {
  const environment = await createEnvironment(id);
  try {
    environment.reset({ seed });
    const { skills, objects, assignment } = environment;
    return {
      domain: domainPddl(skills, objects),
      problem: problemPddl(`${id.replace("/", "-")}-${seed}`, { skills, objects, facts: environment.facts(), assignment }),
    };
  } finally {
    environment.close();
  }
}

export const envsCommand = defineCommand({
  name: "envs",
  summary: "List tasks, or show one task's card",
  argument: { key: "id", placeholder: "ID", description: "task id, for example manipulation/stack-cubes" },
  options: [
    { flags: "--suite <name>", description: `only tasks of one suite (${SUITES.join(", ")})` },
    { flags: "--pddl", description: "print the task's domain and the problem of one seed in PDDL, for other planners" },
    SEED_OPTION,
  ],
  examples: [
    "npx reverie envs",
    "npx reverie envs manipulation/stack-cubes",
    "npx reverie envs --suite manipulation --json",
    "npx reverie envs manipulation/stack-cubes --pddl --seed 3",
  ],
  schema: z.object({
    id: z.string().max(120).optional(),
    suite: z.string().max(120).optional(),
    pddl: z.boolean().default(false),
    seed: seedOption,
  }),
  async run({ id, suite, pddl, seed }, io) {
    if (suite !== undefined && !SUITES.includes(suite)) throw new UnknownIdError("suite", suite, SUITES);
    if (pddl) {
      if (id === undefined) throw new InputError("ID", "--pddl needs a task id; `npx reverie envs` lists them.");
      const { domain, problem } = await pddlOf(id, seed);
      io.print(io.json ? JSON.stringify({ domain, problem }, null, 2) : `${domain}\n${problem}`);
      return 0;
    }
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
