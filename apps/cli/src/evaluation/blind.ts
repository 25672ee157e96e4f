import type { CameraImage } from "@reverie/core";
import type { Completion, GenerateRequest, PlannerBackend } from "@reverie/planning";

const blackened = (images: readonly CameraImage[]): CameraImage[] =>
  images.map(({ camera, width, height, rgb }) => ({ camera, width, height, rgb: new Uint8Array(rgb.length) }));

/**
 * The text-only ablation: another planner that gets black pictures in place of what the cameras see, for plans and verdicts alike. What
 * it still does right, it does by the words.
 */
export class BlindBackend implements PlannerBackend {
  readonly name = "text-only";
  readonly privileged = false;
  readonly #sighted: PlannerBackend;

  /** @param sighted - not privileged: facts would see for it */
  constructor(sighted: PlannerBackend) {
    this.#sighted = sighted;
  }

  async generate(request: GenerateRequest, signal: AbortSignal): Promise<Completion> {
    return this.#sighted.generate(request.kind === "plan" ? blindPlan(request) : blindVerify(request), signal);
  }
}

function blindPlan({ plan }: Extract<GenerateRequest, { kind: "plan" }>): GenerateRequest {
  const { task, instruction, skills, objects, history, seed } = plan;
  const observe: typeof plan.observe = async (size) => blackened(await plan.observe(size));
  return { kind: "plan", plan: { task, instruction, skills, objects, history, seed, observe } };
}

function blindVerify({ verify }: Extract<GenerateRequest, { kind: "verify" }>): GenerateRequest {
  const { task, instruction, step, skills, objects } = verify;
  const observe: typeof verify.observe = async (size) => {
    const { before, after } = await verify.observe(size);
    return { before: blackened(before), after: blackened(after) };
  };
  return { kind: "verify", verify: { task, instruction, step, skills, objects, observe } };
}
