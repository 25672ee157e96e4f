import { describe, expect, test } from "vitest";
import { parsePlan } from "./language/parse-plan.ts";
import { planJsonSchema } from "./language/plan-schema.ts";
import type { PlanRequest, VerifyRequest } from "./planner.ts";
import { buildPlanPrompt, buildVerifyPrompt } from "./prompts.ts";
import { cube, objects, place, press, skills, table } from "./test-support.ts";

const request: PlanRequest = {
  task: "manipulation/stack-cubes",
  instruction: "put the red cube on the blue cube",
  skills,
  objects,
  history: [],
  seed: 0,
  observe: async () => [],
};

describe("buildPlanPrompt", () => {
  test("names every skill with its needs and changes, every object, and the instruction", () => {
    const { system, user } = buildPlanPrompt(request);
    for (const skill of skills) expect(system).toContain(`- ${skill.name}(`);
    expect(system).toContain("place(object: graspable, target: support): Puts the held object down.");
    expect(system).toContain("needs: the gripper holds object; object and target are different; target is not shut away");
    expect(system).toContain("if target is not container: object is on target, the gripper does not hold object");
    for (const object of objects) expect(user).toContain(`- ${object.id}: ${object.description} (`);
    expect(user).toContain("Instruction: put the red cube on the blue cube");
    expect(user).not.toContain("Already tried");
  });

  test("shows an example that its own parser accepts to the letter, in both forms", () => {
    const line = buildPlanPrompt(request, "line").system;
    const parsed = parsePlan(line.slice(line.lastIndexOf("<think>")), { skills, objects });
    expect(parsed).toMatchObject({ format: true, errors: [] });
    expect(parsed.plan?.steps).toHaveLength(2);
    const json = buildPlanPrompt(request, "json").system;
    expect(JSON.parse(json.slice(json.lastIndexOf('{"thinking"')))).toMatchObject({ steps: parsed.plan?.steps });
  });

  test("tells what was tried before and why it failed", () => {
    const history = [
      { skill: "pick", args: { object: "red_cube" }, status: "done" as const, plan: 0 },
      { skill: "place", args: { object: "red_cube", target: "drawer" }, status: "failed" as const, reason: "unreachable", plan: 0 },
    ];
    const { user } = buildPlanPrompt({ ...request, history });
    expect(user).toContain("1. pick(object=red_cube): done\n2. place(object=red_cube, target=drawer): failed (unreachable)");
  });
});

test("buildVerifyPrompt names the step, what it changes, and its objects only", () => {
  const verify: VerifyRequest = {
    task: request.task,
    instruction: request.instruction,
    skills,
    objects,
    step: { skill: "place", args: { object: "red_cube", target: "blue_cube" } },
    observe: async () => ({ before: [], after: [] }),
  };
  const { system, user } = buildVerifyPrompt(verify);
  expect(system).toContain('"True"');
  expect(user).toContain("Step: place(object=red_cube, target=blue_cube)");
  expect(user).toContain("- red_cube: red cube");
  expect(user).not.toContain("drawer");
  expect(buildVerifyPrompt(verify, "json").system).toContain("JSON");
});

describe("planJsonSchema", () => {
  type Node = {
    type?: string;
    properties?: Record<string, Node>;
    required?: string[];
    additionalProperties?: boolean;
    anyOf?: Node[];
    items?: Node;
    enum?: string[];
  };

  test("has one closed variant per skill, with the ids of fitting objects", () => {
    const schema = planJsonSchema([place, press], objects) as Node;
    const variants = schema.properties!["steps"]!.items!.anyOf!;
    expect(variants.map((variant) => variant.properties!["skill"]!.enum)).toEqual([["place"], ["press"]]);
    const args = variants[0]!.properties!["args"]!.properties!;
    expect(args["object"]!.enum).toEqual(["red_cube", "green_cube", "blue_cube"]);
    expect(args["target"]!.enum).not.toContain("button");
    expect(variants[1]!.properties!["args"]!.properties!["object"]!.enum).toEqual(["button"]);
  });

  test("keeps to the strict subset: every object closed and every key required", () => {
    const check = (node: Node): void => {
      if (node.type === "object") {
        expect(node.additionalProperties).toBe(false);
        expect(node.required).toEqual(Object.keys(node.properties!));
      }
      for (const child of [...Object.values(node.properties ?? {}), ...(node.anyOf ?? []), ...(node.items ? [node.items] : [])])
        check(child);
    };
    check(planJsonSchema(skills, objects) as Node);
  });

  test("leaves out skills that nothing in the scene fits", () => {
    const variants = (planJsonSchema(skills, [cube("red"), table]) as Node).properties!["steps"]!.items!.anyOf!;
    expect(variants.map((variant) => variant.properties!["skill"]!.enum![0])).toEqual(["pick", "place"]);
    expect(planJsonSchema(skills, [])["properties"]).toMatchObject({ steps: { maxItems: 0 } });
  });
});
