import { InputError, UnknownIdError, type Episode, type StepStatus } from "@reverie/core";
import { createEnvironment, taskCard, tasks } from "@reverie/manipulation";
import { PlannerAgent } from "@reverie/planning";
import { runEpisode } from "@reverie/rollout";
import * as z from "zod";
import { choiceOption, defineCommand, integerOption, optionalInteger, SEED_OPTION, seedOption, type CommandIo } from "../define-command.ts";
import { EpisodeFile, type RunKey } from "../episode-file.ts";
import { backendFor, checkPlanner, loadModel, plannerOptions, plannerShape, type PlannerChoice } from "../planners.ts";
import { FILM_OPTIONS, FilmMaker, FilmReel, filmShape } from "../film.ts";
import { checkServerOptions, runOnServer } from "../run-on-server.ts";

const schema = z.object({
  id: z.string("name a task, for example manipulation/stack-cubes; `npx reverie envs` lists them").max(120),
  ...plannerShape("symbolic"),
  seed: seedOption,
  episodes: integerOption(1, 1_000_000, 1),
  split: z.string().max(120).optional(),
  instruction: z.string().trim().min(1).max(500).optional(),
  record: z.string().min(1).optional(),
  server: z.url({ protocol: /^https?$/, error: "expected an http or https address" }).default("http://127.0.0.1:4870"),
  replans: optionalInteger(0, 20),
  planTimeout: optionalInteger(1, 3600),
  build: choiceOption("physics build", ["simd", "plain", "deterministic"]),
  visual: choiceOption("look", ["none", "mild", "strong"]),
  robot: z.never("this version has no real robots yet").optional(),
  ...filmShape,
});
export type RunOptions = z.output<typeof schema>;

/** New plans after a failed step. A random planner gets none: every one is as good as the first. */
function replansOf({ planner, replans = 3 }: RunOptions): number {
  return planner === "random" ? 0 : replans;
}

const buildOf = ({ build = "simd" }: RunOptions): NonNullable<RunOptions["build"]> => build;

/** Planners whose plans are written word by word. */
const MODELS: readonly RunOptions["planner"][] = ["embedded", "openai", "transformers"];

/** What decides the episodes of a run, apart from their seeds. */
function runKey(options: RunOptions): RunKey {
  const { id, planner, instruction = null, model = null, endpoint, visual = "none", split, dtype, maxTokens } = options;
  const there = planner === "socket";
  const address = endpoint === undefined ? undefined : new URL(endpoint);
  return {
    task: id,
    taskVersion: taskCard(id).version,
    planner,
    instruction,
    build: there ? null : buildOf(options),
    model: planner === "openai" || planner === "transformers" ? model : planner === "embedded" ? options.weights : null,
    // Without user, password and query, which may hold a secret.
    endpoint: planner === "openai" && address !== undefined ? `${address.origin}${address.pathname}` : null,
    replans: there ? null : replansOf(options),
    ...(visual === "none" ? {} : { visual }),
    ...(split === undefined ? {} : { split }),
    ...(planner === "transformers" && dtype !== undefined ? { dtype } : {}),
    ...(MODELS.includes(planner) && maxTokens !== undefined ? { maxTokens } : {}),
  };
}

/** What an episode starts with, beside its seed. @throws InputError when the task has no such split */
function resetOptions({ id, visual, split }: RunOptions): Record<string, unknown> {
  const { splits } = taskCard(id);
  if (split !== undefined && !splits.includes(split)) throw new InputError("--split", new UnknownIdError("split", split, splits).message);
  return { ...(visual === undefined ? {} : { visual }), ...(split === undefined || split === "default" ? {} : { split }) };
}

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

/** What becomes of the episodes of a run. */
export interface RunSinks {
  keep(episode: Episode): void;
  tell(episode: Episode, index: number): void;
  /** Gets the poses of every episode, of one that was cut off too. @param index - among those that are run now */
  readonly film: ((reel: FilmReel, index: number) => Promise<void>) | undefined;
}

/** Runs episodes in this process. */
async function runHere(options: RunOptions, io: CommandIo, { keep, tell, film }: RunSinks): Promise<void> {
  const environment = await createEnvironment(options.id, { build: buildOf(options) });
  const choice: PlannerChoice = options;
  const model = await loadModel(choice, io);
  try {
    for (let i = 0; i < options.episodes && !io.signal.aborted; i++) {
      const seed = (options.seed + i) % 0x1_0000_0000;
      // A fresh planner for each seed: what it says must not depend on the episodes before.
      const now = `[${i + 1}/${options.episodes}] seed ${seed}`;
      let written = 0;
      const onText = (piece: string): void => io.progress(`${now} ... ${(written += piece.length)} characters written`);
      const planner = new PlannerAgent(backendFor(choice, seed, model, onText));
      io.progress(`${now} ...`);
      let reel: FilmReel | undefined;
      const episode = await runEpisode({
        environment,
        planner,
        seed,
        signal: io.signal,
        limits: { replans: replansOf(options), planTimeoutMs: (options.planTimeout ?? 120) * 1000 },
        ...(options.instruction === undefined ? {} : { instruction: options.instruction }),
        resetOptions: resetOptions(options),
        ...(film === undefined
          ? {}
          : {
              observer: ({ type }) => {
                if (type === "reset") reel = new FilmReel(environment.scene);
                if (type === "reset" || type === "tick") reel?.add(environment.stepCount, environment.poses());
              },
            }),
      });
      if (!io.signal.aborted) {
        keep(episode);
        tell(episode, i);
      }
      if (reel !== undefined) await film?.(reel, i);
      // Lets Ctrl-C in between episodes that never wait for anything.
      await new Promise<void>((resolve) => setImmediate(resolve));
    }
  } finally {
    environment.close();
    await model.release();
  }
}

export const runCommand = defineCommand({
  name: "run",
  summary: "Run episodes of a task headless and score them",
  argument: { key: "id", placeholder: "ID", description: "task id, for example manipulation/stack-cubes" },
  options: [
    ...plannerOptions("symbolic"),
    SEED_OPTION,
    { flags: "--episodes <n>", description: "how many episodes, with seeds seed, seed + 1, ... (default 1)" },
    { flags: "--instruction <words>", description: "plain words instead of the task's own instruction" },
    { flags: "--split <name>", description: "split of the task, as `npx reverie envs ID` lists them (default: its first)" },
    {
      flags: "--record <dir>",
      description: "append every finished episode to DIR/episodes.jsonl; a run that was cut off goes on where it stopped",
    },
    { flags: "--replans <n>", description: "new plans after a failed step, 0 to 20 (default 3; random: always 0)" },
    { flags: "--plan-timeout <seconds>", description: "how long the planner may think (default 120)" },
    { flags: "--server <url>", description: "running server for --planner socket (default http://127.0.0.1:4870)" },
    { flags: "--build <name>", description: "physics build: simd, plain or deterministic (default simd)" },
    {
      flags: "--visual <look>",
      description: "light, surfaces, cameras and sensor noise drawn from the seed: none, mild or strong (default none)",
    },
    { flags: "--robot <name>", description: "a real robot instead of the world (none in this version)" },
    ...FILM_OPTIONS,
  ],
  examples: [
    "npx reverie run manipulation/stack-cubes --episodes 20 --seed 1 --json",
    'npx reverie run manipulation/pick-cube --instruction "pick up the blue cube"',
    "npx reverie run manipulation/sort-by-colour --planner openai --endpoint http://127.0.0.1:8000/v1 --model my-vlm",
  ],
  schema,
  async run(options, io) {
    tasks.get(options.id);
    resetOptions(options);
    checkPlanner(options);
    if (options.planner === "socket") checkServerOptions(options);
    const maker = await FilmMaker.prepare(options);
    const file = options.record === undefined ? undefined : new EpisodeFile(options.record, runKey(options));
    const { episodes: earlier, notices } = file?.resume(options.seed, options.episodes) ?? { episodes: [], notices: [] };
    for (const notice of notices) io.say(notice);
    if (earlier.length > 0) io.say(`Going on after ${earlier.length} episodes that ${file?.path ?? ""} holds already.`);
    const episodes: Episode[] = [...earlier];
    const keep = (episode: Episode): void => {
      episodes.push(episode);
      file?.append(episode);
    };
    const rest = { ...options, seed: (options.seed + earlier.length) % 0x1_0000_0000, episodes: options.episodes - earlier.length };
    const sinks: RunSinks = {
      keep,
      tell: (episode, index) => tell(io, episode, index, rest.episodes),
      film:
        maker === undefined
          ? undefined
          : async (reel, index) => {
              const path = await maker.write(reel, earlier.length + index, (drawn, frames) =>
                io.progress(`Drew ${drawn} of ${frames} frames`),
              );
              io.say(`Wrote ${path}`);
            },
    };
    try {
      if (rest.episodes > 0) await (options.planner === "socket" ? runOnServer(rest, io, sinks) : runHere(rest, io, sinks));
    } finally {
      file?.close();
      await maker?.close();
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
