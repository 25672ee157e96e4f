import { InputError, messageOf, ReverieError, UnknownIdError } from "@reverie/core";
import { backends, TRANSFORMERS_DTYPES, type PlannerBackend, type TransformersDtype } from "@reverie/planning";
import { Command, InvalidArgumentError, Option } from "commander";
import { runPlanner } from "./run-planner.ts";

// The planner process: one backend, one server, until it is told to end. Everything it says goes to standard error.

interface Options {
  readonly url: string;
  readonly planner: string;
  readonly endpoint?: string;
  readonly model?: string;
  readonly weights: string;
  readonly dtype?: TransformersDtype;
  readonly maxTokens?: number;
  readonly seed: number;
  readonly untilStdinCloses?: boolean;
}

function say(line: string): void {
  process.stderr.write(`planner: ${line}\n`);
}

/** @throws UnknownIdError for an unknown backend, InputError for options that it cannot work with, PeerError for weights that are missing or damaged */
async function makeBackend({ planner, endpoint, model, weights, dtype, maxTokens, seed }: Options): Promise<PlannerBackend> {
  const definition = backends.get(planner);
  if (planner === "embedded") {
    // Loaded only here: the other planners need no ONNX Runtime.
    const { EmbeddedModel } = await import("@reverie/planning/node");
    return definition.create({ seed, maxTokens, answerer: await EmbeddedModel.load(weights) });
  }
  if (planner === "transformers") {
    if (model === undefined) throw new InputError("--model", "expected the folder of a model, or an id on the hub such as owner/model.");
    const { TransformersModel } = await import("@reverie/planning/node");
    say(`loading ${model}`);
    const chatModel = await TransformersModel.load(model, {
      allowRemote: true,
      signal: stopping.signal,
      ...(dtype === undefined ? {} : { dtype }),
    });
    return definition.create({ seed, maxTokens, chatModel });
  }
  if (planner !== "openai") return definition.create({ seed });
  // Loaded only here: the other planners never turn pixels into files.
  const { encodePng } = await import("@reverie/render");
  return definition.create({
    endpoint,
    seed,
    ...(model === undefined ? {} : { model }),
    ...(maxTokens === undefined ? {} : { maxTokens }),
    apiKey: process.env["OPENAI_API_KEY"] || undefined,
    encodeImage: (image) => ({ mimeType: "image/png", bytes: encodePng(image) }),
  });
}

function maxTokensOf(text: string): number {
  const tokens = Number(text);
  if (!Number.isInteger(tokens) || tokens < 1 || tokens > 100_000) throw new InvalidArgumentError("Expected an integer from 1 to 100000.");
  return tokens;
}

function seedOf(text: string): number {
  const seed = Number(text);
  if (!Number.isInteger(seed) || seed < 0 || seed > 0xffffffff) throw new InvalidArgumentError("Expected an integer from 0 to 4294967295.");
  return seed;
}

const command = new Command("reverie-planner")
  .description("Connects a planner to a server and answers its questions until it is told to end.")
  .option("--url <url>", "the server", "http://127.0.0.1:4870")
  .option("--planner <name>", "backend: symbolic, random, embedded, openai or transformers", "symbolic")
  .option("--weights <dir>", "weights of the embedded planner", "models/embedded")
  .option("--endpoint <url>", "address of an OpenAI-compatible model server")
  .option("--model <name>", "which of its models; for transformers a folder, or an id on the Hugging Face hub")
  .addOption(new Option("--dtype <name>", "which weights of a transformers model").choices(TRANSFORMERS_DTYPES))
  .option("--max-tokens <n>", "most tokens of a plan", maxTokensOf)
  .option("--seed <n>", "seed of a random planner", seedOf, 0)
  .option("--until-stdin-closes", "end when standard input closes, as it does when the process that started this one is gone")
  .addHelpText(
    "after",
    "\nThe server's secret is read from REVERIE_TOKEN, the model server's from OPENAI_API_KEY.\n\nExample:\n  node dist/main.js --url http://127.0.0.1:4870 --planner symbolic",
  )
  .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2))
  .parse();

const stopping = new AbortController();
for (const name of ["SIGINT", "SIGTERM"] as const) process.on(name, () => stopping.abort());

try {
  const options = command.opts<Options>();
  // Unreferenced: an open pipe must not keep a planner alive that was told to end.
  if (options.untilStdinCloses === true)
    process.stdin
      .once("close", () => stopping.abort())
      .resume()
      .unref();
  const token = process.env["REVERIE_TOKEN"];
  const backend = await makeBackend(options);
  await runPlanner({
    url: options.url,
    backend,
    signal: stopping.signal,
    log: say,
    ...(token === undefined || token === "" ? {} : { token }),
  });
} catch (error) {
  // Told to end while a model was loaded.
  if (error === stopping.signal.reason) process.exit(0);
  say(error instanceof ReverieError ? error.message : error instanceof Error ? (error.stack ?? error.message) : messageOf(error));
  process.exitCode = error instanceof InputError || error instanceof UnknownIdError ? 2 : 3;
}
