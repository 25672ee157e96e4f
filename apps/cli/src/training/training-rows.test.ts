import { FactSet } from "@reverie/core";
import { createEnvironment, taskCard } from "@reverie/manipulation";
import { parsePlan, parseVerdict } from "@reverie/planning";
import { assertTrainingRow, jobAt, type TrainingRow } from "@reverie/training";
import { describe, expect, test } from "vitest";
import { failureKind } from "../evaluation/failure-kind.ts";
import { PATCH_CLASSES } from "./patch-classes.ts";
import { evaluationPlan, FIRST_TRAINING_SEED, parseRecipe, readNamedRecipe, recipeNames, trainingPlan } from "./recipe.ts";
import { openSource } from "./row-source.ts";
import { questionsOf, thinkingOf } from "./row-texts.ts";

const parts = {
  drawer: { task: "manipulation/cube-in-drawer", questions: 8 },
  "drawer episode": { task: "manipulation/cube-in-drawer", rows: "episode" },
  composed: { task: "manipulation/composed" },
};

async function rowsOf(part: string, seed: number, settings: object = {}, split = "default"): Promise<TrainingRow[]> {
  const source = await openSource({ parts, ...settings });
  const rows = [...source.rows({ part, split, seed })];
  source.close?.();
  return rows;
}

const words = ({ kind, prompt, completion }: TrainingRow): string => `${kind}: ${prompt}${completion}`;

describe("training rows", () => {
  test("are the same for the same job, and allowed", async () => {
    const [once, again] = [await rowsOf("drawer", 5), await rowsOf("drawer", 5)];
    expect(once.map(words)).toEqual(again.map(words));
    once.forEach((row, i) => {
      assertTrainingRow(row);
      expect(Buffer.compare(row.images, again[i]!.images)).toBe(0);
    });
    expect((await rowsOf("drawer", 6)).map(words)).not.toEqual(once.map(words));
  });

  test("answer a scene with a plan that can be read to the letter and reaches the goal", async () => {
    for (let seed = 0; seed < 5; seed++) {
      const environment = await createEnvironment("manipulation/composed");
      environment.reset({ seed, options: { split: "train" } });
      const { skills, objects, assignment } = environment;
      const [row] = await rowsOf("composed", seed, { visual: "none" }, "train");
      const { plan, format } = parsePlan(row!.completion, { skills, objects });
      expect(format).toBe(true);
      expect(failureKind({ skills, objects, facts: environment.facts(), assignment }, plan!.steps)).toBe("execution");
      expect(row!.prompt).toContain(`task: ${assignment.instruction}\n`);
      expect(row!.completion).toContain(`<think>${thinkingOf(environment)}</think>`);
      environment.close();
    }
  });

  test("say of the patches what is seen: each cube on the table shows in the picture from above", async () => {
    const environment = await createEnvironment("manipulation/stack-cubes");
    environment.reset({ seed: 3 });
    const source = await openSource({ parts: { stack: { task: "manipulation/stack-cubes" } } });
    const [row] = [...source.rows({ part: "stack", split: "default", seed: 3 })];
    const seen = new Set([...row!.patchClasses!.subarray(0, 64)].map((k) => PATCH_CLASSES[k]));
    for (const { id, types } of environment.objects) if (types.includes("cube")) expect(seen).toContain(id);
    expect(seen).toContain("table");
    expect(seen).toContain("robot");
    source.close?.();
    environment.close();
  });

  test("of an episode hold verdicts of both kinds, as the facts are, and plans for what is left", async () => {
    const rows = [...(await rowsOf("drawer episode", 1)), ...(await rowsOf("drawer episode", 2))];
    const verdicts = rows.filter(({ kind }) => kind === "verify").map(({ completion }) => parseVerdict(completion)!);
    expect(verdicts.some(({ complete }) => complete)).toBe(true);
    expect(verdicts.some(({ complete }) => !complete)).toBe(true);
    const replans = rows.filter(({ kind }) => kind === "plan");
    expect(replans.length).toBeGreaterThan(2);
    expect(replans.every(({ prompt }) => prompt.includes("\ndone: "))).toBe(true);
    expect(rows.map(words)).toEqual([...(await rowsOf("drawer episode", 1)), ...(await rowsOf("drawer episode", 2))].map(words));
  });

  test("have the same words when no picture is drawn", async () => {
    const [drawn, blind] = [await rowsOf("drawer episode", 1), await rowsOf("drawer episode", 1, { pictures: false })];
    expect(blind.map(words)).toEqual(drawn.map(words));
    expect(blind.every(({ images }) => images.every((byte) => byte === 0))).toBe(true);
  });
});

describe("questions about a scene", () => {
  test("have the answers that the facts give", async () => {
    const environment = await createEnvironment("manipulation/cube-in-drawer");
    environment.reset({ seed: 1 });
    const facts = new FactSet(environment.facts());
    const asked = new Map(questionsOf(environment).map(({ prompt, completion }) => [prompt, completion]));
    expect(asked.get("is drawer open?\n")).toBe("closed");
    for (const { id, types } of environment.objects) {
      if (types.includes("cube")) expect(facts.has(["on", id, asked.get(`where is ${id}?\n`)!])).toBe(true);
    }
    environment.close();
  });
});

describe("recipes", () => {
  test("that come with the command are whole, name tasks and splits that there are, and train on nothing held out", () => {
    expect(recipeNames()).toEqual(["embedded", "embedded-small"]);
    for (const name of recipeNames()) {
      const recipe = readNamedRecipe(name);
      const plan = trainingPlan(recipe);
      const entries = [...plan.stages.flatMap(({ mix }) => mix), ...recipe.evaluation.sets];
      for (const { part, split } of entries) expect(taskCard(recipe.source.parts[part]!.task).splits).toContain(split);
      const jobs = Array.from({ length: 300 }, (_, i) => jobAt(plan, i * 97));
      expect(jobs.every(({ split, seed }) => !split.startsWith("held-out") && seed >= FIRST_TRAINING_SEED)).toBe(true);
      const asked = evaluationPlan(
        recipe,
        recipe.evaluation.sets.map(({ part, split }) => ({ part, split, weight: 1 })),
      );
      expect(Array.from({ length: 300 }, (_, i) => jobAt(asked, i)).every(({ seed }) => seed < FIRST_TRAINING_SEED)).toBe(true);
    }
    expect(() => readNamedRecipe("embeded")).toThrow('did you mean "embedded"?');
    expect(() => readNamedRecipe("../package")).toThrow("Unknown recipe");
  });

  test("are refused with the field that is wrong", () => {
    const good = JSON.parse(JSON.stringify(readNamedRecipe("embedded-small"))) as Record<string, object>;
    expect(parseRecipe(good)).toEqual(good);
    expect(() => parseRecipe({ ...good, surplus: 1 })).toThrow("recipe");
    expect(() => parseRecipe({ ...good, training: { ...good["training"], batch: 0 } })).toThrow("recipe.training.batch");
    expect(() => parseRecipe({ ...good, stages: [{ jobs: 1, mix: [{ part: "none", weight: 1 }] }] })).toThrow(
      'recipe.stages.0.mix.0.part: "none" is no part of the source',
    );
  });
});
