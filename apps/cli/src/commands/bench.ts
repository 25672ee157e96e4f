import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { InputError, PeerError, UnknownIdError } from "@reverie/core";
import * as z from "zod";
import { defineCommand } from "../define-command.ts";

const FOLDER = new URL("../../../../tools/bench/", import.meta.url);
const BENCH = fileURLToPath(new URL("bench.mjs", FOLDER));

/** Names here are long and come in families: the beginning of one is enough for a suggestion. */
function unknownMeasurement(name: string, known: readonly string[]): Error {
  const family = known.filter((each) => name !== "" && each.startsWith(name)).map((each) => `"${each}"`);
  if (family.length === 0) return new UnknownIdError("measurement", name, known);
  return new InputError("NAME", `unknown measurement "${name}", did you mean ${family.join(" or ")}? Known: ${known.join(", ")}.`);
}

export const benchCommand = defineCommand({
  name: "bench",
  summary: "Measure beside peers, in one run on this machine",
  argument: { key: "names", placeholder: "NAME", description: "only these measurements; without one, all", variadic: true },
  options: [{ flags: "--seconds <n>", description: "time spent on each measurement (default 3)" }],
  examples: ["npx reverie bench", "npx reverie bench pick-cube-state camera-128 --json"],
  schema: z.object({
    names: z.array(z.string().max(120)).max(100).default([]),
    seconds: z.coerce.number("expected a number of seconds from 0.2 to 120").min(0.2).max(120).default(3),
  }),
  async run({ names, seconds }, io) {
    const { MEASUREMENTS } = (await import(new URL("measurements.mjs", FOLDER).href)) as { MEASUREMENTS: Readonly<Record<string, string>> };
    const unknown = names.find((name) => !Object.hasOwn(MEASUREMENTS, name));
    if (unknown !== undefined) throw unknownMeasurement(unknown, Object.keys(MEASUREMENTS));
    const args = [BENCH, "--seconds", String(seconds), ...(io.json ? ["--json"] : []), "--", ...names];
    const child = spawn(process.execPath, args, { stdio: ["ignore", "inherit", "inherit"] });
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once("error", (error) => reject(new PeerError("bench", error.message)));
      child.once("exit", resolve);
    });
    return code === 0 ? 0 : code === 2 ? 2 : 1;
  },
});
