export {
  closestName,
  DivergenceError,
  editDistance,
  InputError,
  messageOf,
  PeerError,
  ReverieError,
  StateError,
  TimeoutError,
  UnknownIdError,
} from "./errors.ts";
export * as exact from "./math/exact.ts";
export {
  add,
  angleBetween,
  compose,
  conjugate,
  cross,
  distance,
  dot,
  IDENTITY_POSE,
  IDENTITY_QUATERNION,
  inverse,
  lerp,
  multiply,
  norm,
  normalize,
  normalizeQuaternion,
  quaternionFromAxisAngle,
  quaternionFromRollPitchYaw,
  rotate,
  rotationVectorBetween,
  scale,
  slerp,
  subtract,
  transformPoint,
  vec3,
  yawOf,
  ZERO,
} from "./math/pose.ts";
export { Rng } from "./rng.ts";
export { sha256Hex } from "./hash.ts";
export { packSections, unpackSections } from "./sections.ts";
export { Registry } from "./registry.ts";
export { assertInside, explainOutside, sampleSpace } from "./space.ts";
export { FactSet, factText } from "./facts.ts";
export { applyEffects, DERIVED_PREDICATES, deriveFacts, expectedChanges, unmetPreconditions } from "./skill.ts";
export { stepText } from "./plan.ts";
export { DEFAULT_LIGHT } from "./scene.ts";

export type { Pose, Quaternion, Vector3 } from "./math/pose.ts";
export type { NumberArray, Space } from "./space.ts";
export type { Fact, Literal } from "./facts.ts";
export type {
  EffectTemplate,
  FactTemplate,
  LiteralTemplate,
  SceneObject,
  SkillFailureReason,
  SkillParameter,
  SkillSignature,
  SkillStatus,
} from "./skill.ts";
export type { Plan, PlanStep } from "./plan.ts";
export type { BodyVisibility, CameraImage, RenderOptions } from "./image.ts";
export type {
  BodyDescription,
  CameraDescription,
  CameraIntrinsics,
  Color,
  GeometryDescription,
  InertiaDescription,
  JointDescription,
  LightDescription,
  MotorDescription,
  SceneDescription,
  ShapeDescription,
  TextureDescription,
} from "./scene.ts";
export type { CameraVariation, SensorNoise, SurfaceVariation, VisualRandomization } from "./visual.ts";
export type {
  Assignment,
  Environment,
  Observation,
  PlanningEnvironment,
  ResetInfo,
  ResetOptions,
  ResetResult,
  SkillTick,
  StepInfo,
  StepResult,
  TaskCard,
} from "./environment.ts";
export type { Episode, EpisodeStep, MonitorVerdict, RewardReport, StepMatch, StepStatus } from "./episode.ts";
