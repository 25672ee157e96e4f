import type { Pose, Vector3 } from "./math/pose.ts";

// A scene as data: what physics builds, what cameras draw and what the studio shows. Plain JSON, metres, radians, kilograms, z up.

/** A solid. Cylinders and capsules stand along their local z axis. */
export type GeometryDescription =
  | { readonly kind: "box"; readonly halfExtents: Vector3 }
  | { readonly kind: "sphere"; readonly radius: number }
  | { readonly kind: "cylinder"; readonly radius: number; readonly halfHeight: number }
  | { readonly kind: "capsule"; readonly radius: number; readonly halfHeight: number };

/** Colour as linear-light red, green, blue, each in [0, 1]. */
export type Color = readonly [number, number, number];

/**
 * A pattern on a surface, multiplied with the shape's colour. It is laid on in metres: boxes face by face, round sides unrolled, so
 * that equal patterns have equal size on large and small shapes.
 */
export type TextureDescription =
  /** Squares of two colours. */
  | { readonly kind: "checker"; readonly colors: readonly [Color, Color]; readonly cellMetres: number }
  /** Grain along the pattern's first axis. */
  | { readonly kind: "wood"; readonly colors: readonly [Color, Color]; readonly ringMetres: number; readonly seed: number }
  /** Smooth random patches between two colours. */
  | { readonly kind: "noise"; readonly colors: readonly [Color, Color]; readonly cellMetres: number; readonly seed: number }
  /** A picture, repeated every `tileMetres`: sRGB bytes red, green, blue from the top-left corner, as base64. At most 1024 x 1024 pixels. */
  | {
      readonly kind: "image";
      readonly width: number;
      readonly height: number;
      readonly rgbBase64: string;
      readonly tileMetres: number;
    };

/** One shape of a body. */
export interface ShapeDescription {
  readonly geometry: GeometryDescription;
  /** Shape frame in the body frame. @defaultValue identity */
  readonly bodyFromShape?: Pose;
  /** Drawn with this colour; absent = not drawn. */
  readonly color?: Color;
  /** Drawn on the shape, times its colour. @defaultValue none */
  readonly texture?: TextureDescription;
  /** Takes part in contacts. @defaultValue true */
  readonly collides?: boolean;
  /** Coulomb friction coefficient. @defaultValue 0.6 */
  readonly friction?: number;
  /** @defaultValue 0 */
  readonly restitution?: number;
  /** Share of the body's mass, in kilograms. @defaultValue 0: the body's `massKg` is then spread over its colliding shapes by volume. */
  readonly massKg?: number;
  /**
   * Contacts are computed only between shapes where each one's membership is in the other's filter.
   * @defaultValue membership 1, filter 0xffff
   */
  readonly collisionGroup?: { readonly membership: number; readonly filter: number };
}

/** Mass, centre of mass and principal inertia of a body, when they are not to follow from its shapes. */
export interface InertiaDescription {
  readonly massKg: number;
  readonly centerOfMass: Vector3;
  /** Principal moments about the centre of mass, kg m^2, in body axes. */
  readonly principalInertia: Vector3;
}

export interface BodyDescription {
  /** Unique in the scene. */
  readonly id: string;
  /** fixed = never moves; kinematic = moved by setting its pose; dynamic = moved by forces. */
  readonly kind: "fixed" | "kinematic" | "dynamic";
  /** Body frame in the world at the start. */
  readonly worldFromBody: Pose;
  readonly shapes: readonly ShapeDescription[];
  /** Mass of a dynamic body when `inertia` is absent. @defaultValue 0.1 */
  readonly massKg?: number;
  readonly inertia?: InertiaDescription;
  /** 1/s. @defaultValue 0 */
  readonly linearDamping?: number;
  /** 1/s. @defaultValue 0 */
  readonly angularDamping?: number;
  /** @defaultValue 1 */
  readonly gravityScale?: number;
  /** Whether the body may fall asleep. @defaultValue true */
  readonly canSleep?: boolean;
  /** Extra velocity-solver iterations for the body's island. @defaultValue 0 */
  readonly extraSolverIterations?: number;
  /** What the body is called in segmentation tables. @defaultValue its id */
  readonly label?: string;
  /** What kind of thing it is, such as "cube" or "robot": bodies of one category share a semantic id. @defaultValue its label */
  readonly category?: string;
}

/** A position motor: drives a joint towards a target. */
export interface MotorDescription {
  /** N m/rad or N/m (force model); 1/s^2 (acceleration model). */
  readonly stiffness: number;
  /** N m s/rad or N s/m (force model); 1/s (acceleration model). */
  readonly damping: number;
  /** N m or N. @defaultValue unlimited */
  readonly maxForce?: number;
  readonly model: "force" | "acceleration";
  /** Initial target, rad or m. @defaultValue 0 */
  readonly target?: number;
}

export interface JointDescription {
  readonly id: string;
  readonly kind: "revolute" | "prismatic" | "fixed";
  readonly parent: string;
  readonly child: string;
  /** Joint frame in the parent body and in the child body; at joint position 0 the two coincide. The axis is the joint frame's z. */
  readonly parentFromJoint: Pose;
  readonly childFromJoint: Pose;
  /** Allowed positions in rad or m; absent = unlimited. */
  readonly limits?: { readonly lower: number; readonly upper: number };
  readonly motor?: MotorDescription;
  /** Whether the two bodies may touch each other. @defaultValue false */
  readonly contactsEnabled?: boolean;
}

/**
 * Focal lengths and principal point in pixels of the camera's own image: `u = centerX + focalX * x / depth`,
 * `v = centerY - focalY * y / depth` for a point (x, y, -depth) in the camera frame; pixel (i, j) has its centre at (i + 0.5, j + 0.5).
 */
export interface CameraIntrinsics {
  readonly focalX: number;
  readonly focalY: number;
  readonly centerX: number;
  readonly centerY: number;
}

/**
 * A pinhole camera. Camera frame: x right, y up, looking along -z (the OpenGL and three.js convention).
 * Pixel (0, 0) is the top-left corner of the image; rows go down. Exactly one of `verticalFov` and `intrinsics` is given.
 */
export interface CameraDescription {
  readonly id: string;
  /** Camera frame in the world, or in the frame of `body` when that is given. */
  readonly pose: Pose;
  /** Body that carries the camera; absent = fixed in the world. */
  readonly body?: string;
  /** Vertical field of view in radians, in (0, pi); pixels are square and the principal point is the image's centre. */
  readonly verticalFov?: number;
  readonly intrinsics?: CameraIntrinsics;
  /** Pixels. */
  readonly width: number;
  readonly height: number;
  /** Clipping distances in metres. */
  readonly near: number;
  readonly far: number;
}

/** One directional light and a sky/ground fill. */
export interface LightDescription {
  /** Unit vector from the scene towards the light. */
  readonly towardsLight: Vector3;
  readonly color: Color;
  readonly skyColor: Color;
  readonly groundColor: Color;
  /** What a ray that hits nothing shows. */
  readonly background: Color;
}

export const DEFAULT_LIGHT: LightDescription = {
  towardsLight: { x: 0.3698001308168194, y: -0.2465334205445463, z: 0.8957380946451848 },
  color: [0.9, 0.88, 0.82],
  skyColor: [0.42, 0.45, 0.5],
  groundColor: [0.2, 0.19, 0.18],
  background: [0.62, 0.68, 0.74],
};

/** Everything in a world at the start. Order of bodies and joints is part of the description: it fixes the simulation's bits. */
export interface SceneDescription {
  readonly bodies: readonly BodyDescription[];
  readonly joints: readonly JointDescription[];
  readonly cameras: readonly CameraDescription[];
  readonly light?: LightDescription;
  /** m/s^2. @defaultValue (0, 0, -9.81) */
  readonly gravity?: Vector3;
}
