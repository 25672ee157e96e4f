import type { ResetInfo, Space, StepInfo } from "@reverie/core";
import * as z from "zod";
import { binarySchema, idSchema, seedSchema, type ErrorReport, type Reply } from "./common.ts";

// Namespace /environments: a client steps worlds that live on the server. A client's worlds are freed when it goes.

export const createRequestSchema = z.object({ task: idSchema });
export const resetRequestSchema = z.object({ environment: idSchema, seed: seedSchema.optional() });
/** `action`: float32 little-endian, one number for each element of the action space. */
export const stepRequestSchema = z.object({ environment: idSchema, action: binarySchema });
export const renderRequestSchema = z.object({
  environment: idSchema,
  camera: idSchema,
  width: z.int().min(1).max(2048).optional(),
  height: z.int().min(1).max(2048).optional(),
  depth: z.boolean().optional(),
  segmentation: z.boolean().optional(),
});
export const restoreRequestSchema = z.object({ environment: idSchema, snapshot: binarySchema });
export const handleRequestSchema = z.object({ environment: idSchema });

export interface WireObservation {
  /** Float32 little-endian. */
  readonly proprioception: ArrayBuffer | Uint8Array;
  readonly instruction: string;
}

export interface EnvironmentClientToServer {
  "environment.create": (
    request: z.infer<typeof createRequestSchema>,
    reply: (
      r: Reply<{
        environment: string;
        task: string;
        version: number;
        actionSpace: Space;
        observationSpace: Space;
        controlHz: number;
        maxSteps: number;
        cameras: readonly string[];
      }>,
    ) => void,
  ) => void;
  "environment.reset": (
    request: z.infer<typeof resetRequestSchema>,
    reply: (r: Reply<{ observation: WireObservation; info: ResetInfo }>) => void,
  ) => void;
  "environment.step": (
    request: z.infer<typeof stepRequestSchema>,
    reply: (r: Reply<{ observation: WireObservation; reward: number; terminated: boolean; truncated: boolean; info: StepInfo }>) => void,
  ) => void;
  "environment.render": (
    request: z.infer<typeof renderRequestSchema>,
    reply: (
      r: Reply<{
        camera: string;
        width: number;
        height: number;
        rgb: ArrayBuffer | Uint8Array;
        /** Float32 little-endian metres. */
        depth?: ArrayBuffer | Uint8Array;
        /** Uint16 little-endian ids. */
        segmentation?: ArrayBuffer | Uint8Array;
      }>,
    ) => void,
  ) => void;
  "environment.snapshot": (
    request: z.infer<typeof handleRequestSchema>,
    reply: (r: Reply<{ snapshot: ArrayBuffer | Uint8Array; sha256: string }>) => void,
  ) => void;
  "environment.restore": (request: z.infer<typeof restoreRequestSchema>, reply: (r: Reply<object>) => void) => void;
  "environment.close": (request: z.infer<typeof handleRequestSchema>, reply: (r: Reply<object>) => void) => void;
}

export interface ServerToEnvironmentClient {
  "error.report": (error: ErrorReport) => void;
}
