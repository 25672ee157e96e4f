import type { PlanStep } from "@reverie/core";
import type { PlanSearchProblem } from "./search-plan.ts";

/** What every block stands on: another block or "table". */
export type Blocks = Readonly<Record<string, string>>;

/** C stands on A; wanted is the tower A on B on C. Putting B on C at once meets half of the goal and buries A. */
export const START: Blocks = { A: "table", B: "table", C: "A" };
export const GOAL: Blocks = { A: "B", B: "C" };

const move = (block: string, to: string): PlanStep => ({ skill: "move", args: { block, to } });
const isClear = (blocks: Blocks, block: string): boolean => block === "table" || !Object.values(blocks).includes(block);

export function moves(blocks: Blocks): PlanStep[] {
  const names = Object.keys(blocks);
  return names.flatMap((block) =>
    [...names, "table"]
      .filter((to) => to !== block && blocks[block] !== to && isClear(blocks, block) && isClear(blocks, to))
      .map((to) => move(block, to)),
  );
}

export const after = (plan: readonly PlanStep[], start: Blocks = START): Blocks =>
  plan.reduce<Blocks>((blocks, { args }) => ({ ...blocks, [args["block"]!]: args["to"]! }), start);

/** Share of the goal that holds. */
export function met(blocks: Blocks, goal: Blocks = GOAL): number {
  const wanted = Object.entries(goal);
  return wanted.filter(([block, under]) => blocks[block] === under).length / wanted.length;
}

export function blocksProblem(start: Blocks = START, goal: Blocks = GOAL): PlanSearchProblem {
  return {
    propose: (prefix) => moves(after(prefix, start)).map((step) => ({ step })),
    value: (prefix) => met(after(prefix, start), goal) * 0.9,
    verify: (prefix) => (met(after(prefix, start), goal) === 1 ? { success: true } : undefined),
  };
}

/** Always the step of highest value, the first of equals. */
export async function greedyPlan(problem: PlanSearchProblem, depth: number): Promise<PlanStep[]> {
  const plan: PlanStep[] = [];
  for (let k = 0; k < depth && (await problem.verify!(plan)) === undefined; k++) {
    let [best, highest] = [undefined as PlanStep | undefined, -1];
    for (const step of moves(after(plan))) {
      const value = await problem.value([...plan, step]);
      if (value > highest) [best, highest] = [step, value];
    }
    plan.push(best!);
  }
  return plan;
}
