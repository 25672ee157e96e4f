export { checkpointFiles, latestCheckpoint, loadCheckpoint, saveCheckpoint, saveCheckpointToFolder } from "./checkpoint-file.ts";
export { compile, CompiledModel } from "./compile.ts";
export { decoderGraph } from "./decoder-graph.ts";
export { readModelFile, writeModelFile } from "./external-data.ts";
export { Generator } from "./generator.ts";
export { EXECUTION_PROVIDERS, executionProviders } from "./providers.ts";
export { Session } from "./session.ts";
export { Trainer } from "./trainer.ts";

export type { Checkpoint, CheckpointFile, LatestCheckpoint } from "./checkpoint-file.ts";
export type { CompileOptions } from "./compile.ts";
export type { DecoderModel, DecoderSizes, LoadedDecoder } from "./decoder-graph.ts";
export type { FinishReason, GeneratedSample, GenerateOptions, GeneratorOptions } from "./generator.ts";
export type { ExecutionProvider, ProviderStatus } from "./providers.ts";
export type { SessionOptions } from "./session.ts";
export type { StepResult, TrainerOptions } from "./trainer.ts";
