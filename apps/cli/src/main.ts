import { InputError, messageOf, PeerError, ReverieError, StateError, TimeoutError, UnknownIdError } from "@reverie/core";
import { Command, CommanderError } from "commander";
import { commands } from "./commands.generated.ts";
import type { CommandDefinition, CommandIo, ExitCode } from "./define-command.ts";
import { printable, printableJson } from "./printable.ts";

const HEADER = "Reverie: an embodied-AI workbench. A planner's plan is checked by a world.";

/** Which exit code an error stands for. */
function exitCodeOf(error: unknown): ExitCode {
  if (error instanceof PeerError || error instanceof TimeoutError) return 3;
  if (error instanceof InputError || error instanceof UnknownIdError || error instanceof StateError) return 2;
  const code = (error as { code?: unknown } | null)?.code;
  return code === "ENOENT" || code === "EACCES" || code === "EISDIR" || code === "ECONNREFUSED" ? 3 : 1;
}

function report(error: unknown, io: CommandIo, debug: boolean): void {
  io.say(`reverie: ${messageOf(error)}`);
  if (error instanceof Error && (debug || !(error instanceof ReverieError || "code" in error))) {
    io.say(debug ? (error.stack ?? "") : "This is a defect of reverie; run again with --debug for its origin.");
  }
}

/** What a shell reports for a program whose reader went away: 128 + SIGPIPE. */
const READER_GONE = 141;

/** Ends the process quietly when whoever reads its output stops reading, as `head` does. */
function watchOutputs(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EPIPE") process.exit(READER_GONE);
      if (stream === process.stdout) process.stderr.write(`reverie: standard output cannot be written (${messageOf(error)}).\n`);
      process.exit(3);
    });
  }
}

function makeIo(json: boolean, signal: AbortSignal): CommandIo {
  const terminal = process.stderr.isTTY;
  let open = false;
  const close = (): void => {
    if (open) process.stderr.write("\n");
    open = false;
  };
  return {
    json,
    signal,
    print(text) {
      close();
      const shown = json ? printableJson(text) : printable(text);
      process.stdout.write(shown.endsWith("\n") ? shown : `${shown}\n`);
    },
    say(line) {
      close();
      process.stderr.write(`${printable(line)}\n`);
    },
    progress(line, final = false) {
      const shown = printable(line.replaceAll("\n", " "));
      if (terminal) {
        process.stderr.write(`\r\u001b[2K${shown}`);
        open = true;
        if (final) close();
      } else if (final) process.stderr.write(`${shown}\n`);
    },
  };
}

function attach(program: Command, definition: CommandDefinition, signal: AbortSignal, finish: (code: ExitCode) => void): void {
  const command = program.command(definition.name).description(definition.summary);
  if (definition.argument !== undefined) {
    const { placeholder, description, variadic = false } = definition.argument;
    command.argument(`[${placeholder}${variadic ? "..." : ""}]`, description);
  }
  for (const option of definition.options) command.option(option.flags, option.description);
  command.option("--json", "print one JSON document on standard output");
  command.option("--debug", "show where errors come from");
  command.addHelpText("after", `\nExamples:\n${definition.examples.map((example) => `  $ ${example}`).join("\n")}`);
  command.action(async (...parameters: unknown[]) => {
    const positional = definition.argument === undefined ? undefined : parameters[0];
    const options = command.opts<Record<string, unknown>>();
    const { json, debug, ...raw } = options;
    const values = definition.argument === undefined || positional === undefined ? raw : { ...raw, [definition.argument.key]: positional };
    const io = makeIo(json === true, signal);
    try {
      finish(await definition.execute(values, io));
    } catch (error) {
      report(error, io, debug === true);
      finish(exitCodeOf(error));
    }
  });
}

/** Runs the command line `args` (without node and script) and resolves with the exit code. Never throws. */
export async function main(args: readonly string[]): Promise<ExitCode> {
  watchOutputs();
  const stopping = new AbortController();
  let interrupts = 0;
  const interrupt = (): void => {
    interrupts++;
    if (interrupts > 1) process.exit(130);
    process.stderr.write("\nStopping; press Ctrl-C again to leave at once.\n");
    stopping.abort(new StateError("Stopped by the user."));
  };
  process.on("SIGINT", interrupt);
  process.on("SIGTERM", interrupt);
  let code: ExitCode = 0;
  const program = new Command("reverie")
    .description(HEADER)
    .showHelpAfterError("(add --help for what is allowed)")
    .exitOverride()
    .configureOutput({
      writeOut: (text) => process.stdout.write(text),
      writeErr: (text) => process.stderr.write(printable(text.replace(/^error: /, "reverie: "))),
    });
  for (const definition of commands) attach(program, definition, stopping.signal, (result) => (code = result));
  for (const command of program.commands) command.exitOverride().showHelpAfterError("(add --help for what is allowed)");
  try {
    await program.parseAsync([...args], { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    // Help and version are answers; everything else commander raises is wrong usage, which it has already explained.
    code = error.exitCode === 0 ? 0 : 2;
  } finally {
    process.off("SIGINT", interrupt);
    process.off("SIGTERM", interrupt);
  }
  return code;
}
