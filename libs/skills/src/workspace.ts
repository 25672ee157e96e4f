import { transformPoint, type Pose, type SceneObject, type Vector3 } from "@reverie/core";
import type { World } from "@reverie/physics";
import type { ArmController, InverseKinematics } from "@reverie/robots";

// What skills and predicates know about the objects of a tabletop: where to hold them, what fits on or in them, how they move.

/** An object that can be lifted by two opposite faces. */
export interface GraspDescription {
  /** Half extents of the solid in its body frame, metres. Grasped across x or y, from above. */
  readonly halfExtents: Vector3;
}

/** A flat top that things can be put on, in the body frame. */
export interface SupportDescription {
  readonly center: Vector3;
  /** Half size of the usable area, metres. */
  readonly halfX: number;
  readonly halfY: number;
  /** Body that carries what lies there, for an area that is only marked on another body. @defaultValue the object's own body */
  readonly surfaceBody?: string;
}

/** An open-topped box that things can be put in, in the body frame. */
export interface ContainerDescription {
  /** Centre of the inner space. */
  readonly center: Vector3;
  readonly halfExtents: Vector3;
  /** Where things are let go, when not anywhere inside: half sizes around a centre in the body frame. */
  readonly drop?: SupportDescription;
  /** The fingers must close along the body's y axis here, because the hand is too long to fit the other way. @defaultValue false */
  readonly closeAlongY?: boolean;
}

/** Something that slides open by a handle. Positive joint positions are open. */
export interface OpenableDescription {
  readonly joint: string;
  /** Joint position that `open` aims at, and from which on it counts as open, metres. */
  readonly openPosition: number;
  readonly openThreshold: number;
  /** At or below this it counts as closed, metres. */
  readonly closedThreshold: number;
  /** Middle of the handle bar in the body frame; the bar is straddled along the body's x axis. */
  readonly handle: Vector3;
}

/** A button that is pressed along its joint. */
export interface PressableDescription {
  readonly joint: string;
  /** Joint travel that counts as pressed, metres (positive is down). */
  readonly pressDepth: number;
  /** Centre of the cap's top in the body frame. */
  readonly top: Vector3;
}

/** A named object and what can be done with it. `body` is the body that moves. */
export interface ObjectDescription extends SceneObject {
  readonly body: string;
  readonly grasp?: GraspDescription;
  readonly support?: SupportDescription;
  readonly container?: ContainerDescription;
  readonly openable?: OpenableDescription;
  readonly pressable?: PressableDescription;
  /** Radius of the footprint that other things keep clear of, metres. */
  readonly footprintRadius: number;
  /** Height of the highest point above the table, metres, for planning moves over it. */
  readonly height: number;
}

/** An object with its place in the world looked up. */
export interface WorkspaceObject extends ObjectDescription {
  readonly bodyIndex: number;
  /** Body that carries what lies on the object. */
  readonly surfaceIndex: number;
}

/** Everything a skill works with. One for each running world. */
export class Workspace {
  readonly world: World;
  readonly arm: ArmController;
  readonly inverseKinematics: InverseKinematics;
  readonly objects: readonly WorkspaceObject[];
  /** Seconds between commands. */
  readonly periodSeconds: number;
  /** Buttons that were pressed in this episode; kept by the environment, part of its snapshot. */
  readonly pressed: Set<string>;
  readonly #byId: ReadonlyMap<string, WorkspaceObject>;

  constructor(options: {
    world: World;
    arm: ArmController;
    inverseKinematics: InverseKinematics;
    objects: readonly ObjectDescription[];
    periodSeconds: number;
  }) {
    this.world = options.world;
    this.arm = options.arm;
    this.inverseKinematics = options.inverseKinematics;
    this.periodSeconds = options.periodSeconds;
    this.objects = options.objects.map((object) => ({
      ...object,
      bodyIndex: options.world.bodyIndex(object.body),
      surfaceIndex: options.world.bodyIndex(object.support?.surfaceBody ?? object.body),
    }));
    this.#byId = new Map(this.objects.map((object) => [object.id, object]));
    this.pressed = new Set();
  }

  /** The object with this id, if there is one. */
  object(id: string): WorkspaceObject | undefined {
    return this.#byId.get(id);
  }

  pose(object: WorkspaceObject): Pose {
    return this.world.pose(object.bodyIndex);
  }

  /** A point of an object's body frame in the world. */
  pointOf(object: WorkspaceObject, local: Vector3): Vector3 {
    return transformPoint(this.pose(object), local);
  }

  /** The object in the gripper, if any: both pads press on it and nothing else carries it. */
  heldObject(): WorkspaceObject | undefined {
    return this.objects.find((object) => object.grasp !== undefined && isHeld(this, object));
  }
}

/** Whether both pads press on the object and it rests on nothing. */
export function isHeld(workspace: Workspace, object: WorkspaceObject): boolean {
  const { world, arm } = workspace;
  if (!arm.grips(object.bodyIndex)) return false;
  const [left, right] = arm.fingers;
  return world
    .contacts(object.bodyIndex)
    .every((contact) => contact.body === left || contact.body === right || contact.body === arm.hand || contact.impulse === 0);
}
