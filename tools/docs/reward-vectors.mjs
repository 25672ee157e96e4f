// Publishes the numeric cases of the reward library in one file, for other implementations.
// `node tools/docs/reward-vectors.mjs` writes libs/rewards/reward-vectors.json; with `--check` it only says whether it is out of date.

import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const FOLDER = fileURLToPath(new URL("../../libs/rewards/vectors/", import.meta.url));
const TARGET = fileURLToPath(new URL("../../libs/rewards/reward-vectors.json", import.meta.url));

const cases = readdirSync(FOLDER)
  .filter((name) => name.endsWith(".json"))
  .toSorted()
  .flatMap((name) => JSON.parse(readFileSync(`${FOLDER}${name}`, "utf8")));
const lines = cases.map((item) => `  ${JSON.stringify(item)}`);
const text = `[\n${lines.join(",\n")}\n]\n`;
const current = () => {
  try {
    return readFileSync(TARGET, "utf8");
  } catch (error) {
    if (error.code === "ENOENT") return undefined;
    throw error;
  }
};
if (process.argv.includes("--check")) {
  const fresh = current() === text;
  process.stdout.write(
    fresh ? "reward-vectors.json is up to date.\n" : "reward-vectors.json is out of date: run node tools/docs/reward-vectors.mjs.\n",
  );
  process.exit(fresh ? 0 : 1);
}
writeFileSync(TARGET, text);
process.stdout.write(`Wrote ${cases.length} cases.\n`);
