import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { commands } from "./commands.generated.ts";
import { reverie, RunningReverie } from "./testing/reverie.ts";

let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "reverie-cli-"));
  // The first call builds what is missing; later ones measure the commands themselves.
  await reverie(["--help"]);
}, 180_000);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

const file = (name: string, text: string): string => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};

const TIMEOUT = { timeout: 60_000 };

describe("Help", () => {
  test("lists every command", TIMEOUT, async () => {
    const { code, stdout } = await reverie(["--help"]);
    expect(code).toBe(0);
    for (const { name } of commands) expect(stdout).toContain(name);
  });

  test("of every command shows an example", TIMEOUT, async () => {
    for (const { name, examples } of commands) {
      const { code, stdout } = await reverie([name, "--help"]);
      expect(code).toBe(0);
      expect(stdout).toContain(examples[0] ?? "?");
    }
  });
});

describe("Wrong usage", () => {
  test.each([
    [
      "an unknown task",
      ["run", "manipulation/stack-cube"],
      /Unknown task "manipulation\/stack-cube", did you mean "manipulation\/stack-cubes"\?/,
    ],
    ["a missing task", ["run"], /ID: name a task/],
    [
      "an unknown planner",
      ["run", "manipulation/pick-cube", "--planner", "symbolc"],
      /--planner: Unknown planner "symbolc", did you mean "symbolic"\?/,
    ],
    ["a planner of a later version", ["run", "manipulation/pick-cube", "--planner", "embedded"], /this version has no such planner yet/],
    [
      "a seed that is no integer",
      ["run", "manipulation/pick-cube", "--seed", "1.5"],
      /--seed: expected an integer from 0 to 4294967295, got "1.5"/,
    ],
    ["too few episodes", ["run", "manipulation/pick-cube", "--episodes", "0"], /--episodes: expected an integer from 1 to 1000000/],
    [
      "an unknown option",
      ["run", "manipulation/pick-cube", "--episode", "3"],
      /unknown option '--episode'[\s\S]*Did you mean --episodes\?/,
    ],
    ["an unknown command", ["rum"], /unknown command 'rum'[\s\S]*Did you mean run\?/],
    [
      "openai without an endpoint",
      ["run", "manipulation/pick-cube", "--planner", "openai"],
      /--endpoint: planner openai needs the address/,
    ],
    ["an unknown suite", ["envs", "--suite", "kitchen"], /--suite: unknown suite "kitchen"; allowed: manipulation/],
    ["an unknown reward", ["score", "--predicted", "-", "--reward", "mach"], /Unknown reward "mach", did you mean "match"\?/],
  ])("%s ends with code 2 and one clear sentence", TIMEOUT, async (_name, args, message) => {
    const { code, stdout, stderr } = await reverie(args);
    expect(stderr).toMatch(message);
    expect(code).toBe(2);
    expect(stdout).toBe("");
    expect(stderr).not.toMatch(/\n\s+at /);
  });
});

describe("envs", () => {
  test("prints the cards of all tasks as JSON and nothing else", TIMEOUT, async () => {
    const { code, stdout, stderr } = await reverie(["envs", "--json"]);
    expect(code).toBe(0);
    expect(stderr).toBe("");
    const cards = JSON.parse(stdout) as { id: string; maxSteps: number; skills: string[]; action: { shape: number[] } }[];
    expect(cards.map((card) => card.id)).toEqual([
      "manipulation/cube-in-drawer",
      "manipulation/pick-cube",
      "manipulation/press-then-place",
      "manipulation/sort-by-colour",
      "manipulation/stack-cubes",
    ]);
    for (const card of cards) expect(card).toMatchObject({ suite: "manipulation", action: { shape: [8] }, splits: ["default"] });
  });

  test("prints a domain and a problem in PDDL", TIMEOUT, async () => {
    const { code, stdout } = await reverie(["envs", "manipulation/stack-cubes", "--pddl", "--seed", "1"]);
    expect(code).toBe(0);
    expect(stdout).toContain("(define (domain reverie)");
    expect(stdout).toContain("(:action place");
    expect(stdout).toContain("(define (problem manipulation-stack-cubes-1)");
  });
});

describe("run", () => {
  test("types an instruction of one's own, and the world judges it", TIMEOUT, async () => {
    const { stdout } = await reverie(["run", "manipulation/stack-cubes", "--seed", "1", "--json"]);
    const { instruction } = (JSON.parse(stdout) as { episodes: { instruction: string }[] }).episodes[0] ?? { instruction: "" };
    const [, , below] = /the (\w+) (?:cube|block).*the (\w+) (?:cube|block)/.exec(instruction) ?? [];
    const own = await reverie([
      "run",
      "manipulation/stack-cubes",
      "--seed",
      "1",
      "--instruction",
      `pick up the ${below ?? ""} cube`,
      "--json",
    ]);
    expect(own.code).toBe(0);
    const episode = (JSON.parse(own.stdout) as { episodes: { plan: unknown; success: boolean; privileged: boolean }[] }).episodes[0];
    expect(episode).toMatchObject({ plan: [{ skill: "pick", args: { object: `${below ?? ""}_cube` } }], success: true, privileged: true });
  });

  test("an instruction that nobody understands fails the episode and says which words are understood", TIMEOUT, async () => {
    const { code, stdout } = await reverie(["run", "manipulation/stack-cubes", "--instruction", "make me a coffee", "--json"]);
    expect(code).toBe(1);
    const { episodes } = JSON.parse(stdout) as { episodes: { success: boolean; failure: { code: string; message: string } }[] };
    expect(episodes[0]).toMatchObject({ success: false, failure: { code: "invalid-input" } });
    expect(episodes[0]?.failure.message).toContain("make me a coffee");
  });

  test("goes on where an earlier run stopped", TIMEOUT, async () => {
    const directory = join(folder, "record");
    const part = await reverie(["run", "manipulation/pick-cube", "--episodes", "2", "--record", directory]);
    expect(part.code).toBe(0);
    const whole = await reverie(["run", "manipulation/pick-cube", "--episodes", "4", "--record", directory, "--json"]);
    expect(whole.stderr).toContain("Going on after 2 episodes");
    const lines = readFileSync(join(directory, "episodes.jsonl"), "utf8").trim().split("\n");
    expect(lines.map((line) => (JSON.parse(line) as { seed: number }).seed)).toEqual([0, 1, 2, 3]);
    expect((JSON.parse(whole.stdout) as { episodes: unknown[] }).episodes).toHaveLength(4);
  });

  test("an interrupted run reports the episodes that it finished", TIMEOUT, async () => {
    const running = new RunningReverie(["run", "manipulation/sort-by-colour", "--episodes", "100000", "--json"]);
    await running.line(/^\[3\/100000\]/);
    expect(await running.interrupt()).toBe(1);
    const report = running.lines.slice(running.lines.indexOf("{")).join("\n");
    const { episodes, interrupted } = JSON.parse(report.slice(0, report.lastIndexOf("}") + 1)) as {
      episodes: unknown[];
      interrupted: boolean;
    };
    expect(interrupted).toBe(true);
    expect(episodes.length).toBeGreaterThanOrEqual(3);
  });

  test("an endpoint that is not there fails the episode and names its host", TIMEOUT, async () => {
    const { code, stdout } = await reverie(
      [
        "run",
        "manipulation/pick-cube",
        "--planner",
        "openai",
        "--endpoint",
        "http://127.0.0.1:9/v1",
        "--model",
        "m",
        "--plan-timeout",
        "8",
        "--json",
      ],
      { env: { OPENAI_API_KEY: "sk-very-secret" } },
    );
    expect(code).toBe(1);
    expect(stdout).toContain("127.0.0.1:9");
    expect(stdout).not.toContain("very-secret");
  });
});

describe("score", () => {
  const REFERENCE = "1. pick(apple) 2. place(apple, plate) 3. pick(cup) 4. place(cup, tray)";

  test("an order that is partly wrong keeps the steps that can be matched in order", TIMEOUT, async () => {
    const predicted = file(
      "p.txt",
      "<think>t</think><answer>1. pick(apple) 2. pick(cup) 3. place(cup, tray) 4. place(apple, plate)</answer>",
    );
    const { code, stdout } = await reverie(["score", "--predicted", predicted, "--reference", file("r.txt", REFERENCE), "--json"]);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject([
      {
        value: 0.75,
        format: true,
        matches: [
          { predicted: 0, reference: 0, similarity: 1 },
          { predicted: 1, reference: 2, similarity: 1 },
          { predicted: 2, reference: 3, similarity: 1 },
        ],
        errors: [],
      },
    ]);
  });

  test("JSON Lines from standard input, one score a row", TIMEOUT, async () => {
    const steps = [{ skill: "pick", args: { object: "a" } }];
    const rows = [
      { predicted: steps, reference: steps },
      { predicted: "1. press(b)", reference: steps },
    ];
    const { stdout } = await reverie(["score", "--predicted", "-", "--json"], { input: rows.map((row) => JSON.stringify(row)).join("\n") });
    expect((JSON.parse(stdout) as { value: number }[]).map((result) => result.value)).toEqual([1, 0]);
  });

  test("a file that is not there ends with code 3 and its name", TIMEOUT, async () => {
    const { code, stderr } = await reverie(["score", "--predicted", "/nowhere/plan.txt", "--reference", "/nowhere/r.txt"]);
    expect(code).toBe(3);
    expect(stderr).toContain("/nowhere/plan.txt");
  });

  test("a reference that cannot be read names its row", TIMEOUT, async () => {
    const { code, stderr } = await reverie(["score", "--predicted", file("bad.jsonl", '{"predicted": "1. pick(a)", "reference": 7}\n')]);
    expect(code).toBe(2);
    expect(stderr).toMatch(/bad\.jsonl.*reference cannot be read/);
  });
});

describe("doctor", () => {
  test("checks this machine by building a world and rendering a picture", TIMEOUT, async () => {
    const { stdout } = await reverie(["doctor", "--json"]);
    const { checks } = JSON.parse(stdout) as { checks: { name: string; ok: boolean; detail: string }[] };
    expect(checks.find((check) => check.name === "world and camera")).toMatchObject({ ok: true });
    expect(checks.find((check) => check.name === "node")).toMatchObject({ ok: true, detail: process.versions.node });
  });
});

describe("up", () => {
  test("prints its address, the plan, the steps and the score, stays up, and ends in order on Ctrl-C", { timeout: 120_000 }, async () => {
    const running = new RunningReverie(["up", "manipulation/pick-cube", "--port", "0", "--no-open", "--record", join(folder, "up")]);
    const url = /http:\S+/.exec(await running.line(/Reverie is up/))?.[0] ?? "";
    await running.line(/1\. pick\(\w+\)/);
    await running.line(/pick\(\w+\) done, monitor: complete/);
    await running.line(/Success in \d+ control steps; match reward 1\.000/);
    const health = (await (await fetch(`${url}/healthz`)).json()) as { ok: boolean; episodes: number };
    expect(health).toMatchObject({ ok: true, episodes: 1 });
    expect(await (await fetch(url)).text()).toContain("<title>");
    expect(await running.interrupt()).toBe(0);
    expect(
      readFileSync(join(folder, "up", "episodes.jsonl"), "utf8")
        .trim()
        .split("\n"),
    ).toHaveLength(1);
    await expect(fetch(`${url}/healthz`)).rejects.toThrow();
  });

  test("leaves no server and no planner behind even when it is killed", { timeout: 120_000 }, async () => {
    const running = new RunningReverie(["up", "manipulation/pick-cube", "--port", "0", "--no-open"]);
    const url = /http:\S+/.exec(await running.line(/Reverie is up/))?.[0] ?? "";
    await running.killHard();
    await expect
      .poll(
        () =>
          fetch(`${url}/healthz`).then(
            () => "up",
            () => "gone",
          ),
        { timeout: 10_000 },
      )
      .toBe("gone");
  });

  test("Ctrl-C while it is still starting ends it as well", { timeout: 120_000 }, async () => {
    const running = new RunningReverie(["up", "manipulation/pick-cube", "--port", "0", "--no-open"]);
    await running.line(/Reverie is up/);
    expect(await running.interrupt()).toBe(0);
  });

  test("a port that is taken ends with code 3 and says so", { timeout: 120_000 }, async () => {
    const first = new RunningReverie(["serve", "--port", "0"]);
    const port = /:(\d+)"/.exec(await first.line(/"url"/))?.[1] ?? "";
    const { code, stderr } = await reverie(["up", "--port", port, "--no-open"]);
    expect(code).toBe(3);
    expect(stderr).toContain("is in use already");
    expect(await first.interrupt()).toBe(0);
  });
});
