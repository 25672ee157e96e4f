// A scene in MuJoCo's own format (MJCF): the same bodies, joints, masses, shapes and motors, so that both engines step equal worlds.

import { compose, IDENTITY_POSE, inverse, rotate } from "@reverie/core";

const numbers = (...values) => values.map((value) => Number(value.toFixed(9))).join(" ");
const position = ({ x, y, z }) => numbers(x, y, z);
const quaternion = ({ x, y, z, w }) => numbers(w, x, y, z);

function geomSize(geometry) {
  switch (geometry.kind) {
    case "box":
      return numbers(geometry.halfExtents.x, geometry.halfExtents.y, geometry.halfExtents.z);
    case "sphere":
      return numbers(geometry.radius);
    default:
      return numbers(geometry.radius, geometry.halfHeight);
  }
}

/** Arm shapes (membership 2) meet everything but each other; everything else meets everything. */
function geom(shape, mass) {
  if (shape.collides === false) return "";
  const { position: p, orientation } = shape.bodyFromShape ?? IDENTITY_POSE;
  const arm = (shape.collisionGroup?.membership ?? 1) === 2;
  const bits = arm ? 'contype="2" conaffinity="0"' : 'contype="1" conaffinity="3"';
  return `<geom type="${shape.geometry.kind}" size="${geomSize(shape.geometry)}" pos="${position(p)}" quat="${quaternion(orientation)}" friction="${shape.friction ?? 0.6}" mass="${numbers(mass)}" ${bits}/>`;
}

/**
 * MJCF text of a scene.
 * @param {import("@reverie/core").SceneDescription} scene
 * @param {number} timestep seconds
 */
export function sceneToMjcf(scene, timestep) {
  const jointOfChild = new Map(scene.joints.map((joint) => [joint.child, joint]));
  const children = new Map();
  for (const joint of scene.joints) children.set(joint.parent, [...(children.get(joint.parent) ?? []), joint.child]);
  const bodies = new Map(scene.bodies.map((body) => [body.id, body]));

  const write = (body) => {
    const joint = jointOfChild.get(body.id);
    // Where the body is in its parent when the joint stands at zero.
    const pose = joint === undefined ? body.worldFromBody : compose(joint.parentFromJoint, inverse(joint.childFromJoint));
    const solid = body.shapes.filter((shape) => shape.collides !== false);
    const share = body.inertia === undefined ? (body.massKg ?? 0.1) / Math.max(1, solid.length) : 0;
    const lines = [
      `<body name="${body.id}" pos="${position(pose.position)}" quat="${quaternion(pose.orientation)}"${body.gravityScale === 0 ? ' gravcomp="1"' : ""}>`,
    ];
    if (body.kind === "dynamic" && joint === undefined) lines.push("<freejoint/>");
    if (joint !== undefined && joint.kind !== "fixed") {
      const axis = rotate(joint.childFromJoint.orientation, { x: 0, y: 0, z: 1 });
      const range = joint.limits === undefined ? "" : ` limited="true" range="${numbers(joint.limits.lower, joint.limits.upper)}"`;
      lines.push(
        `<joint name="${joint.id}" type="${joint.kind === "revolute" ? "hinge" : "slide"}" axis="${position(axis)}" pos="${position(joint.childFromJoint.position)}"${range} armature="0.01"/>`,
      );
    }
    if (body.inertia !== undefined) {
      const { massKg, centerOfMass, principalInertia } = body.inertia;
      lines.push(`<inertial mass="${massKg}" pos="${position(centerOfMass)}" diaginertia="${position(principalInertia)}"/>`);
    }
    for (const shape of solid) lines.push(geom(shape, share));
    for (const child of children.get(body.id) ?? []) lines.push(write(bodies.get(child)));
    lines.push("</body>");
    return lines.join("\n");
  };

  const roots = scene.bodies.filter((body) => !jointOfChild.has(body.id));
  const motors = scene.joints.filter((joint) => joint.motor !== undefined);
  const actuators = motors.map((joint) => {
    // Stiff position servos with the same force limits; gains in newton-metres, as MuJoCo has no acceleration-based motors.
    const [kp, kv] = joint.kind === "revolute" ? [4500, 450] : [joint.motor.stiffness, joint.motor.damping];
    const limit =
      joint.motor.maxForce === undefined ? "" : ` forcelimited="true" forcerange="${-joint.motor.maxForce} ${joint.motor.maxForce}"`;
    return `<position joint="${joint.id}" kp="${kp}" kv="${kv}"${limit}/>`;
  });
  return {
    xml: `<mujoco><option timestep="${timestep}" integrator="implicitfast"/><compiler angle="radian"/><worldbody>${roots.map(write).join("\n")}</worldbody><actuator>${actuators.join("\n")}</actuator></mujoco>`,
    /** Joint ids in the order of the controls. */
    controls: motors.map((joint) => joint.id),
  };
}
