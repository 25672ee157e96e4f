import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { InputError } from "@reverie/core";

/** A planner of the results page. */
export interface ResultPlanner {
  readonly id: "random" | "no-planner" | "symbolic" | "text-only" | "sft" | "shipped";
  /** As the page calls it. */
  readonly name: string;
  /** `--planner`, and `--weights` where it has some. */
  readonly planner: string;
  readonly weights?: string;
}

/** One file of a folder of weights. */
export interface WeightFile {
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
}

/** Files of a folder of weights in order of their names. @throws InputError when it holds no planner */
export function weightFiles(folder: string): WeightFile[] {
  if (!existsSync(join(folder, "planner.json")))
    throw new InputError(folder, "holds no planner; expected a folder that a training exported to, with planner.json.");
  return readdirSync(folder)
    .filter((name) => /\.(json|onnx)$/.test(name))
    .toSorted()
    .map((name) => {
      const content = readFileSync(join(folder, name));
      return { path: join(folder, name), bytes: content.length, sha256: createHash("sha256").update(content).digest("hex") };
    });
}

/** Parameters of a planner, as its description says. */
export function parametersOf(folder: string): number {
  const { parameters } = JSON.parse(readFileSync(join(folder, "planner.json"), "utf8")) as { parameters: unknown };
  if (typeof parameters !== "number") throw new InputError(join(folder, "planner.json"), "names no number of parameters.");
  return parameters;
}

/**
 * What is compared, from the floor upwards.
 * @param shipped - weights that come with the program
 * @param sft - weights after supervised training alone; undefined when the shipped ones are no more than that
 */
export function resultPlanners(shipped: string, sft: string | undefined): ResultPlanner[] {
  return [
    { id: "random", name: "random", planner: "random" },
    { id: "no-planner", name: "no planner", planner: "no-planner" },
    { id: "text-only", name: "text-only (blind)", planner: "text-only", weights: shipped },
    ...(sft === undefined ? [] : [{ id: "sft" as const, name: "SFT", planner: "embedded", weights: sft }]),
    { id: "shipped", name: sft === undefined ? "SFT" : "SFT+GRPO", planner: "embedded", weights: shipped },
    { id: "symbolic", name: "symbolic teacher (privileged)", planner: "symbolic" },
  ];
}
