import type { SceneObject, SkillSignature } from "@reverie/core";
import { formatPlan, type Completion, type GenerateRequest, type PlannerBackend } from "@reverie/planning";

// The comparison without a planner: the instruction is taken for a single skill.

/** Words that stand for a skill. The first skill of this list that the instruction has a word of is taken. */
const VERBS: Readonly<Record<string, readonly string[]>> = {
  place: ["put", "place", "stack", "set", "move", "drop", "store"],
  press: ["press", "push"],
  open: ["open", "pull"],
  close: ["close", "shut"],
  pick: ["pick", "lift", "grab", "take"],
};

/** Things in the order in which an instruction names them: by their words, a cube also as a block. */
function namedObjects(instruction: string, objects: readonly SceneObject[]): SceneObject[] {
  const text = instruction.toLowerCase();
  return objects
    .map((object) => {
      const words = [object.description, object.description.replace("cube", "block")];
      return { object, at: Math.min(...words.map((word) => text.indexOf(word)).filter((at) => at >= 0), Infinity) };
    })
    .filter(({ at }) => at < Infinity)
    .sort((a, b) => a.at - b.at)
    .map(({ object }) => object);
}

/** Takes every instruction for one skill, with the things it names as arguments. What planning adds is what others do better. */
export class OneSkillBackend implements PlannerBackend {
  readonly name = "no-planner";
  readonly privileged = false;

  async generate(request: GenerateRequest, signal: AbortSignal): Promise<Completion> {
    signal.throwIfAborted();
    const start = performance.now();
    const text = request.kind === "verify" ? "True" : this.#plan(request.plan.instruction, request.plan.skills, request.plan.objects);
    return { text, usage: { latencyMs: performance.now() - start, attempts: 1 } };
  }

  #plan(instruction: string, skills: readonly SkillSignature[], objects: readonly SceneObject[]): string {
    const words = new Set(instruction.toLowerCase().match(/[a-z]+/g));
    const name = Object.keys(VERBS).find((skill) => VERBS[skill]!.some((verb) => words.has(verb)));
    const skill = skills.find((candidate) => candidate.name === name);
    if (skill === undefined) return formatPlan({ steps: [] }, "line", skills);
    const named = namedObjects(instruction, objects);
    const args: Record<string, string> = {};
    for (const parameter of skill.parameters) {
      const fitting = named.find(({ id, types }) => types.includes(parameter.type) && !Object.values(args).includes(id));
      if (fitting !== undefined) args[parameter.name] = fitting.id;
    }
    const steps = Object.keys(args).length === skill.parameters.length ? [{ skill: skill.name, args }] : [];
    return formatPlan({ steps, reasoning: "One skill for all of it." }, "line", skills);
  }
}
