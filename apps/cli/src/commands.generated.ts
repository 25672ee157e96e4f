// Written by "npm run gen" from the files in commands/. Do not edit.
import { benchCommand } from "./commands/bench.ts";
import { doctorCommand } from "./commands/doctor.ts";
import { envsCommand } from "./commands/envs.ts";
import { rewardsCommand } from "./commands/rewards.ts";
import { runCommand } from "./commands/run.ts";
import { scoreCommand } from "./commands/score.ts";
import { serveCommand } from "./commands/serve.ts";
import { upCommand } from "./commands/up.ts";

export const commands = [
  benchCommand,
  doctorCommand,
  envsCommand,
  rewardsCommand,
  runCommand,
  scoreCommand,
  serveCommand,
  upCommand,
] as const;
