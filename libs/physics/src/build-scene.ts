import {
  exact,
  IDENTITY_POSE,
  InputError,
  multiply,
  type GeometryDescription,
  type JointDescription,
  type Quaternion,
  type SceneDescription,
} from "@reverie/core";
import type * as Rapier from "@dimforge/rapier3d-simd-compat";

type Module = typeof Rapier;

/** Turns the x axis onto z: Rapier's joint axis is its frame's x, ours is z. */
const Z_FROM_X: Quaternion = { x: 0, y: -Math.SQRT1_2, z: 0, w: Math.SQRT1_2 };
/** Turns z onto y: Rapier's cylinders and capsules stand along y, ours along z. */
const Z_FROM_Y: Quaternion = { x: Math.SQRT1_2, y: 0, z: 0, w: Math.SQRT1_2 };

/** Volume in cubic metres. */
export function geometryVolume(geometry: GeometryDescription): number {
  switch (geometry.kind) {
    case "box":
      return 8 * geometry.halfExtents.x * geometry.halfExtents.y * geometry.halfExtents.z;
    case "sphere":
      return (4 / 3) * Math.PI * geometry.radius * geometry.radius * geometry.radius;
    case "cylinder":
      return 2 * Math.PI * geometry.radius * geometry.radius * geometry.halfHeight;
    case "capsule":
      return Math.PI * geometry.radius * geometry.radius * (2 * geometry.halfHeight + (4 / 3) * geometry.radius);
  }
}

function colliderDesc(rapier: Module, geometry: GeometryDescription): Rapier.ColliderDesc {
  switch (geometry.kind) {
    case "box":
      return rapier.ColliderDesc.cuboid(geometry.halfExtents.x, geometry.halfExtents.y, geometry.halfExtents.z);
    case "sphere":
      return rapier.ColliderDesc.ball(geometry.radius);
    case "cylinder":
      return rapier.ColliderDesc.cylinder(geometry.halfHeight, geometry.radius);
    case "capsule":
      return rapier.ColliderDesc.capsule(geometry.halfHeight, geometry.radius);
  }
}

/** @throws InputError naming the size that is not positive and finite: the engine would break on it in a later step */
function checkGeometry(geometry: GeometryDescription, path: string): void {
  const sizes: readonly (readonly [string, number])[] =
    geometry.kind === "box"
      ? [
          ["half extent x", geometry.halfExtents.x],
          ["half extent y", geometry.halfExtents.y],
          ["half extent z", geometry.halfExtents.z],
        ]
      : geometry.kind === "sphere"
        ? [["radius", geometry.radius]]
        : [
            ["radius", geometry.radius],
            ["half height", geometry.halfHeight],
          ];
  for (const [name, size] of sizes) {
    if (!(size > 0 && size < Infinity)) throw new InputError(path, `${name} is ${size} m; expected a positive finite number.`);
  }
}

/** Half-way between the limits: Rapier measures angles in (-pi, pi), so its zero is put in the middle of the range. */
export function jointCenter(joint: JointDescription): number {
  return joint.limits === undefined || joint.kind === "fixed" ? 0 : (joint.limits.lower + joint.limits.upper) / 2;
}

/** Handles of what was built, in scene order. */
export interface BuiltScene {
  readonly bodies: Float64Array;
  readonly joints: Float64Array;
  /** Collider handles of each body. */
  readonly colliders: readonly Float64Array[];
}

/**
 * Adds every body and joint of a scene to an empty Rapier world, in order.
 * @throws InputError naming the body or joint when ids repeat or are unknown, a size or pose is no good, or limits are reversed or too wide
 */
export function buildScene(rapier: Module, world: Rapier.World, scene: SceneDescription): BuiltScene {
  const indexOf = new Map<string, number>();
  const bodies = new Float64Array(scene.bodies.length);
  const colliders: Float64Array[] = [];
  scene.bodies.forEach((body, index) => {
    if (indexOf.has(body.id)) throw new InputError(`scene.bodies[${index}].id`, `"${body.id}" is used twice; body ids must be unique.`);
    indexOf.set(body.id, index);
    const desc =
      body.kind === "fixed"
        ? rapier.RigidBodyDesc.fixed()
        : body.kind === "kinematic"
          ? rapier.RigidBodyDesc.kinematicPositionBased()
          : rapier.RigidBodyDesc.dynamic();
    const { position, orientation } = body.worldFromBody;
    const numbers = position.x + position.y + position.z + orientation.x + orientation.y + orientation.z + orientation.w;
    if (!Number.isFinite(numbers)) throw new InputError(`scene.bodies[${index}].worldFromBody`, `"${body.id}" has no finite pose.`);
    body.shapes.forEach((shape, i) => checkGeometry(shape.geometry, `scene.bodies[${index}].shapes[${i}]`));
    desc
      .setTranslation(position.x, position.y, position.z)
      .setRotation(orientation)
      .setLinearDamping(body.linearDamping ?? 0)
      .setAngularDamping(body.angularDamping ?? 0)
      .setGravityScale(body.gravityScale ?? 1)
      .setCanSleep(body.canSleep ?? true)
      .setAdditionalSolverIterations(body.extraSolverIterations ?? 0);
    if (body.inertia !== undefined) {
      const { massKg, centerOfMass, principalInertia } = body.inertia;
      desc.setAdditionalMassProperties(massKg, centerOfMass, principalInertia, { x: 0, y: 0, z: 0, w: 1 });
    }
    const handle = world.createRigidBody(desc);
    bodies[index] = handle.handle;
    const solid = body.shapes.filter((shape) => shape.collides ?? true);
    const volume = solid.reduce((sum, shape) => sum + geometryVolume(shape.geometry), 0);
    colliders.push(
      Float64Array.from(solid, (shape) => {
        const collider = colliderDesc(rapier, shape.geometry);
        const local = shape.bodyFromShape ?? IDENTITY_POSE;
        const upright = shape.geometry.kind === "cylinder" || shape.geometry.kind === "capsule";
        const massKg = body.inertia !== undefined ? 0 : (shape.massKg ?? ((body.massKg ?? 0.1) * geometryVolume(shape.geometry)) / volume);
        const group = shape.collisionGroup ?? { membership: 1, filter: 0xffff };
        collider
          .setTranslation(local.position.x, local.position.y, local.position.z)
          .setRotation(upright ? multiply(local.orientation, Z_FROM_Y) : local.orientation)
          .setMass(massKg)
          .setFriction(shape.friction ?? 0.6)
          .setRestitution(shape.restitution ?? 0)
          .setCollisionGroups((group.membership << 16) | group.filter);
        return world.createCollider(collider, handle).handle;
      }),
    );
  });

  const joints = new Float64Array(scene.joints.length);
  const jointIds = new Set<string>();
  scene.joints.forEach((joint, index) => {
    const where = `scene.joints[${index}]`;
    if (jointIds.has(joint.id)) throw new InputError(`${where}.id`, `"${joint.id}" is used twice; joint ids must be unique.`);
    jointIds.add(joint.id);
    const parentIndex = indexOf.get(joint.parent);
    const childIndex = indexOf.get(joint.child);
    if (parentIndex === undefined) throw new InputError(`${where}.parent`, `no body is called "${joint.parent}".`);
    if (childIndex === undefined) throw new InputError(`${where}.child`, `no body is called "${joint.child}".`);
    if (joint.limits !== undefined && !(joint.limits.lower <= joint.limits.upper)) {
      throw new InputError(`${where}.limits`, `lower ${joint.limits.lower} is above upper ${joint.limits.upper}.`);
    }
    if (joint.kind === "revolute" && joint.limits !== undefined && joint.limits.upper - joint.limits.lower >= 2 * Math.PI) {
      const span = joint.limits.upper - joint.limits.lower;
      throw new InputError(`${where}.limits`, `span ${span} rad; a revolute joint turns less than a whole turn between its limits.`);
    }
    const parent = world.getRigidBody(bodies[parentIndex]);
    const child = world.getRigidBody(bodies[childIndex]);
    const anchor1 = joint.parentFromJoint.position;
    const anchor2 = joint.childFromJoint.position;
    const axis = { x: 0, y: 0, z: 1 };
    const center = jointCenter(joint);
    const data =
      joint.kind === "revolute"
        ? rapier.JointData.revolute(anchor1, anchor2, axis)
        : joint.kind === "prismatic"
          ? rapier.JointData.prismatic(anchor1, anchor2, axis)
          : rapier.JointData.fixed(anchor1, joint.parentFromJoint.orientation, anchor2, joint.childFromJoint.orientation);
    const created = world.createImpulseJoint(data, parent, child, true);
    created.setContactsEnabled(joint.contactsEnabled ?? false);
    if (joint.kind !== "fixed") {
      const turned =
        joint.kind === "revolute"
          ? multiply(joint.parentFromJoint.orientation, { x: 0, y: 0, z: exact.sin(center / 2), w: exact.cos(center / 2) })
          : joint.parentFromJoint.orientation;
      created.setLocalFrame1(anchor1, multiply(turned, Z_FROM_X));
      created.setLocalFrame2(anchor2, multiply(joint.childFromJoint.orientation, Z_FROM_X));
      const unit = created as Rapier.UnitImpulseJoint;
      // Prismatic positions need no centring: lengths do not wrap.
      const shift = joint.kind === "revolute" ? center : 0;
      if (joint.limits !== undefined) unit.setLimits(joint.limits.lower - shift, joint.limits.upper - shift);
      if (joint.motor !== undefined) {
        unit.configureMotorModel(joint.motor.model === "force" ? rapier.MotorModel.ForceBased : rapier.MotorModel.AccelerationBased);
        if (joint.motor.maxForce !== undefined) unit.setMotorMaxForce(joint.motor.maxForce);
        unit.configureMotorPosition((joint.motor.target ?? 0) - shift, joint.motor.stiffness, joint.motor.damping);
      }
    }
    joints[index] = created.handle;
  });
  return { bodies, joints, colliders };
}
