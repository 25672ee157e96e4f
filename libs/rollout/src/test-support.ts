import type {
  Assignment,
  CameraImage,
  Fact,
  Observation,
  PlanningEnvironment,
  PlanStep,
  Pose,
  RenderOptions,
  SceneDescription,
  SceneObject,
  SkillFailureReason,
  SkillSignature,
  SkillTick,
  Space,
  StepResult,
} from "@reverie/core";
import { applyEffects, deriveFacts, FactSet, IDENTITY_POSE, StateError, UnknownIdError, unmetPreconditions } from "@reverie/core";
import type { CallUsage, Completion, Planner, PlanRequest, VerifyRequest } from "@reverie/planning";

// A world small enough to check by hand, for the package's own tests: two cubes and a table in pure symbols. A skill takes
// five control steps and then has its declared effects, unless a fault was arranged.

const SKILLS: readonly SkillSignature[] = [
  {
    name: "pick",
    description: "Grasps an object and lifts it.",
    parameters: [{ name: "object", type: "graspable", description: "what to grasp" }],
    preconditions: [{ fact: ["handEmpty"] }, { fact: ["clear", "?object"] }],
    effects: [{ adds: [["holding", "?object"]], deletes: [["on", "?object", "*"]] }],
  },
  {
    name: "place",
    description: "Puts the held object on another.",
    parameters: [
      { name: "object", type: "graspable", description: "what is held" },
      { name: "target", type: "support", description: "where it goes" },
    ],
    preconditions: [{ fact: ["holding", "?object"] }],
    effects: [{ adds: [["on", "?object", "?target"]], deletes: [["holding", "?object"]] }],
  },
];

const OBJECTS: readonly SceneObject[] = [
  { id: "red_cube", types: ["graspable", "support", "cube"], description: "red cube" },
  { id: "blue_cube", types: ["graspable", "support", "cube"], description: "blue cube" },
  { id: "table", types: ["support"], description: "table" },
];

const STEPS_PER_SKILL = 5;

/** What goes wrong at the n-th skill that is run, counted from 0. */
export type Faults = Readonly<Record<number, SkillFailureReason | "does-nothing">>;

interface SavedState {
  readonly facts: readonly Fact[];
  readonly steps: number;
  readonly skillsRun: number;
  readonly ended: boolean;
}

export class CubeWorld implements PlanningEnvironment {
  readonly id = "test/stack";
  readonly version = 1;
  readonly actionSpace: Space = { type: "box", shape: [1], dtype: "float32", low: -1, high: 1 };
  readonly observationSpace: Space = { type: "box", shape: [1], dtype: "float32", low: 0, high: 1e6 };
  readonly controlHz = 20;
  readonly maxSteps: number;
  readonly skills: readonly SkillSignature[] = SKILLS;
  readonly objects: readonly SceneObject[] = OBJECTS;
  readonly scene: SceneDescription = {
    bodies: [],
    joints: [],
    cameras: [{ id: "front", pose: IDENTITY_POSE, verticalFov: 1, width: 1, height: 1, near: 0.1, far: 10 }],
  };
  readonly #faults: Faults;
  #facts = new FactSet();
  #assignment: Assignment | undefined;
  #steps = 0;
  #ended = false;
  #skillsRun = 0;
  /** How many pictures were taken. */
  renders = 0;

  constructor({ faults = {}, maxSteps = 100 }: { faults?: Faults; maxSteps?: number } = {}) {
    this.#faults = faults;
    this.maxSteps = maxSteps;
  }

  get assignment(): Assignment {
    if (this.#assignment === undefined) throw new StateError("call reset first.");
    return this.#assignment;
  }

  get stepCount(): number {
    return this.#steps;
  }

  get ended(): boolean {
    return this.#ended;
  }

  #observation(): Observation {
    return { proprioception: new Float32Array([this.#steps]), instruction: this.assignment.instruction };
  }

  reset({ seed = 0 }: { seed?: number } = {}): ReturnType<PlanningEnvironment["reset"]> {
    this.#facts = new FactSet([
      ["on", "red_cube", "table"],
      ["on", "blue_cube", "table"],
    ]);
    this.#steps = 0;
    this.#skillsRun = 0;
    this.#ended = false;
    const references = [
      [
        { skill: "pick", args: { object: "red_cube" } },
        { skill: "place", args: { object: "red_cube", target: "blue_cube" } },
      ],
    ];
    this.#assignment = { instruction: "Put the red cube on the blue cube.", goal: [{ fact: ["on", "red_cube", "blue_cube"] }], references };
    return { observation: this.#observation(), info: { seed, randomization: {} } };
  }

  assign(assignment: Assignment): void {
    this.#assignment = assignment;
  }

  step(): StepResult {
    if (this.#ended) throw new StateError("the episode has ended; call reset first.");
    this.#steps++;
    const facts = deriveFacts(this.#facts, OBJECTS);
    const { goal } = this.assignment;
    const holding = goal.filter((literal) => facts.satisfies(literal)).length;
    const success = holding === goal.length;
    const truncated = !success && this.#steps >= this.maxSteps;
    this.#ended = success || truncated;
    return {
      observation: this.#observation(),
      reward: 0,
      terminated: success,
      truncated,
      info: { success, progress: holding / goal.length },
    };
  }

  *execute({ skill, args }: PlanStep): Generator<SkillTick, SkillTick> {
    const fault = this.#faults[this.#skillsRun++];
    const signature = SKILLS.find(({ name }) => name === skill);
    const unmet = signature === undefined ? undefined : unmetPreconditions(signature, args, this.#facts, OBJECTS);
    if (signature === undefined || unmet === undefined || unmet.length > 0)
      return { running: false, status: "failed", reason: "precondition" };
    for (let i = 0; i < STEPS_PER_SKILL; i++) {
      if (i === STEPS_PER_SKILL - 1 && fault === undefined) this.#facts = applyEffects(signature, args, this.#facts, OBJECTS);
      yield { running: true, step: this.step() };
    }
    if (fault === undefined || fault === "does-nothing") return { running: false, status: "succeeded" };
    return { running: false, status: "failed", reason: fault, detail: "as arranged" };
  }

  facts(): Fact[] {
    return [...this.#facts];
  }

  render(camera: string, { width = 1, height = 1 }: RenderOptions = {}): CameraImage {
    if (camera !== "front") throw new UnknownIdError("camera", camera, ["front"]);
    this.renders++;
    const rgb = new Uint8Array(3 * width * height);
    rgb[0] = this.#steps;
    return { camera, width, height, rgb };
  }

  snapshot(): Uint8Array {
    const state: SavedState = { facts: [...this.#facts], steps: this.#steps, skillsRun: this.#skillsRun, ended: this.#ended };
    return new TextEncoder().encode(JSON.stringify(state));
  }

  restore(snapshot: Uint8Array): void {
    const saved = JSON.parse(new TextDecoder().decode(snapshot)) as SavedState;
    this.#facts = new FactSet(saved.facts);
    this.#steps = saved.steps;
    this.#skillsRun = saved.skillsRun;
    this.#ended = saved.ended;
  }

  poses(): Float32Array {
    return new Float32Array();
  }

  cameraPose(): Pose {
    return IDENTITY_POSE;
  }

  close(): void {
    this.#ended = true;
  }
}

const USAGE: CallUsage = { latencyMs: 1, attempts: 1 };

/** Text in the plan format. */
export function planText(...steps: readonly string[]): string {
  return `<think>Step by step.</think><answer>${steps.map((step, i) => `${i + 1}. ${step}`).join("\n")}</answer>`;
}

/** A planner that says what it was told to say, and remembers what it was asked. */
export class ScriptedPlanner implements Planner {
  readonly name = "scripted";
  readonly privileged: boolean;
  readonly planRequests: PlanRequest[] = [];
  readonly verifyRequests: VerifyRequest[] = [];
  readonly #plans: readonly (string | (() => Promise<string>))[];
  readonly #judge: (request: VerifyRequest, n: number) => boolean | Promise<boolean>;

  constructor(
    plans: readonly (string | (() => Promise<string>))[],
    {
      privileged = false,
      judge = () => true,
    }: { privileged?: boolean; judge?: (request: VerifyRequest, n: number) => boolean | Promise<boolean> } = {},
  ) {
    this.#plans = plans;
    this.#judge = judge;
    this.privileged = privileged;
  }

  async plan(request: PlanRequest): Promise<Completion> {
    this.planRequests.push(request);
    const script = this.#plans[Math.min(this.planRequests.length, this.#plans.length) - 1] ?? "";
    return { text: typeof script === "string" ? script : await script(), usage: USAGE };
  }

  async verify(request: VerifyRequest): Promise<{ complete: boolean; explanation: string; usage: CallUsage }> {
    this.verifyRequests.push(request);
    const complete = await this.#judge(request, this.verifyRequests.length - 1);
    return { complete, explanation: complete ? "It is there." : "It is not there.", usage: USAGE };
  }
}
