import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { PeerError } from "@reverie/core";
import * as z from "zod";
import { defineCommand } from "../define-command.ts";

const BENCH = fileURLToPath(new URL("../../../../tools/bench/bench.mjs", import.meta.url));

export const benchCommand = defineCommand({
  name: "bench",
  summary: "Measure beside peers, in one run on this machine",
  argument: { key: "name", placeholder: "NAME", description: "one measurement only; without it, all" },
  options: [{ flags: "--seconds <n>", description: "time spent on each measurement (default 3)" }],
  examples: ["npx reverie bench", "npx reverie bench pick-cube-state --json"],
  schema: z.object({
    name: z.string().max(120).optional(),
    seconds: z.coerce.number("expected a number of seconds from 0.2 to 120").min(0.2).max(120).default(3),
  }),
  async run({ name, seconds }, io) {
    const args = [BENCH, "--seconds", String(seconds), ...(io.json ? ["--json"] : []), ...(name === undefined ? [] : [name])];
    const child = spawn(process.execPath, args, { stdio: ["ignore", "inherit", "inherit"] });
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once("error", (error) => reject(new PeerError("bench", error.message)));
      child.once("exit", resolve);
    });
    return code === 0 ? 0 : code === 2 ? 2 : 1;
  },
});
