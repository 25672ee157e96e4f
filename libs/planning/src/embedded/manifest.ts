import { InputError } from "@reverie/core";
import * as z from "zod";

/** Files of weights beside `planner.json`. */
export const EMBEDDED_FILES = ["vision.onnx", "decoder.onnx"] as const;
export type EmbeddedFile = (typeof EMBEDDED_FILES)[number];
/** What `planner.json` begins with; another number means other files. */
export const EMBEDDED_FORMAT = "reverie-embedded-planner-1";

const size = z.int().min(1).max(1_000_000);
const file = z.object({ bytes: z.int().min(1), sha256: z.string().regex(/^[0-9a-f]{64}$/, "expected 64 hexadecimal digits") });

const manifestSchema = z.object({
  format: z.literal(EMBEDDED_FORMAT),
  images: z.object({
    /** Pixels along an edge. */
    size: size.max(4_096),
    /** Pictures of one question. */
    count: size.max(16),
    /** Rows that the decoder gets of all pictures together. */
    tokens: size,
  }),
  decoder: z.object({ layers: size, heads: size, width: size, vocabulary: size, maxLength: size }),
  /** Numbers that training changed. */
  parameters: z.int().min(1),
  tokenizer: z.unknown(),
  files: z.object({ "vision.onnx": file, "decoder.onnx": file }),
  /** How the weights came about, for people. */
  training: z.json().optional(),
});

/** Contents of `planner.json`. */
export type EmbeddedManifest = z.infer<typeof manifestSchema>;

/** @throws InputError naming the field that is not what is allowed */
export function parseManifest(json: unknown): EmbeddedManifest {
  const read = manifestSchema.safeParse(json);
  if (read.success) return read.data;
  const [issue] = read.error.issues;
  throw new InputError(issue?.path.join(".") ?? "", `${issue?.message ?? "is no manifest"}.`);
}
