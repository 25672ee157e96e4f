import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { connect, createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { occurs, pagePaths, readBlocks, readCommands } from "./testing/doc-pages.ts";
import { ownsPort, ShellCommand, staysUp } from "./testing/doc-runner.ts";
import { startModelEndpoint } from "./testing/model-endpoint.ts";

// The documentation, run: every command of every page, in order, in the root of the repository.

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
const COMMAND_MS = 180_000;
const READY_MS = 60_000;
const INTERRUPT_MS = 10_000;

/** Commands that pages show and this test does not run, with the reason. */
const NOT_RUN: Readonly<Record<string, string>> = {
  "npm ci": "would replace the installation that this test runs in",
  "npm test": "runs the other tests; the checks of a clean clone do that first",
  "npm run check": "runs the other tests and gates; the checks of a clean clone do that first",
  "npm install --no-save --ignore-scripts @huggingface/transformers@4.3.1": "would change the installation that this test runs in",
  "npx reverie run manipulation/stack-cubes --planner transformers --model HuggingFaceTB/SmolVLM-256M-Instruct --dtype q4":
    "fetches a model of several hundred megabytes; tests of the loader run on tiny ones",
  "node tools/gen/new-task.mjs manipulation stack-plates": "writes a source file; its own test runs it in a workspace of its own",
};

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** The command as it is run here: on a free port, without a browser, recording elsewhere. */
function adapt(command: string, places: { port: number; modelPort: number; recordings: string }): string {
  let text = command
    .replaceAll("4870", String(places.port))
    .replaceAll("127.0.0.1:8000", `127.0.0.1:${places.modelPort}`)
    .replaceAll(/--record \S+/gu, `--record ${places.recordings}`);
  if (ownsPort(text) && !text.includes("--port")) text += `${/npm start(?! --)/u.test(text) ? " --" : ""} --port ${places.port}`;
  if (/\bnpm start\b|\breverie up\b/u.test(text)) text += " --no-open";
  return text;
}

let model: Awaited<ReturnType<typeof startModelEndpoint>>;
let recordings: string;

beforeAll(async () => {
  const build = await new ShellCommand("node tools/build.mjs", ROOT).end(COMMAND_MS);
  expect(build.code, build.output).toBe(0);
  model = await startModelEndpoint();
  recordings = mkdtempSync(join(tmpdir(), "reverie-docs-"));
}, COMMAND_MS);

afterAll(async () => {
  await model.close();
  rmSync(recordings, { recursive: true, force: true });
});

/** Whether nobody listens on a port, waiting for that at most so long. */
async function becomesFree(port: number, timeoutMs: number): Promise<boolean> {
  for (const until = Date.now() + timeoutMs; Date.now() < until; await wait(50)) {
    const taken = await new Promise<boolean>((resolve) => {
      const probe = connect(port, "127.0.0.1");
      probe.once("connect", () => resolve(true)).once("error", () => resolve(false));
      probe.once("connect", () => probe.destroy());
    });
    if (!taken) return true;
  }
  return false;
}

async function interrupt(command: ShellCommand, port: number): Promise<void> {
  command.interrupt();
  const { code, output } = await command.end(INTERRUPT_MS);
  // npm, npx and a planner without a handler of its own end by the signal itself; an error would be a code.
  expect([0, undefined], `${command.text} after Ctrl-C:\n${output}`).toContain(code);
  if (!ownsPort(command.text)) return;
  expect(output).toContain("Stopping");
  expect(await becomesFree(port, INTERRUPT_MS), `${command.text} still listens ${INTERRUPT_MS} ms after Ctrl-C`).toBe(true);
}

describe.each(pagePaths(ROOT))("%s", (page) => {
  const blocks = readBlocks(ROOT, page);

  test("Its commands end as they should, and what it shows of their output occurs.", async () => {
    const running: ShellCommand[] = [];
    const port = await freePort();
    try {
      for (const { line, commands, excerpt } of readCommands(blocks)) {
        let output = "";
        for (const written of commands) {
          if (Object.hasOwn(NOT_RUN, written)) continue;
          const text = adapt(written, { port, modelPort: model.port, recordings });
          if (ownsPort(text)) while (running.length > 0) await interrupt(running.pop()!, port);
          const command = new ShellCommand(text, ROOT);
          if (staysUp(text)) {
            running.push(command);
            const ready = await command.ready(READY_MS);
            expect(ready, `${page}:${line}: ${text} was not ready:\n${command.output}`).toBe(true);
          } else {
            const { code } = await command.end(COMMAND_MS);
            expect(code, `${page}:${line}: ${text}\n${command.output}`).toBe(0);
            // The endpoint here plans what the task asks for: no other reason not to succeed is left.
            if (text.includes("reverie run") && text.includes("--planner openai")) expect(command.output).toMatch(/^Success: +1 of 1 /mu);
          }
          output += command.output;
        }
        const shown = output.replaceAll(String(port), "4870");
        for (const wanted of excerpt) expect(occurs(wanted, shown), `${page}:${line} shows "${wanted}", got:\n${shown}`).toBe(true);
      }
      while (running.length > 0) await interrupt(running.pop()!, port);
    } finally {
      // Only what a failed expectation left behind.
      for (const command of running) {
        command.interrupt();
        await command.end(INTERRUPT_MS);
      }
    }
  });

  test("Its links lead to files that exist, and to headings that are there.", () => {
    const source = readFileSync(join(ROOT, page), "utf8");
    const targets = [...source.matchAll(/\]\((?!https?:)([^)\s]+)\)|(?:src|srcset)="([^"]+)"/gu)].map((found) => found[1] ?? found[2]!);
    for (const target of targets) {
      const [path = "", heading] = target.split("#");
      const file = path === "" ? join(ROOT, page) : join(ROOT, dirname(page), path);
      expect(statSync(file, { throwIfNoEntry: false }), `${page} links to ${target}`).toBeDefined();
      if (heading === undefined) continue;
      const headings = [...readFileSync(file, "utf8").matchAll(/^#+ (.*)$/gmu)].map(([, words]) =>
        words!
          .toLowerCase()
          .replaceAll(/[^\w\s-]/gu, "")
          .trim()
          .replaceAll(/\s/gu, "-"),
      );
      expect(headings, `${page} links to ${target}`).toContain(heading);
    }
  });
});

test("Tables and programs that pages take from the sources are up to date.", async () => {
  const { code, output } = await new ShellCommand("node tools/docs/tables.mjs --check", ROOT).end(COMMAND_MS);
  expect(code, output).toBe(0);
});

test("Every form of a plan that the page of planners lists keeps the format.", async () => {
  const source = readFileSync(join(ROOT, "docs/planners.md"), "utf8");
  const forms = [...source.matchAll(/^\| [a-z ]+\| `([[{].*)` +\|$/gmu)].map(([, form]) => form!);
  expect(forms).toHaveLength(4);
  const reference = "1. pick(red_cube)";
  const rows = forms.map((form) => JSON.stringify({ predicted: `<think>lift it</think><answer>${form}</answer>`, reference })).join("\n");
  const command = new ShellCommand('printf "%s\\n" "$ROWS" | node apps/cli/bin/reverie.js score --predicted - --json', ROOT, {
    ROWS: rows,
  });
  const { code, output, stdout } = await command.end(COMMAND_MS);
  expect(code, output).toBe(0);
  for (const { value, repairs } of JSON.parse(stdout) as { value: number; repairs: string[] }[]) {
    expect(repairs).toEqual([]);
    expect(value).toBe(1);
  }
});

test.each(["serve", "up --no-open"])("reverie %s ends with code 0 after Ctrl-C.", async (args) => {
  const port = await freePort();
  const command = new ShellCommand(`exec node apps/cli/bin/reverie.js ${args} --port ${port}`, ROOT);
  expect(await command.ready(READY_MS), command.output).toBe(true);
  command.interrupt();
  const { code, output } = await command.end(INTERRUPT_MS);
  expect(code, output).toBe(0);
  expect(await becomesFree(port, INTERRUPT_MS)).toBe(true);
});

test("The commands that are not run are still shown somewhere.", () => {
  const shown = new Set(pagePaths(ROOT).flatMap((page) => readCommands(readBlocks(ROOT, page)).flatMap(({ commands }) => commands)));
  expect(Object.keys(NOT_RUN).filter((command) => !shown.has(command))).toEqual([]);
});

test("The model behind the openai commands was sent pictures.", () => {
  expect(model.pictures()).toBeGreaterThan(0);
});
