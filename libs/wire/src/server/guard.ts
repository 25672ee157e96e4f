import { InputError } from "@reverie/core";
import type * as z from "zod";

const MAX_DEPTH = 16;
const MAX_VALUES = 100_000;
const PROTOTYPE_KEYS = new Set(["__proto__", "constructor", "prototype"]);

/**
 * Refuses payloads that are dangerous whatever their schema: prototype keys anywhere, deep nesting, a flood of values.
 * @throws InputError naming the place
 */
export function refuseUnsafe(payload: unknown): void {
  let budget = MAX_VALUES;
  const visit = (value: unknown, path: string, depth: number): void => {
    if (--budget < 0) throw new InputError(path, `the message holds more than ${MAX_VALUES} values.`);
    if (typeof value !== "object" || value === null || value instanceof ArrayBuffer || ArrayBuffer.isView(value)) return;
    if (depth > MAX_DEPTH) throw new InputError(path.slice(0, 200), `nested deeper than ${MAX_DEPTH} levels.`);
    if (Array.isArray(value)) {
      value.forEach((element, i) => visit(element, `${path}[${i}]`, depth + 1));
      return;
    }
    for (const key of Object.keys(value)) {
      const inner = path === "" ? key.slice(0, 60) : `${path}.${key.slice(0, 60)}`;
      if (PROTOTYPE_KEYS.has(key)) throw new InputError(inner, "this key is not allowed in a message.");
      visit((value as Record<string, unknown>)[key], inner, depth + 1);
    }
  };
  visit(payload, "", 0);
}

/**
 * Reads a payload by its schema.
 * @throws InputError naming the first field at fault, prefixed with `event` when the payload as a whole is
 */
export function parsePayload<S extends z.ZodType>(event: string, schema: S, payload: unknown): z.output<S> {
  refuseUnsafe(payload);
  const parsed = schema.safeParse(payload ?? {});
  if (parsed.success) return parsed.data;
  const issue = deepestIssue(parsed.error.issues);
  throw new InputError(issue.path.length === 0 ? event : issue.path.map(String).join("."), issue.message);
}

interface Issue {
  readonly path: readonly PropertyKey[];
  readonly message: string;
  readonly errors?: readonly (readonly Issue[])[];
}

/** Of a union's complaints, the one that got furthest says most. */
function deepestIssue(issues: readonly Issue[]): Issue {
  let best = issues[0] ?? { path: [], message: "is not valid" };
  if (best.errors !== undefined) {
    const inner = best.errors.filter((branch) => branch.length > 0).map(deepestIssue);
    // A branch that only disputes the discriminating `ok` is the branch that was not meant.
    const meant = inner.find((issue) => issue.path[0] !== "ok") ?? inner[0];
    if (meant !== undefined) best = { path: [...best.path, ...meant.path], message: meant.message };
  }
  return best;
}
