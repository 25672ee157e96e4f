import { describe, expect, test } from "vitest";
import { domainPddl, problemPddl } from "./pddl.ts";
import { searchPlan } from "./search/search-plan.ts";
import { facts as START, objects as OBJECTS, skills as SKILLS } from "./test-support.ts";

type Tree = string | Tree[];

/** Reads one PDDL expression; the independent check that brackets close where they should. */
function read(text: string): Tree {
  const tokens = text.replace(/;.*/g, "").match(/[()]|[^\s()]+/g) ?? [];
  const next = (): Tree => {
    const token = tokens.shift();
    if (token !== "(") return token ?? "";
    const list: Tree[] = [];
    while (tokens[0] !== ")") {
      if (tokens.length === 0) throw new Error("A bracket is not closed.");
      list.push(next());
    }
    tokens.shift();
    return list;
  };
  const tree = next();
  expect(tokens).toEqual([]);
  return tree;
}

const section = (tree: Tree, name: string): Tree[] => (tree as Tree[]).filter((part) => Array.isArray(part) && part[0] === name);

describe("PDDL", () => {
  const domain = read(domainPddl(SKILLS, OBJECTS));
  const goal = [{ fact: ["on", "red_cube", "table"] as const }];
  const problem = read(
    problemPddl("p", { skills: SKILLS, objects: OBJECTS, facts: START, assignment: { instruction: "a\nb", goal, references: [] } }),
  );

  test("has one action for each skill, with its parameters", () => {
    const actions = section(domain, ":action") as Tree[][];
    expect(actions.map((action) => action[1])).toEqual(SKILLS.map((skill) => skill.name));
    expect(actions.map((action) => (action[3] as Tree[]).length)).toEqual(SKILLS.map((skill) => skill.parameters.length));
  });

  test("declares every predicate and object that it uses", () => {
    const declared = new Set((section(domain, ":predicates")[0] as Tree[]).slice(1).map((predicate) => (predicate as Tree[])[0]));
    const names = new Set<string>();
    const walk = (tree: Tree): void => {
      if (!Array.isArray(tree)) return;
      if (typeof tree[0] === "string") names.add(tree[0]);
      tree.forEach(walk);
    };
    for (const action of section(domain, ":action") as Tree[][]) [action[5], action[7]].forEach((part) => walk(part ?? ""));
    for (const keyword of ["and", "or", "not", "when", "forall", "exists", "=", "increase", "total-cost"]) names.delete(keyword);
    for (const name of names) if (!name.startsWith("?")) expect(declared).toContain(name);
    const objects = new Set([
      ...(section(domain, ":constants")[0] as Tree[]).slice(1),
      ...(section(problem, ":objects")[0] as Tree[]).slice(1),
    ]);
    expect(objects).toEqual(new Set(OBJECTS.map((object) => object.id)));
  });

  test("states the facts and the goal of the scene", () => {
    const init = section(problem, ":init")[0] as Tree[];
    for (const fact of START) expect(init).toContainEqual([...fact]);
    expect(section(problem, ":goal")[0]).toEqual([":goal", ["on", "red_cube", "table"]]);
    expect(searchPlan({ skills: SKILLS, objects: OBJECTS, facts: START, goal })).toBeDefined();
  });
});
