import { parseArgs } from "node:util";
import { InputError, messageOf, ReverieError, UnknownIdError } from "@reverie/core";
import { startServer } from "./start-server.ts";

// The server process. Its first line on standard output is `{"url": ...}`; everything else goes to standard error.

const HELP = `Usage: node dist/main.js [options]

Runs the gateway until it is told to end (SIGINT or SIGTERM).

  --port <n>                port, 0 = any free one (default 4870)
  --host <address>          address to listen on; other than loopback needs a token (default 127.0.0.1)
  --task <id>               task of the first episode (default manipulation/stack-cubes)
  --seed <n>                its seed (default 0)
  --studio <dir>            the built studio, served at /
  --record <dir>            append every finished episode to DIR/episodes.jsonl
  --plan-timeout <seconds>  how long a planner may think (default 120)
  --allow-origin <origin>   another web origin that may connect; may be repeated
  --until-stdin-closes      end when standard input closes, as it does when the process that started this one is gone
  --help                    this text

The secret that clients must present is read from REVERIE_TOKEN.

Example:
  node dist/main.js --port 4870 --task manipulation/stack-cubes
`;

function say(line: string): void {
  process.stderr.write(`server: ${line}\n`);
}

/** @throws InputError naming the option */
function integer(option: string, text: string | undefined, low: number, high: number): number | undefined {
  if (text === undefined) return undefined;
  const value = /^\d{1,10}$/u.test(text) ? Number(text) : NaN;
  if (!(value >= low && value <= high)) {
    throw new InputError(`--${option}`, `expected an integer from ${low} to ${high}, got "${text.slice(0, 60)}".`);
  }
  return value;
}

function readOptions(): { readonly [name: string]: string | boolean | string[] | undefined; readonly "allow-origin"?: string[] } {
  const text = { type: "string" } as const;
  try {
    return parseArgs({
      options: {
        port: text,
        host: text,
        task: text,
        seed: text,
        studio: text,
        record: text,
        "plan-timeout": text,
        "allow-origin": { type: "string", multiple: true },
        "until-stdin-closes": { type: "boolean" },
        help: { type: "boolean" },
      },
    }).values;
  } catch (error) {
    throw new InputError("", messageOf(error), { cause: error });
  }
}

async function main(): Promise<void> {
  const options = readOptions();
  if (options["help"] === true) {
    process.stdout.write(HELP);
    return;
  }
  const given = (name: string): string | undefined => (typeof options[name] === "string" ? options[name] : undefined);
  const seconds = integer("plan-timeout", given("plan-timeout"), 1, 3600);
  const token = process.env["REVERIE_TOKEN"];
  const entries = {
    host: given("host"),
    port: integer("port", given("port"), 0, 65_535),
    task: given("task"),
    seed: integer("seed", given("seed"), 0, 0xffffffff),
    studioDirectory: given("studio"),
    recordDirectory: given("record"),
    token: token === "" ? undefined : token,
    allowOrigins: options["allow-origin"],
    limits: seconds === undefined ? undefined : { planTimeoutMs: seconds * 1000 },
    log: say,
  };
  const server = await startServer(Object.fromEntries(Object.entries(entries).filter(([, value]) => value !== undefined)));
  let ending = false;
  const end = (): void => {
    if (ending) return;
    ending = true;
    server.close().then(
      () => process.exit(0),
      (error: unknown) => {
        say(messageOf(error));
        process.exit(1);
      },
    );
  };
  process.on("SIGINT", end);
  process.on("SIGTERM", end);
  if (options["until-stdin-closes"] === true) process.stdin.once("end", end).resume();
  process.stdout.write(`${JSON.stringify({ url: server.url })}\n`);
}

try {
  await main();
} catch (error) {
  say(error instanceof ReverieError ? error.message : error instanceof Error ? (error.stack ?? error.message) : messageOf(error));
  process.exitCode = error instanceof InputError || error instanceof UnknownIdError ? 2 : 3;
}
