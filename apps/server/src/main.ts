import { InputError, messageOf, PeerError, ReverieError, UnknownIdError } from "@reverie/core";
import { Command, InvalidArgumentError } from "commander";
import { startServer } from "./start-server.ts";

// The gateway as a process. Standard output carries one line, `{"url": ...}`; everything else goes to standard error.

interface Options {
  readonly host: string;
  readonly port: number;
  readonly task: string;
  readonly seed: number;
  readonly studio?: string;
  readonly record?: string;
  readonly planTimeout: number;
  readonly autoStart?: boolean;
}

const integer =
  (low: number, high: number) =>
  (text: string): number => {
    const value = Number(text);
    if (!Number.isInteger(value) || value < low || value > high)
      throw new InvalidArgumentError(`Expected an integer from ${low} to ${high}.`);
    return value;
  };

const command = new Command("reverie-server")
  .description("Hosts worlds; planners, viewers and environment clients connect to it.")
  .option("--host <address>", "address to listen on; other than loopback needs REVERIE_TOKEN", "127.0.0.1")
  .option("--port <n>", "port, 0 = any free one", integer(0, 65535), 4870)
  .option("--task <id>", "task of the first episode", "manipulation/stack-cubes")
  .option("--seed <n>", "seed of the first episode", integer(0, 0xffffffff), 0)
  .option("--studio <dir>", "folder of the built studio page")
  .option("--record <dir>", "folder that gets episodes.jsonl")
  .option("--plan-timeout <seconds>", "how long a planner may think", integer(1, 3600), 120)
  .option("--auto-start", "begin the first episode at once")
  .addHelpText(
    "after",
    "\nThe shared secret is read from REVERIE_TOKEN.\n\nExample:\n  node dist/main.js --port 4870 --task manipulation/stack-cubes",
  )
  .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2))
  .parse();

function say(line: string): void {
  process.stderr.write(`server: ${line}\n`);
}

try {
  const { host, port, task, seed, studio, record, planTimeout, autoStart } = command.opts<Options>();
  const token = process.env["REVERIE_TOKEN"];
  const server = await startServer({
    host,
    port,
    task,
    seed,
    autoStart: autoStart ?? false,
    plannerWaitMs: 15_000,
    limits: { planTimeoutMs: planTimeout * 1000 },
    log: say,
    ...(token === undefined || token === "" ? {} : { token }),
    ...(studio === undefined ? {} : { studioDirectory: studio }),
    ...(record === undefined ? {} : { recordDirectory: record }),
  });
  process.stdout.write(`${JSON.stringify({ url: server.url })}\n`);
  const stop = (): void => {
    server.close().catch((error: unknown) => {
      say(messageOf(error));
      process.exitCode = 1;
    });
  };
  for (const name of ["SIGINT", "SIGTERM"] as const) process.once(name, stop);
} catch (error) {
  say(error instanceof ReverieError ? error.message : error instanceof Error ? (error.stack ?? error.message) : messageOf(error));
  process.exitCode = error instanceof InputError || error instanceof UnknownIdError ? 2 : error instanceof PeerError ? 3 : 1;
}
