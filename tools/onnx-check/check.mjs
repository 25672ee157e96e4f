// `node tools/onnx-check/check.mjs [--keep FOLDER]`: runs the tests of libs/tensor, keeps every model that they hand to ONNX Runtime, and has
// Python's `onnx` check each one in full. The package is installed into a throw-away virtual environment. Where Python or its
// package index is missing, the check is skipped and says so.

import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const ONNX_VERSION = "1.23.2";
const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const { values } = parseArgs({ options: { keep: { type: "string" } } });

const run = (command, args, options = {}) => spawnSync(command, args, { cwd: ROOT, encoding: "utf8", ...options });
const skip = (reason) => {
  process.stdout.write(`The ONNX check is skipped: ${reason}\n`);
  process.exit(0);
};

const temporary = mkdtempSync(join(tmpdir(), "reverie-onnx-"));
process.on("exit", () => rmSync(temporary, { recursive: true, force: true }));

const environment = join(temporary, "venv");
if (run("python3", ["--version"]).status !== 0) skip("python3 is not installed.");
if (run("python3", ["-m", "venv", environment]).status !== 0)
  skip("python3 cannot make virtual environments (Debian: apt-get install python3-venv).");
const python = join(environment, process.platform === "win32" ? "Scripts" : "bin", "python");
const installed = run(python, ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", `onnx==${ONNX_VERSION}`]);
if (installed.status !== 0)
  skip(`the Python package onnx ${ONNX_VERSION} cannot be installed: ${installed.stderr.trim().split("\n").at(-1)}`);

const models = values.keep === undefined ? join(temporary, "models") : resolve(values.keep);
mkdirSync(models, { recursive: true });
const vitest = join(ROOT, "node_modules/vitest/vitest.mjs");
const tests = run(
  process.execPath,
  [vitest, "run", "--config", "tools/onnx-check/vitest.config.mjs", "--root", ".", "libs/tensor", "libs/training/src/model"],
  {
    env: { ...process.env, REVERIE_ONNX_MODELS: models, REVERIE_TEST_REPORTS: undefined },
  },
);
if (tests.status !== 0) {
  process.stdout.write(`${tests.stdout}\n${tests.stderr}\n`);
  process.exit(1);
}
process.exit(run(python, [fileURLToPath(new URL("check_models.py", import.meta.url)), models], { stdio: "inherit" }).status ?? 1);
