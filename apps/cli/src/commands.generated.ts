// Written by "npm run gen" from the files in commands/. Do not edit.
import { benchCommand } from "./commands/bench.ts";
import { datasetCommand } from "./commands/dataset.ts";
import { doctorCommand } from "./commands/doctor.ts";
import { envsCommand } from "./commands/envs.ts";
import { evalCommand } from "./commands/eval.ts";
import { rewardsCommand } from "./commands/rewards.ts";
import { runCommand } from "./commands/run.ts";
import { scoreCommand } from "./commands/score.ts";
import { serveCommand } from "./commands/serve.ts";
import { trainCommand } from "./commands/train.ts";
import { upCommand } from "./commands/up.ts";

export const commands = [
  benchCommand,
  datasetCommand,
  doctorCommand,
  envsCommand,
  evalCommand,
  rewardsCommand,
  runCommand,
  scoreCommand,
  serveCommand,
  trainCommand,
  upCommand,
] as const;
