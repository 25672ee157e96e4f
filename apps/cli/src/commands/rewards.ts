import { InputError, UnknownIdError } from "@reverie/core";
import { buildReward, proveRewards, rewardAudit, rewardPresets, rewardRows } from "@reverie/rewards";
import * as z from "zod";
import type { CommandIo } from "../define-command.ts";
import { defineCommand } from "../define-command.ts";
import { readInput } from "../read-input.ts";
import { parseJson, readSamples } from "../reward-samples.ts";

type Method = (typeof rewardRows)[number];

function printTable(methods: readonly Method[], io: CommandIo): void {
  const width = Math.max(...methods.map(({ id }) => id.length));
  const roleWidth = Math.max(...methods.map(({ role }) => role.length));
  for (const { id, role, evidence, status, exports } of methods) {
    const where = status === "later" ? "not here yet" : exports.slice(0, 3).join(", ") + (exports.length > 3 ? ", ..." : "");
    io.print(`${id.padEnd(width)}  ${role.padEnd(roleWidth)}  ${evidence.padEnd(11)}  ${where}`);
  }
  const here = methods.filter(({ status }) => status === "here").length;
  io.print(`\n${methods.length} methods, ${here} of them here. One in detail: npx reverie rewards ID`);
}

function printMethod(method: Method, io: CommandIo): void {
  io.print(`${method.id} (${method.role})`);
  io.print(`${method.paper}, ${method.year}${method.url === undefined ? "" : `, ${method.url}`}`);
  io.print(`evidence: ${method.evidence}. ${method.note}`);
  io.print(method.status === "later" ? "not here yet" : `exports: ${method.exports.join(", ")}`);
  for (const test of method.tests) io.print(`test: libs/rewards/${test}`);
}

function list(id: string | undefined, io: CommandIo): 0 {
  const found = id === undefined ? rewardRows : rewardRows.filter((method) => method.id === id || method.parts.includes(id));
  if (found.length === 0)
    throw new UnknownIdError(
      "reward method",
      id!,
      rewardRows.map((method) => method.id),
    );
  if (io.json) io.print(JSON.stringify(found, null, 2));
  else if (id === undefined) printTable(found, io);
  else printMethod(found[0]!, io);
  return 0;
}

async function audit(spec: string | undefined, samples: string | undefined, io: CommandIo): Promise<0 | 1> {
  if (samples === undefined) throw new InputError("--samples", "name a JSON Lines file of recorded answers.");
  if (spec === undefined)
    throw new InputError("--spec", `name a JSON file with a reward spec, or a preset: ${rewardPresets.ids.join(", ")}.`);
  const json = rewardPresets.has(spec) ? rewardPresets.get(spec) : parseJson(spec, readInput("--spec", spec));
  const reward = buildReward(json);
  const findings = await rewardAudit(readSamples("--samples", samples), { [reward.spec.id]: (sample) => reward.scoreAsync(sample) });
  if (io.json) io.print(JSON.stringify(findings, null, 2));
  else for (const { check, verdict, detail } of findings) io.print(`${verdict.padEnd(14)}  ${check.padEnd(22)}  ${detail}`);
  return findings.some(({ verdict }) => verdict === "bad") ? 1 : 0;
}

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;

function prove(seeds: number, io: CommandIo): 0 {
  const rows = proveRewards({ seeds, onProgress: ({ row, difference }) => io.say(`case ${row}: ${percent(difference)} more`) });
  if (io.json) io.print(JSON.stringify(rows, null, 2));
  else {
    io.print(`case  without    with  difference  true success of a small seeded planner, mean of ${seeds} seeds`);
    for (const row of rows) {
      io.print(
        `${row.row.padEnd(4)} ${percent(row.without).padStart(8)} ${percent(row.with).padStart(7)} ${percent(row.difference).padStart(10)}  ${row.reached ? "" : "not reached: "}${row.question}`,
      );
    }
  }
  return 0;
}

export const rewardsCommand = defineCommand({
  name: "rewards",
  summary: "List the reward methods, audit a reward on recorded answers, or show by training what a method is worth",
  argument: { key: "action", placeholder: "ACTION", description: "the id of a method, audit, or prove; without it, the table" },
  options: [
    { flags: "--spec <file>", description: "for audit: a reward spec as JSON, or the name of a preset" },
    { flags: "--samples <file>", description: "for audit: recorded answers as JSON Lines" },
    { flags: "--seeds <n>", description: "for prove: trainings of each kind (default 5)" },
  ],
  examples: [
    "npx reverie rewards",
    "npx reverie rewards preference-as-reward",
    "npx reverie rewards audit --spec manipulation.default --samples answers.jsonl",
    "npx reverie rewards prove",
  ],
  schema: z.object({
    action: z.string().max(120).optional(),
    spec: z.string().min(1).max(4096).optional(),
    samples: z.string().min(1).max(4096).optional(),
    seeds: z.coerce.number("expected a whole number from 1 to 100").int().min(1).max(100).default(5),
  }),
  async run({ action, spec, samples, seeds }, io) {
    if (action === "audit") return audit(spec, samples, io);
    if (action === "prove") return prove(seeds, io);
    return list(action, io);
  },
});
