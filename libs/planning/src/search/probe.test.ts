import type { Fact } from "@reverie/core";
import { test } from "vitest";
import { bin, cube, drawer, pick, place, skills, table, zone, button } from "../test-support.ts";
import { solveGoal } from "./search-plan.ts";
test("probe", () => {
  const cubes = Array.from({ length: 6 }, (_, i) => ({ ...cube("red"), id: `cube_${i}` }));
  const problem = { skills: [pick, place], objects: [...cubes, table], facts: cubes.map(({ id }): Fact => ["on", id, "table"]), goal: cubes.slice(1).map(({ id }, i) => ({ fact: ["on", `cube_${i}`, id] as Fact })) };
  for (const maxExpansions of [8, 10, 12, 14, 16, 20, 30, 60]) {
    try { const r = solveGoal(problem, { maxExpansions }); console.log(maxExpansions, r.optimal, r.cost, r.expansions); } catch (e) { console.log(maxExpansions, String(e).slice(-60)); }
  }
  for (const n of [6, 8, 10, 16]) {
    const cs = Array.from({ length: n }, (_, i) => ({ ...cube("red"), id: `cube_${i}` }));
    const t = performance.now();
    try {
    const r = solveGoal({ skills, objects: [...cs, bin("red"), bin("green"), drawer, zone, button, table], facts: cs.map(({ id }): Fact => ["on", id, "table"]), goal: cs.map(({ id }, i) => ({ fact: ["in", id, i % 2 ? "red_bin" : "drawer"] as Fact })) }, { maxExpansions: 1000 });
    console.log("sort", n, performance.now() - t, r.cost, r.expansions, r.optimal);
    } catch (e) { console.log("sort", n, performance.now() - t, String(e).slice(0, 50)); }
  }
  for (const n of [3, 6, 8]) {
    const cs = Array.from({ length: n }, (_, i) => ({ ...cube("red"), id: `cube_${i}` }));
    const t = performance.now();
    try { solveGoal({ skills, objects: [...cs, bin("red"), bin("green"), drawer, zone, button, table], facts: cs.map(({ id }): Fact => ["on", id, "table"]), goal: [{ fact: ["on", "cube_0", "cube_1"] }, { fact: ["on", "cube_1", "cube_0"] }] }, { maxExpansions: 500 }); } catch (e) { console.log(n, performance.now() - t, String(e).slice(0, 100)); }
  }
});
