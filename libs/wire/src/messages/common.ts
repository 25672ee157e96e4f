import * as z from "zod";

/** Rises when a message changes in a way that an older peer would misread. Sent when a peer introduces itself. */
export const PROTOCOL_VERSION = 1;

/** The largest message that either side accepts. */
export const MAX_MESSAGE_BYTES: number = 4 * 1024 * 1024;

/** An id that somebody chose: short, printable, and never a prototype key. */
export const idSchema = z
  .string()
  .min(1)
  .max(120)
  .regex(/^[A-Za-z0-9][A-Za-z0-9_./:-]*$/u, "expected letters, digits and _ . / : -")
  .refine((id) => id !== "constructor" && id !== "prototype", "is a reserved word");

export const seedSchema = z.int().min(0).max(0xffffffff);

export const instructionSchema = z.string().trim().min(1).max(500);

/** Bytes on the wire: a Buffer in Node, an ArrayBuffer or view in browsers. Read with `toBytes`. */
export const binarySchema = z.custom<ArrayBuffer | Uint8Array>(
  (value) => value instanceof ArrayBuffer || ArrayBuffer.isView(value),
  "expected binary data",
);

/** What is wrong, in a form that a program and a person can both read. */
export const errorReportSchema = z.object({
  code: z.string(),
  message: z.string(),
  /** The field or peer that is at fault. */
  path: z.string().optional(),
});
export type ErrorReport = z.infer<typeof errorReportSchema>;

/** Every request is acknowledged with its result or with an error; nothing is left unanswered. */
export type Reply<T> = ({ readonly ok: true } & T) | { readonly ok: false; readonly error: ErrorReport };
