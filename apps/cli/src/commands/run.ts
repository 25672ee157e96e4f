import { InputError, type Episode, type StepStatus } from "@reverie/core";
import { createEnvironment, tasks } from "@reverie/manipulation";
import { PlannerAgent } from "@reverie/planning";
import { runEpisode } from "@reverie/rollout";
import * as z from "zod";
import { defineCommand, integerOption, SEED_OPTION, seedOption, type CommandIo } from "../define-command.ts";
import { EpisodeFile } from "../episode-file.ts";
import { backendFor, checkPlanner, PLANNER_OPTIONS, plannerShape, type PlannerChoice } from "../planners.ts";
import { runOnServer } from "../run-on-server.ts";

const schema = z.object({
  id: z.string("name a task, for example manipulation/stack-cubes; `npx reverie envs` lists them").max(120),
  ...plannerShape,
  seed: seedOption,
  episodes: integerOption(1, 1_000_000, 1),
  split: z.literal("default", "the only split of this version is default").default("default"),
  instruction: z.string().trim().min(1).max(500).optional(),
  record: z.string().min(1).optional(),
  server: z.url({ protocol: /^https?$/, error: "expected an http or https address" }).default("http://127.0.0.1:4870"),
  replans: integerOption(0, 20, 3),
  planTimeout: integerOption(1, 3600, 120),
  build: z.enum(["simd", "plain", "deterministic"], "expected simd, plain or deterministic").default("simd"),
});
export type RunOptions = z.output<typeof schema>;

const MARK: Readonly<Record<StepStatus, string>> = { done: "ok", failed: "FAILED", skipped: "skipped", running: "...", pending: "-" };

function tell(io: CommandIo, episode: Episode, index: number, total: number): void {
  const score = episode.reward === undefined ? "no reference" : `match ${episode.reward.value.toFixed(3)}`;
  const outcome = episode.success ? "success" : "no success";
  io.progress(
    `[${index + 1}/${total}] seed ${episode.seed}: ${outcome}, ${score}, ${episode.simSteps} steps, ${episode.wallSeconds.toFixed(2)} s`,
    true,
  );
  if (episode.failure !== undefined) io.say(`  ${episode.failure.message}`);
}

function summarise(io: CommandIo, episodes: readonly Episode[]): void {
  const only = episodes.length === 1 ? episodes[0] : undefined;
  if (only !== undefined) {
    io.print(`Instruction: ${only.instruction}`);
    io.print(`Planner:     ${only.planner}${only.privileged ? " (privileged: it reads the world's facts)" : ""}`);
    only.steps.forEach((step, i) => {
      io.print(
        `  ${i + 1}. ${step.skill}(${Object.values(step.args).join(", ")})  ${MARK[step.status]}${step.reason === undefined ? "" : `: ${step.reason}`}`,
      );
    });
    io.print(`State hash:  ${only.stateHash}`);
  }
  const scored = episodes.filter((episode) => episode.reward !== undefined);
  const mean = scored.reduce((sum, episode) => sum + (episode.reward?.value ?? 0), 0) / Math.max(1, scored.length);
  const wins = episodes.filter((episode) => episode.success).length;
  io.print(`Success:     ${wins} of ${episodes.length} (${((100 * wins) / Math.max(1, episodes.length)).toFixed(1)} %)`);
  io.print(`Mean reward: ${scored.length === 0 ? "none scored" : mean.toFixed(3)}`);
}

/** Runs episodes in this process. */
async function runHere(options: RunOptions, io: CommandIo, keep: (episode: Episode) => void): Promise<void> {
  const environment = await createEnvironment(options.id, { build: options.build });
  const choice: PlannerChoice = options;
  try {
    for (let i = 0; i < options.episodes && !io.signal.aborted; i++) {
      const seed = (options.seed + i) % 0x1_0000_0000;
      // A fresh planner for each seed: what it says must not depend on the episodes before.
      const planner = new PlannerAgent(backendFor(choice, seed));
      io.progress(`[${i + 1}/${options.episodes}] seed ${seed} ...`);
      const episode = await runEpisode({
        environment,
        planner,
        seed,
        signal: io.signal,
        limits: { replans: options.planner === "random" ? 0 : options.replans, planTimeoutMs: options.planTimeout * 1000 },
        ...(options.instruction === undefined ? {} : { instruction: options.instruction }),
      });
      if (io.signal.aborted) break;
      keep(episode);
      tell(io, episode, i, options.episodes);
      // Lets Ctrl-C in between episodes that never wait for anything.
      await new Promise<void>((resolve) => setImmediate(resolve));
    }
  } finally {
    environment.close();
  }
}

export const runCommand = defineCommand({
  name: "run",
  summary: "Run episodes of a task headless and score them",
  argument: { key: "id", placeholder: "ID", description: "task id, for example manipulation/stack-cubes" },
  options: [
    ...PLANNER_OPTIONS,
    SEED_OPTION,
    { flags: "--episodes <n>", description: "how many episodes, with seeds seed, seed + 1, ... (default 1)" },
    { flags: "--instruction <words>", description: "plain words instead of the task's own instruction" },
    { flags: "--split <name>", description: "split of the task (default)" },
    {
      flags: "--record <dir>",
      description: "append every finished episode to DIR/episodes.jsonl; a run that was cut off goes on where it stopped",
    },
    { flags: "--replans <n>", description: "new plans after a failed step, 0 to 20 (default 3; random: always 0)" },
    { flags: "--plan-timeout <seconds>", description: "how long the planner may think (default 120)" },
    { flags: "--server <url>", description: "running server for --planner socket (default http://127.0.0.1:4870)" },
    { flags: "--build <name>", description: "physics build: simd, plain or deterministic (default simd)" },
  ],
  examples: [
    "npx reverie run manipulation/stack-cubes --episodes 20 --seed 1 --json",
    'npx reverie run manipulation/pick-cube --instruction "pick up the blue cube"',
    "npx reverie run manipulation/sort-by-colour --planner openai --endpoint http://127.0.0.1:8000/v1 --model my-vlm",
  ],
  schema,
  async run(options, io) {
    tasks.get(options.id);
    checkPlanner(options);
    const file = options.record === undefined ? undefined : new EpisodeFile(options.record);
    const earlier = file?.resume(options.id, options.planner, options.seed, options.episodes) ?? [];
    if (earlier.length > 0) io.say(`Going on after ${earlier.length} episodes that ${file?.path ?? ""} holds already.`);
    const episodes: Episode[] = [...earlier];
    const keep = (episode: Episode): void => {
      episodes.push(episode);
      file?.append(episode);
    };
    const rest = { ...options, seed: options.seed + earlier.length, episodes: options.episodes - earlier.length };
    try {
      if (rest.episodes > 0) await (options.planner === "socket" ? runOnServer(rest, io, keep, tell) : runHere(rest, io, keep));
    } finally {
      file?.close();
    }
    if (episodes.length === 0) {
      if (io.signal.aborted) return 1;
      throw new InputError("--episodes", "no episode was run.");
    }
    const successRate = episodes.filter((episode) => episode.success).length / episodes.length;
    const scored = episodes.flatMap((episode) => (episode.reward === undefined ? [] : [episode.reward.value]));
    const meanReward = scored.length === 0 ? null : scored.reduce((sum, value) => sum + value, 0) / scored.length;
    if (io.json) {
      const interrupted = io.signal.aborted ? { interrupted: true } : {};
      io.print(JSON.stringify({ task: options.id, planner: options.planner, episodes, successRate, meanReward, ...interrupted }, null, 2));
    } else summarise(io, episodes);
    return io.signal.aborted || episodes.some((episode) => episode.failure !== undefined) ? 1 : 0;
  },
});
