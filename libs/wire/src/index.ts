export {
  binarySchema,
  errorReportSchema,
  idSchema,
  instructionSchema,
  MAX_MESSAGE_BYTES,
  PROTOCOL_VERSION,
  seedSchema,
} from "./messages/common.ts";
export {
  cameraRequestSchema,
  controlRequestSchema,
  emptyRequestSchema,
  speedRequestSchema,
  startRequestSchema,
} from "./messages/viewers.ts";
export { observeRequestSchema, planReplySchema, registerRequestSchema, usageSchema, verifyReplySchema } from "./messages/planners.ts";
export {
  createRequestSchema,
  handleRequestSchema,
  renderRequestSchema,
  resetRequestSchema,
  restoreRequestSchema,
  stepRequestSchema,
} from "./messages/environments.ts";
export { copyBytes, toBytes, toFloat32, toUint16 } from "./bytes.ts";
export { toError, toReport } from "./report.ts";
export { connectViewer } from "./client/viewer.ts";
export { connectPlanner } from "./client/planner.ts";
export { connectEnvironments } from "./client/environments.ts";

export type { Binary } from "./bytes.ts";
export type { Connection, ConnectionStatus, ConnectOptions, RequestOf, ValueOf } from "./client/connection.ts";
export type { ViewerConnection } from "./client/viewer.ts";
export type { PlanAnswer, PlannerConnection, PlannerOptions, QuestionContext, VerifyAnswer } from "./client/planner.ts";
export type { EnvironmentsConnection, RemoteEnvironment } from "./client/environments.ts";
export type { ErrorReport, Reply } from "./messages/common.ts";
export type {
  CameraFrame,
  ControlRequest,
  PoseFrame,
  ServerToViewer,
  SessionPhase,
  SessionScene,
  SessionState,
  SessionStep,
  StartRequest,
  ViewerToServer,
} from "./messages/viewers.ts";
export type {
  PlannerToServer,
  PlanReply,
  RegisterRequest,
  ServerToPlanner,
  VerifyReply,
  WireImage,
  WirePlanRequest,
  WireVerifyRequest,
} from "./messages/planners.ts";
export type { EnvironmentClientToServer, ServerToEnvironmentClient, WireObservation } from "./messages/environments.ts";
