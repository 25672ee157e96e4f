import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import type { CommandIo } from "../define-command.ts";
import { trainCommand } from "./train.ts";

const folder = mkdtempSync(join(tmpdir(), "reverie-train-"));
afterAll(() => rmSync(folder, { recursive: true }));

const silent = (): void => undefined;
const io: CommandIo = { json: false, print: silent, say: silent, progress: silent, signal: new AbortController().signal };

test.each([
  [{}, /--recipe: name one of embedded, embedded-small/],
  [{ method: "gpro", recipe: "embedded-small" }, /METHOD: Unknown method "gpro", did you mean "grpo"\?/],
  [{ recipe: "embedded-small", from: "elsewhere" }, /--from: only train grpo begins with what another run made\./],
  [{ recipe: "embedded-small", iterations: "0" }, /--iterations: expected an integer from 1 to 1000000/],
  [
    { method: "grpo", recipe: "embedded-small", out: join(folder, "nothing") },
    /nothing: holds no supervised training to begin with; make one with train sft, or name its folder with --from\./,
  ],
])("train refuses %j with what is wrong", async (options, problem) => {
  await expect(trainCommand.execute(options, io)).rejects.toThrow(problem);
});
