export { ARM_HOME, ARM_JOINT_COUNT, ARM_LINKS, GRIPPER, LINK7_FROM_HAND } from "./arm/arm-model.ts";
export { describeArm } from "./arm/arm-scene.ts";
export { ArmController } from "./arm/arm-controller.ts";
export { ArmKinematics, forwardKinematics } from "./arm/kinematics.ts";
export { InverseKinematics } from "./arm/inverse-kinematics.ts";
export { CartesianMotion, DEFAULT_MOTION_LIMITS } from "./arm/cartesian-motion.ts";
export { Lidar } from "./sensors/lidar.ts";
export { Rangefinder } from "./sensors/rangefinder.ts";

export type { ArmLink } from "./arm/arm-model.ts";
export type { ArmSceneOptions, ArmSceneParts } from "./arm/arm-scene.ts";
export type { InverseKinematicsOptions, InverseKinematicsResult } from "./arm/inverse-kinematics.ts";
export type { MotionLimits } from "./arm/cartesian-motion.ts";
export type { LidarOptions } from "./sensors/lidar.ts";
export type { RangefinderOptions } from "./sensors/rangefinder.ts";
export type { RangeNoise, RaySensorMount, ScanOptions } from "./sensors/ray-sensor.ts";
