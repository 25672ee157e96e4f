import {
  assertInside,
  compose,
  distance,
  InputError,
  norm,
  packSections,
  Rng,
  StateError,
  UnknownIdError,
  unpackSections,
  type Assignment,
  type CameraImage,
  type Fact,
  type Observation,
  type PlanningEnvironment,
  type PlanStep,
  type Pose,
  type RenderOptions,
  type ResetInfo,
  type ResetOptions,
  type ResetResult,
  type SceneDescription,
  type SceneObject,
  type SkillSignature,
  type SkillTick,
  type Space,
  type StepResult,
  type VisualRandomization,
} from "@reverie/core";
import { World, type PhysicsEngine } from "@reverie/physics";
import { applySensorNoise, applyVisualRandomization, Rasteriser, SceneGraph } from "@reverie/render";
import { ARM_JOINT_COUNT, ArmController, InverseKinematics } from "@reverie/robots";
import { readFacts, runSkill, skills, Workspace, type SkillDefinition } from "@reverie/skills";
import { sampleCameraJitter, type TaskDefinition } from "./define-task.ts";
import { assertGoal } from "./goal.ts";
import { GoalTracker } from "./goal-tracker.ts";
import { readResetOptions, visualFromData, type VisualChoice } from "./reset-options.ts";
import { posesFromBytes, posesToBytes, readSavedState, type SavedState } from "./saved-state.ts";
import { ACTION_SPACE, OBSERVATION_SPACE, PROPRIOCEPTION_SIZE } from "./spaces.ts";
import { tabletopScene } from "./tabletop.ts";

export const CONTROL_HZ = 20;
const PHYSICS_HZ = 120;
const SUBSTEPS = PHYSICS_HZ / CONTROL_HZ;
/** Physics steps before an episode begins, so that everything has come to rest. */
const SETTLE_STEPS = 24;
/** For how many control steps the goal must hold: 0.2 s. */
const GOAL_STEPS = 4;
/** How far the gripper must be from what it has put down, metres. */
const RELEASE_DISTANCE = 0.07;
/** Faster than this is not at rest, m/s. */
const REST_SPEED = 0.02;

const SKILLS: ReadonlyMap<string, SkillDefinition> = new Map([...skills].map((skill) => [skill.signature.name, skill]));
const SIGNATURES: readonly SkillSignature[] = [...skills].map((skill) => skill.signature);

/** Everything that lives for one episode. */
interface Running {
  readonly seed: number;
  readonly world: World;
  readonly workspace: Workspace;
  /** As it looks in this episode. */
  readonly scene: SceneDescription;
  /** How it was made to look; undefined = as the task describes it. */
  readonly visual: VisualRandomization | undefined;
  /** Whether snapshots hold the poses of the step before. */
  readonly keepsFlow: boolean;
  /** What the task was asked for. */
  readonly options: Readonly<Record<string, unknown>>;
  readonly info: ResetInfo;
  readonly taskAssignment: Assignment;
  readonly poses: Float32Array;
  /** Poses one control step ago. */
  readonly previousPoses: Float32Array;
  hasPrevious: boolean;
  graph: SceneGraph | undefined;
  assignment: Assignment;
  stepCount: number;
  goalStreak: number;
  ended: boolean;
  tracker: GoalTracker;
}

/** A tabletop task in physics: seven-joint arm, 20 Hz control, 120 Hz physics. See `PlanningEnvironment` for the contract. */
export class ManipulationEnvironment implements PlanningEnvironment {
  readonly id: string;
  readonly version: number;
  readonly actionSpace: Space = ACTION_SPACE;
  readonly observationSpace: Space = OBSERVATION_SPACE;
  readonly controlHz = CONTROL_HZ;
  readonly maxSteps: number;
  readonly skills = SIGNATURES;
  readonly #task: TaskDefinition;
  readonly #engine: PhysicsEngine;
  readonly #inverseKinematics = new InverseKinematics();
  readonly #rasteriser = new Rasteriser();
  readonly #joints = new Float64Array(ARM_JOINT_COUNT);
  #nextSeed = 0;
  #running: Running | undefined;
  #closed = false;

  constructor(task: TaskDefinition, engine: PhysicsEngine) {
    this.#task = task;
    this.#engine = engine;
    this.id = `manipulation/${task.name}`;
    this.version = task.version;
    this.maxSteps = task.maxSteps;
  }

  get #live(): Running {
    if (this.#closed) throw new StateError(`${this.id} was used after close(); make a new environment.`);
    if (this.#running === undefined) throw new StateError(`${this.id} was used before reset(); call reset() first.`);
    return this.#running;
  }

  reset(options: ResetOptions = {}): ResetResult {
    if (this.#closed) throw new StateError(`${this.id} was reset after close(); make a new environment.`);
    const { visual, flow, task } = readResetOptions(options.options, this.#task.options);
    const running = this.#build(options.seed ?? this.#nextSeed, visual, flow, task);
    this.#adopt(running);
    return { observation: this.#observe(running), info: running.info };
  }

  /** A new episode beside the running one. Physics knows nothing of its look. */
  #build(seed: number, choice: VisualChoice, keepsFlow: boolean, options: Readonly<Record<string, unknown>>): Running {
    const rng = this.#random(seed);
    const sampled = this.#task.sample(rng.split("scene"), options);
    const cameraJitter = sampleCameraJitter(rng.split("cameras"));
    const wording = rng.split("wording").choice(this.#task.instructions);
    const instruction = sampled.instruction ?? wording.replace(/\{(\w+)\}/g, (_, word: string) => sampled.words[word] ?? word);
    const { scene, objects } = tabletopScene(sampled.props, cameraJitter);
    const visual = choice(rng.split("visual"), scene);
    const seen = visual === undefined ? scene : applyVisualRandomization(scene, visual);
    const world = new World(this.#engine, scene, { timestep: 1 / PHYSICS_HZ });
    const workspace = new Workspace({
      world,
      arm: new ArmController(world),
      inverseKinematics: this.#inverseKinematics,
      objects,
      periodSeconds: 1 / CONTROL_HZ,
    });
    for (let i = 0; i < SETTLE_STEPS; i++) world.step();
    const taskAssignment: Assignment = {
      instruction,
      goal: sampled.goal,
      references: sampled.references,
      ...(sampled.order === undefined ? {} : { order: sampled.order }),
    };
    return {
      seed,
      world,
      workspace,
      scene: seen,
      visual,
      keepsFlow,
      options,
      info: {
        seed,
        randomization: { ...sampled.randomization, cameraJitter, instruction, ...(visual === undefined ? {} : { visual }) },
      },
      taskAssignment,
      poses: new Float32Array(scene.bodies.length * 7),
      previousPoses: new Float32Array(scene.bodies.length * 7),
      hasPrevious: false,
      graph: undefined,
      assignment: taskAssignment,
      stepCount: 0,
      goalStreak: 0,
      ended: false,
      tracker: new GoalTracker(workspace, taskAssignment),
    };
  }

  /** All that is drawn in an episode comes from splits of this. */
  #random(seed: number): Rng {
    return new Rng(seed).split(`${this.id}@${this.version}`);
  }

  /** Puts an episode in the place of the running one. */
  #adopt(running: Running): void {
    if (this.#running !== running) this.#free();
    this.#running = running;
    this.#nextSeed = (running.seed + 1) % 0x1_0000_0000;
  }

  step(action: Float32Array): StepResult {
    const running = this.#live;
    if (running.ended) throw new StateError(`${this.id} was stepped after the episode ended; call reset() first.`);
    assertInside(ACTION_SPACE, action, "action");
    const { world, workspace } = running;
    world.readPoses(running.previousPoses);
    running.hasPrevious = true;
    for (let i = 0; i < ARM_JOINT_COUNT; i++) this.#joints[i] = action[i] as number;
    workspace.arm.command(this.#joints, action[ARM_JOINT_COUNT] as number, 1 / CONTROL_HZ);
    for (let k = 1; k <= SUBSTEPS; k++) {
      workspace.arm.drive(k / SUBSTEPS);
      world.step();
    }
    world.assertFinite();
    running.stepCount++;
    this.#latchButtons(workspace);
    running.tracker.look(workspace);
    running.goalStreak = running.tracker.complete && this.#settled(running) ? running.goalStreak + 1 : 0;
    const success = running.goalStreak >= GOAL_STEPS;
    const truncated = !success && running.stepCount >= this.maxSteps;
    running.ended = success || truncated;
    return {
      observation: this.#observe(running),
      reward: success ? 1 : 0,
      terminated: success,
      truncated,
      info: { success, progress: running.tracker.progress },
    };
  }

  /** A button counts as pressed for the rest of the episode once its cap went down far enough. */
  #latchButtons(workspace: Workspace): void {
    for (const object of workspace.objects) {
      if (object.pressable === undefined || workspace.pressed.has(object.id)) continue;
      const { joint, pressDepth } = object.pressable;
      if (workspace.world.jointPosition(workspace.world.jointIndex(joint)) >= pressDepth) workspace.pressed.add(object.id);
    }
  }

  /** What a goal asks beside its literals: what was put down is let go and left; the task's own condition. */
  #settled(running: Running): boolean {
    const { workspace, assignment } = running;
    const tool = workspace.arm.tool().position;
    for (const { fact, negated } of assignment.goal) {
      if (negated === true || (fact[0] !== "on" && fact[0] !== "in")) continue;
      const object = workspace.object(fact[1] ?? "");
      if (object === undefined) continue;
      if (distance(workspace.pose(object).position, tool) < RELEASE_DISTANCE) return false;
      if (norm(workspace.world.linearVelocity(object.bodyIndex)) > REST_SPEED) return false;
    }
    return assignment !== running.taskAssignment || (this.#task.holds?.(workspace, assignment.goal) ?? true);
  }

  #observe(running: Running): Observation {
    const { arm } = running.workspace;
    const out = new Float32Array(PROPRIOCEPTION_SIZE);
    arm.readJointPositions(out);
    arm.readJointVelocities(out.subarray(ARM_JOINT_COUNT));
    const tool = arm.tool();
    out[14] = arm.opening();
    out[15] = tool.position.x;
    out[16] = tool.position.y;
    out[17] = tool.position.z;
    out[18] = tool.orientation.x;
    out[19] = tool.orientation.y;
    out[20] = tool.orientation.z;
    out[21] = tool.orientation.w;
    return { proprioception: out, instruction: running.assignment.instruction };
  }

  render(camera: string, options: RenderOptions = {}): CameraImage {
    const running = this.#live;
    running.graph ??= new SceneGraph(running.scene);
    running.graph.setPoses(this.poses());
    if (options.flow === true) running.graph.setPreviousPoses(running.hasPrevious ? running.previousPoses : undefined);
    const image = this.#rasteriser.render(running.graph, camera, options);
    const noise = running.visual?.sensor;
    // Of this step and camera alone: a second picture of one state has the same bytes.
    if (noise !== undefined) applySensorNoise(image, noise, this.#random(running.seed).split(`sensor ${running.stepCount} ${camera}`));
    return image;
  }

  poses(): Float32Array {
    const running = this.#live;
    running.world.readPoses(running.poses);
    return running.poses;
  }

  cameraPose(camera: string): Pose {
    const running = this.#live;
    const description = running.scene.cameras.find((candidate) => candidate.id === camera);
    if (description === undefined) {
      throw new UnknownIdError(
        "camera",
        camera,
        running.scene.cameras.map((candidate) => candidate.id),
      );
    }
    if (description.body === undefined) return description.pose;
    return compose(running.world.pose(running.world.bodyIndex(description.body)), description.pose);
  }

  get objects(): readonly SceneObject[] {
    return this.#live.workspace.objects.map(({ id, types, description }) => ({ id, types, description }));
  }

  get scene(): SceneDescription {
    return this.#live.scene;
  }

  get assignment(): Assignment {
    return this.#live.assignment;
  }

  get stepCount(): number {
    return this.#live.stepCount;
  }

  get ended(): boolean {
    return this.#live.ended;
  }

  assign(assignment: Assignment): void {
    const running = this.#live;
    assertGoal(running.workspace, assignment);
    running.assignment = assignment;
    running.tracker = new GoalTracker(running.workspace, assignment);
    running.goalStreak = 0;
  }

  facts(): Fact[] {
    return readFacts(this.#live.workspace);
  }

  *execute(step: PlanStep): Generator<SkillTick, SkillTick, void> {
    const running = this.#live;
    const run = runSkill(running.workspace, SKILLS, step);
    for (;;) {
      if (this.#running !== running || running.ended) {
        return { running: false, status: "failed", reason: "interrupted", detail: "the episode ended first" };
      }
      const next = run.next();
      if (next.done === true) {
        const outcome = next.value;
        return outcome.status === "succeeded"
          ? { running: false, status: "succeeded" }
          : { running: false, status: "failed", reason: outcome.reason, detail: outcome.detail };
      }
      const action = new Float32Array(ARM_JOINT_COUNT + 1);
      action.set(next.value.jointPositions);
      action[ARM_JOINT_COUNT] = next.value.opening;
      yield { running: true, step: this.step(action) };
    }
  }

  snapshot(): Uint8Array {
    const running = this.#live;
    const saved: SavedState = {
      task: this.id,
      version: this.version,
      seed: running.seed,
      stepCount: running.stepCount,
      goalStreak: running.goalStreak,
      ended: running.ended,
      pressed: [...running.workspace.pressed].sort(),
      goal: running.tracker.save(),
      ...(running.assignment === running.taskAssignment ? {} : { assignment: running.assignment }),
      ...(running.visual === undefined ? {} : { visual: running.visual }),
      ...(running.keepsFlow ? { flow: true } : {}),
      ...(Object.keys(running.options).length === 0 ? {} : { options: running.options }),
    };
    const target = running.workspace.arm.target.slice();
    return packSections([
      ["state", new TextEncoder().encode(JSON.stringify(saved))],
      ["arm", new Uint8Array(target.buffer)],
      ["world", running.world.snapshot()],
      ...(running.keepsFlow && running.hasPrevious ? [["previous", posesToBytes(running.previousPoses)] as const] : []),
    ]);
  }

  restore(snapshot: Uint8Array): void {
    if (this.#closed) throw new StateError(`${this.id} was restored after close(); make a new environment.`);
    const sections = unpackSections(snapshot);
    const state = sections.get("state");
    const arm = sections.get("arm");
    const world = sections.get("world");
    const previous = sections.get("previous");
    if (state === undefined || world === undefined || arm === undefined || arm.length !== (ARM_JOINT_COUNT + 1) * 8) {
      throw new InputError("snapshot", `lacks its state, arm or world section; expected bytes that ${this.id} gave.`);
    }
    const saved = readSavedState(state, this.id, this.version);
    const look = visualFromData(saved.visual === undefined ? {} : saved.visual, "snapshot.visual");
    const running = this.#fitting(saved) ?? this.#build(saved.seed, look, saved.flow === true, saved.options ?? {});
    let poses: Float32Array | undefined;
    try {
      const { goal, order = [] } = saved.assignment ?? running.taskAssignment;
      assertGoal(running.workspace, { goal, order });
      if (
        saved.goal.holding.length !== goal.length ||
        saved.goal.reached.length !== goal.length ||
        saved.goal.inOrder.length !== order.length
      ) {
        throw new InputError("snapshot.goal", "does not fit the goal that is asked.");
      }
      if (previous !== undefined) poses = posesFromBytes(previous, running.poses.length);
      running.world.restore(world);
    } catch (error) {
      // What was running goes on.
      if (running !== this.#running) running.world.free();
      throw error;
    }
    this.#adopt(running);
    running.workspace.arm.restoreTarget(new Float64Array(arm.slice().buffer));
    running.hasPrevious = poses !== undefined;
    if (poses !== undefined) running.previousPoses.set(poses);
    running.workspace.pressed.clear();
    for (const id of saved.pressed) running.workspace.pressed.add(id);
    running.stepCount = saved.stepCount;
    running.goalStreak = saved.goalStreak;
    running.ended = saved.ended;
    running.assignment = saved.assignment ?? running.taskAssignment;
    running.tracker = new GoalTracker(running.workspace, running.assignment);
    running.tracker.restore(saved.goal);
  }

  /** The running episode, when it is the one that was saved. */
  #fitting(saved: SavedState): Running | undefined {
    const running = this.#running;
    if (running?.seed !== saved.seed || running.keepsFlow !== (saved.flow === true)) return undefined;
    if (JSON.stringify(running.options) !== JSON.stringify(saved.options ?? {})) return undefined;
    return JSON.stringify(running.visual) === JSON.stringify(saved.visual) ? running : undefined;
  }

  #free(): void {
    this.#running?.graph?.dispose();
    this.#running?.world.free();
    this.#running = undefined;
  }

  close(): void {
    this.#free();
    this.#closed = true;
  }
}
