import { expectedChanges, FactSet, factText, IDENTITY_QUATERNION, type BodyDescription, type PlanStep, type Pose } from "@reverie/core";
import { World, type PhysicsEngine } from "@reverie/physics";
import { ArmController, InverseKinematics } from "@reverie/robots";
import { readFacts, runSkill, skills, Workspace, type SkillDefinition, type SkillOutcome } from "@reverie/skills";
import type { Prop } from "../props/prop.ts";
import { tabletopScene } from "../tabletop.ts";

// A staged tabletop without a task: props where a test wants them, obstacles that no skill knows of.

const PERIOD = 1 / 20;
const SUBSTEPS = 6;

export const SKILLS: ReadonlyMap<string, SkillDefinition> = new Map([...skills].map((skill) => [skill.signature.name, skill]));

/** `pick red_cube` as a plan step, arguments in the order of the skill's parameters. */
export function stepOf(text: string): PlanStep {
  const [skill = "", ...ids] = text.split(" ");
  const parameters = SKILLS.get(skill)?.signature.parameters ?? [];
  return { skill, args: Object.fromEntries(parameters.map(({ name }, i) => [name, ids[i] ?? ""])) };
}

/** A box that stands in the way and is no object of the workspace. Half sizes and centre in metres. */
export function obstacle(id: string, half: readonly [number, number, number], center: readonly [number, number, number]): BodyDescription {
  return {
    id,
    kind: "kinematic",
    worldFromBody: poseAt(...center),
    shapes: [{ geometry: { kind: "box", halfExtents: { x: half[0], y: half[1], z: half[2] } }, color: [0.3, 0.3, 0.3] }],
  };
}

export const poseAt = (x: number, y: number, z: number): Pose => ({ position: { x, y, z }, orientation: IDENTITY_QUATERNION });

/** The prop with its bodies changed. */
export function changed(prop: Prop, change: (body: BodyDescription) => BodyDescription): Prop {
  return { ...prop, bodies: prop.bodies.map(change) };
}

export class Stage {
  readonly world: World;
  readonly workspace: Workspace;

  constructor(engine: PhysicsEngine, props: readonly Prop[], obstacles: readonly BodyDescription[] = []) {
    const { scene, objects } = tabletopScene(props, { x: 0, y: 0, z: 0 });
    this.world = new World(engine, { ...scene, bodies: [...scene.bodies, ...obstacles] });
    this.workspace = new Workspace({
      world: this.world,
      arm: new ArmController(this.world),
      inverseKinematics: new InverseKinematics(),
      objects,
      periodSeconds: PERIOD,
    });
    this.settle(24);
  }

  settle(steps: number): void {
    for (let i = 0; i < steps; i++) this.world.step();
  }

  /** Runs a step to its end; `watch` is called after each control period with the time since the start. */
  run(step: PlanStep | string, watch: (seconds: number) => void = () => {}, known = SKILLS): SkillOutcome {
    const run = runSkill(this.workspace, known, typeof step === "string" ? stepOf(step) : step);
    const { arm, pressed, objects } = this.workspace;
    for (let seconds = PERIOD; ; seconds += PERIOD) {
      const next = run.next();
      if (next.done === true) return next.value;
      arm.command(next.value.jointPositions, next.value.opening, PERIOD);
      for (let k = 1; k <= SUBSTEPS; k++) {
        arm.drive(k / SUBSTEPS);
        this.world.step();
      }
      for (const { id, pressable } of objects) {
        if (pressable !== undefined && this.world.jointPosition(this.world.jointIndex(pressable.joint)) >= pressable.pressDepth)
          pressed.add(id);
      }
      watch(seconds);
    }
  }

  /** What is true in the world, as sorted texts. */
  facts(): string[] {
    return readFacts(this.workspace).map(factText).sort();
  }

  /** Declared effects of a step that ran since `before` and that the world does not show. */
  missingEffects(step: string, before: FactSet): string[] {
    const { skill, args } = stepOf(step);
    const signature = SKILLS.get(skill)?.signature;
    if (signature === undefined) throw new Error(`No skill ${skill}.`);
    const now = new FactSet(readFacts(this.workspace));
    const changes = expectedChanges(signature, args, before, this.workspace.objects);
    if (changes.length === 0) throw new Error(`${step} declares no change.`);
    return changes
      .filter((literal) => !now.satisfies(literal))
      .map(({ fact, negated }) => `${negated === true ? "not " : ""}${factText(fact)}`);
  }

  factSet(): FactSet {
    return new FactSet(readFacts(this.workspace));
  }

  free(): void {
    this.world.free();
  }
}
