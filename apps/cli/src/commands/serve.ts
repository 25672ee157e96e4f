import { existsSync } from "node:fs";
import * as z from "zod";
import { tasks } from "@reverie/manipulation";
import { defineCommand, integerOption, SEED_OPTION, seedOption, stopRequested } from "../define-command.ts";
import { AppProcess, STUDIO_DIRECTORY } from "../processes.ts";

export const serveCommand = defineCommand({
  name: "serve",
  summary: "Run the gateway alone: worlds, planners and viewers connect to it",
  options: [
    { flags: "--port <n>", description: "port, 0 = any free one (default 4870)" },
    { flags: "--host <address>", description: "address to listen on; other than loopback needs a token (default 127.0.0.1)" },
    { flags: "--token <secret>", description: "shared secret for every client (better: the environment variable REVERIE_TOKEN)" },
    { flags: "--task <id>", description: "task of the first episode (default manipulation/stack-cubes)" },
    SEED_OPTION,
    { flags: "--record <dir>", description: "append every finished episode to DIR/episodes.jsonl" },
  ],
  examples: ["npx reverie serve --port 4870", "REVERIE_TOKEN=... npx reverie serve --host 0.0.0.0"],
  schema: z.object({
    port: integerOption(0, 65535, 4870),
    host: z.string().min(1).max(255).default("127.0.0.1"),
    token: z.string().min(8, "expected at least 8 characters").max(512).optional(),
    task: z.string().max(120).default("manipulation/stack-cubes"),
    seed: seedOption,
    record: z.string().min(1).optional(),
  }),
  async run(options, io) {
    tasks.get(options.task);
    const server = new AppProcess(
      "server",
      [
        `--task=${options.task}`,
        `--seed=${options.seed}`,
        `--port=${options.port}`,
        `--host=${options.host}`,
        ...(existsSync(STUDIO_DIRECTORY) ? [`--studio=${STUDIO_DIRECTORY}`] : []),
        ...(options.record === undefined ? [] : [`--record=${options.record}`]),
      ],
      (line) => io.say(line),
      // Handed over in the environment: arguments can be read by every user of the machine.
      options.token === undefined ? {} : { REVERIE_TOKEN: options.token },
    );
    try {
      io.print(await server.firstLine(30_000));
      await Promise.race([stopRequested(io.signal), server.died(io.signal)]);
      return 0;
    } finally {
      await server.stop();
    }
  },
});
