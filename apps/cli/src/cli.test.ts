import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { commands } from "./commands.generated.ts";
import { reverie, RunningReverie } from "./testing/reverie.ts";

const BENCH = fileURLToPath(new URL("../../../tools/bench/bench.mjs", import.meta.url));

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
    [
      "a planner that needs a model, without one",
      ["run", "manipulation/pick-cube", "--planner", "transformers"],
      /--model: planner transformers needs the folder of a model, or an id on the Hugging Face hub/,
    ],
    [
      "weights of an unknown kind",
      ["run", "manipulation/pick-cube", "--planner", "transformers", "--model", "owner/model", "--dtype", "fp23"],
      /--dtype: Unknown kind of weights "fp23", did you mean "fp32"\?/,
    ],
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
    ["an unknown suite", ["envs", "--suite", "kitchen"], /Unknown suite "kitchen"\. Known: manipulation\./],
    ["a suite that is nearly right", ["envs", "--suite", "manipulaton"], /Unknown suite "manipulaton", did you mean "manipulation"\?/],
    [
      "a physics build that is nearly right",
      ["run", "manipulation/pick-cube", "--build", "simdd"],
      /--build: Unknown physics build "simdd", did you mean "simd"\?/,
    ],
    [
      "a look that is nearly right",
      ["run", "manipulation/pick-cube", "--visual", "mid"],
      /--visual: Unknown look "mid", did you mean "mild"\?/,
    ],
    [
      "a split that is nearly right",
      ["run", "manipulation/pick-cube", "--split", "defualt"],
      /--split: Unknown split "defualt", did you mean "default"\?/,
    ],
    ["a real robot", ["run", "manipulation/pick-cube", "--robot", "ur5"], /--robot: this version has no real robots yet/],
    [
      "a film of another kind",
      ["run", "manipulation/pick-cube", "--video", "a.mp4"],
      /--video: expected a file name that ends in \.webp or \.gif, got "a\.mp4"/,
    ],
    [
      "a film from a camera that is not there",
      ["run", "manipulation/pick-cube", "--video", "a.webp", "--video-camera", "overveiw"],
      /Unknown camera "overveiw", did you mean "overview"\?/,
    ],
    [
      "a film of no size",
      ["run", "manipulation/pick-cube", "--video", "a.webp", "--video-size", "big"],
      /--video-size: expected width x height/,
    ],
    ["a film's camera without a film", ["run", "manipulation/pick-cube", "--video-camera", "side"], /--video-camera: needs --video FILE\./],
    [
      "an unknown measurement",
      ["bench", "reset", "pick-cub"],
      /NAME: unknown measurement "pick-cub", did you mean "pick-cube-state" or "pick-cube-camera"\?/,
    ],
    [
      "an option that a running server has decided",
      ["run", "manipulation/pick-cube", "--planner", "socket", "--replans", "2"],
      /--replans: is not allowed with --planner socket, where the server decides this\./,
    ],
    ["a server for everybody without a token", ["serve", "--host", "0.0.0.0", "--port", "0"], /^reverie: [^\n]*token[^\n]*\n$/],
    ["an unknown reward", ["score", "--predicted", "-", "--reward", "mach"], /Unknown reward "mach", did you mean "match"\?/],
  ])("%s ends with code 2 and one clear sentence", TIMEOUT, async (_name, args, message) => {
    const { code, stdout, stderr } = await reverie(args);
    expect(stderr).toMatch(message);
    expect(code).toBe(2);
    expect(stdout).toBe("");
    expect(stderr).not.toMatch(/\n\s+at /);
    expect(stderr.trim().split("\n").length).toBeLessThanOrEqual(3);
  });
});

describe("envs", () => {
  test("prints the cards of all tasks as JSON and nothing else", TIMEOUT, async () => {
    const { code, stdout, stderr } = await reverie(["envs", "--json"]);
    expect(code).toBe(0);
    expect(stderr).toBe("");
    const cards = JSON.parse(stdout) as { id: string; maxSteps: number; skills: string[]; action: { shape: number[] } }[];
    expect(cards.map((card) => card.id)).toEqual([
      "manipulation/composed",
      "manipulation/cube-in-drawer",
      "manipulation/pick-cube",
      "manipulation/press-then-place",
      "manipulation/sort-by-colour",
      "manipulation/stack-cubes",
    ]);
    for (const card of cards) expect(card).toMatchObject({ suite: "manipulation", action: { shape: [8] } });
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

describe("What is printed", () => {
  const HOSTILE = "\u001B[2J\u009B31m\u202Emake me\u0007 a coffee";
  // oxlint-disable-next-line no-control-regex -- The characters that must not be there.
  const CONTROLS = /[\u0000-\u0009\u000B-\u001F\u007F-\u009F\u202E]/u;

  test("has no control characters from outside", TIMEOUT, async () => {
    const { code, stdout, stderr } = await reverie(["run", "manipulation/pick-cube", "--instruction", HOSTILE]);
    expect(code).toBe(1);
    expect(stderr).toContain("make me");
    expect(stdout + stderr).not.toMatch(CONTROLS);
  });

  test("has them escaped in JSON, where they stay what they were", TIMEOUT, async () => {
    const { stdout } = await reverie(["run", "manipulation/pick-cube", "--instruction", HOSTILE, "--json"]);
    expect(stdout).not.toMatch(CONTROLS);
    const { episodes } = JSON.parse(stdout) as { episodes: { failure: { message: string } }[] };
    expect(episodes[0]?.failure.message).toContain("\u202Emake me");
  });

  test("may be read to its first line only: no error follows", TIMEOUT, async () => {
    const { code, stderr } = await reverie(["envs", "--json"], { hangUp: true });
    expect(stderr).toBe("");
    expect(code).toBe(141);
  });
});

describe("bench", () => {
  test("takes several names and measures just these", TIMEOUT, async () => {
    const { code, stdout } = await reverie(["bench", "reset", "snapshot-restore", "--seconds", "0.2", "--json"]);
    expect(code).toBe(0);
    expect((JSON.parse(stdout) as { name: string; ours: number }[]).map(({ name }) => name)).toEqual(["reset", "snapshot-restore"]);
  });

  test("reads a name without a time as a name", TIMEOUT, async () => {
    const { stdout } = await promisify(execFile)(process.execPath, [BENCH, "reset", "--json"]);
    expect((JSON.parse(stdout) as { name: string }[]).map(({ name }) => name)).toEqual(["reset"]);
  });
});

const oneStep = (skill: string) => [{ skill, args: { object: "red_cube" } }];

/** A recorded answer of one step; picking succeeds. */
const answer = (taskId: string, skill: string) => ({
  taskId,
  instruction: "pick the red cube",
  predicted: oneStep(skill),
  format: true,
  references: [oneStep("pick")],
  rollout: {
    steps: [{ skill, succeeded: skill === "pick", progress: skill === "pick" ? 1 : 0 }],
    success: skill === "pick",
    progress: skill === "pick" ? 1 : 0,
  },
});

describe("rewards", () => {
  test("lists every method with its paper, and says which are not here yet", TIMEOUT, async () => {
    const { code, stdout } = await reverie(["rewards", "--json"]);
    expect(code).toBe(0);
    const methods = JSON.parse(stdout) as { id: string; status: string; exports: string[]; tests: string[] }[];
    expect(methods.length).toBeGreaterThanOrEqual(44);
    for (const { status, exports, tests } of methods) expect(exports.length > 0 && tests.length > 0).toBe(status === "here");
    expect((await reverie(["rewards"])).stdout).toContain("not here yet");
    expect((await reverie(["rewards", "preference-as-reward"])).stdout).toContain("preferenceAsReward");
    expect((await reverie(["rewards", "preference-as-rewrd"])).stderr).toContain('did you mean "preference-as-reward"');
  });

  test("audits a spec on recorded answers", TIMEOUT, async () => {
    const rows = ["a", "b", "c", "d"].flatMap((task) => [answer(task, "pick"), answer(task, "push")]);
    const samples = file("answers.jsonl", rows.map((row) => JSON.stringify(row)).join("\n"));
    const { code, stdout } = await reverie(["rewards", "audit", "--spec", "manipulation.default", "--samples", samples, "--json"]);
    expect(code).toBe(0);
    const findings = JSON.parse(stdout) as { check: string; verdict: string }[];
    expect(findings.find(({ check }) => check === "separates success")?.verdict).toBe("good");
    const format = file("format.json", JSON.stringify({ id: "farmed", description: "", gate: "none", terms: [{ term: "format" }] }));
    const farmed = await reverie(["rewards", "audit", "--spec", format, "--samples", samples]);
    expect(farmed.code).toBe(1);
    expect(farmed.stdout).toMatch(/^bad +separates success/mu);
  });

  test("refuses contradictory specs and broken samples with the reason and the line", TIMEOUT, async () => {
    const samples = file("broken.jsonl", '{"format": true, "references": [], "extra": 1}\n');
    const broken = await reverie(["rewards", "audit", "--spec", "manipulation.photo", "--samples", samples]);
    expect([broken.code, broken.stderr]).toEqual([2, expect.stringMatching(/broken\.jsonl:1: .*extra/u)]);
    const spec = file("twice.json", JSON.stringify({ id: "twice", terms: [{ term: "format" }, { term: "execution" }] }));
    const twice = await reverie(["rewards", "audit", "--spec", spec, "--samples", samples]);
    expect([twice.code, twice.stderr]).toEqual([2, expect.stringContaining("is easy to farm")]);
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
    const { checks } = JSON.parse(stdout) as { checks: { name: string; ok: boolean; detail: string; fix?: string }[] };
    expect(checks.find((check) => check.name === "world and camera")).toMatchObject({ ok: true });
    for (const { ok, fix } of checks) expect(ok || fix !== undefined).toBe(true);
    expect(checks.find((check) => check.name === "node")).toMatchObject({ ok: true, detail: process.versions.node });
  });
});

describe("What stays up", () => {
  test.each([
    ["serve", []],
    ["up", ["--no-open"]],
  ])("%s says how its server ended, with code 3", TIMEOUT, async (name, options) => {
    const running = new RunningReverie([name, "--port", "0", ...options]);
    await running.line(name === "up" ? /done, monitor/ : /"url"/);
    await running.killChildren();
    expect(await running.ended()).toBe(3);
    expect(running.lines.at(-1)).toBe("reverie: server: the process was ended by SIGKILL.");
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
