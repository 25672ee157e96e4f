import { existsSync } from "node:fs";
import { messageOf, PeerError } from "@reverie/core";
import { tasks } from "@reverie/manipulation";
import { connectViewer } from "@reverie/wire";
import * as z from "zod";
import { defineCommand, integerOption, SEED_OPTION, seedOption, stopRequested } from "../define-command.ts";
import { checkPlanner, plannerOptions, plannerShape, weightsFolder } from "../planners.ts";
import { AppProcess, openBrowser, STUDIO_DIRECTORY } from "../processes.ts";
import { narrate } from "../watch-session.ts";

const START_TIMEOUT_MS = 30_000;

function urlOf(line: string): string {
  try {
    const { url } = JSON.parse(line) as { url?: unknown };
    if (typeof url === "string") return url;
  } catch (error) {
    throw new PeerError("server", `announced itself with "${line.slice(0, 80)}" (${messageOf(error)}).`, { cause: error });
  }
  throw new PeerError("server", `announced itself without an address: "${line.slice(0, 80)}".`);
}

export const upCommand = defineCommand({
  name: "up",
  summary: "Start server, planner and studio, run a task, and stay up",
  argument: { key: "id", placeholder: "ID", description: "task id (default manipulation/stack-cubes)" },
  options: [
    ...plannerOptions("symbolic"),
    SEED_OPTION,
    { flags: "--port <n>", description: "port of the studio, 0 = any free one (default 4870)" },
    { flags: "--no-open", description: "do not open the browser" },
    { flags: "--record <dir>", description: "append every finished episode to DIR/episodes.jsonl" },
    { flags: "--plan-timeout <seconds>", description: "how long the planner may think (default 120)" },
  ],
  examples: [
    "npx reverie up",
    "npx reverie up manipulation/cube-in-drawer --seed 7",
    "npx reverie up --planner socket --port 5000 --no-open",
  ],
  schema: z.object({
    id: z.string().max(120).default("manipulation/stack-cubes"),
    ...plannerShape("symbolic"),
    seed: seedOption,
    port: integerOption(0, 65535, 4870),
    open: z.boolean().default(true),
    record: z.string().min(1).optional(),
    planTimeout: integerOption(1, 3600, 120),
  }),
  async run(options, io) {
    tasks.get(options.id);
    checkPlanner(options);
    if (!existsSync(STUDIO_DIRECTORY)) throw new PeerError("studio", "its page is not built; run `npm run build`.");
    const running: AppProcess[] = [];
    const token = process.env["REVERIE_TOKEN"];
    const access = token === undefined || token === "" ? {} : { token };
    try {
      const server = new AppProcess(
        "server",
        [
          `--task=${options.id}`,
          `--seed=${options.seed}`,
          `--port=${options.port}`,
          `--studio=${STUDIO_DIRECTORY}`,
          `--plan-timeout=${options.planTimeout}`,
          ...(options.record === undefined ? [] : [`--record=${options.record}`]),
        ],
        (line) => {
          if (!line.includes("episode of")) io.say(line);
        },
      );
      running.push(server);
      const url = urlOf(await server.firstLine(START_TIMEOUT_MS));
      io.print(io.json ? JSON.stringify({ url }) : `Reverie is up: ${url}`);
      if (options.planner === "socket") io.say(`Waiting for a planner at ${url} (namespace /planners).`);
      else {
        const planner = new AppProcess(
          "planner",
          [
            `--url=${url}`,
            `--planner=${options.planner}`,
            `--weights=${weightsFolder(options.weights)}`,
            ...(options.planner === "random" ? [] : [`--seed=${options.seed}`]),
            ...(options.endpoint === undefined ? [] : [`--endpoint=${options.endpoint}`]),
            ...(options.model === undefined ? [] : [`--model=${options.model}`]),
            ...(options.dtype === undefined ? [] : [`--dtype=${options.dtype}`]),
            ...(options.maxTokens === undefined ? [] : [`--max-tokens=${options.maxTokens}`]),
          ],
          (line) => {
            if (line.startsWith("planner: ") && !/: (connected|connecting|plan for)/.test(line)) io.say(line);
          },
        );
        running.push(planner);
        void planner.ended.then((how) => {
          if (!planner.stopping) io.say(`The planner process ${how}; episodes will fail until another planner connects to ${url}.`);
        });
      }
      const viewer = connectViewer(url, access);
      try {
        await viewer.whenConnected();
        await viewer.request("camera.select", { camera: null });
        if (!io.json) narrate(viewer, io);
        // A viewer that draws nothing: frames are acknowledged so that none waits for it.
        viewer.on("frame.poses", (_frame, acknowledge) => acknowledge());
        viewer.on("frame.camera", (_frame, acknowledge) => acknowledge());
        await viewer.request("session.start", { task: options.id, seed: options.seed }, { timeoutMs: START_TIMEOUT_MS });
        if (options.open && !(await openBrowser(url))) io.say(`Open ${url} in a browser to watch and steer. Ctrl-C ends everything.`);
        await Promise.race([stopRequested(io.signal), server.died(io.signal)]);
      } finally {
        viewer.close();
      }
      return 0;
    } finally {
      for (const app of running.toReversed()) await app.stop();
    }
  },
});
