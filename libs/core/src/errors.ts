// One family of errors. Every message is one sentence that says what was wrong, where, and what is allowed.

/** Options shared by every Reverie error. */
export interface ReverieErrorOptions {
  /** The lower-level error that led here. */
  cause?: unknown;
}

/** Base of every error that Reverie throws on purpose; `code` is stable and safe to send over a wire. */
export class ReverieError extends Error {
  readonly code: string;
  constructor(code: string, message: string, options: ReverieErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.name = new.target.name;
  }
}

/** Thrown when a value from outside (file, socket, option, plan text) is not what is allowed. `path` names the field. */
export class InputError extends ReverieError {
  readonly path: string;
  constructor(path: string, problem: string, options: ReverieErrorOptions = {}) {
    super("invalid-input", path === "" ? problem : `${path}: ${problem}`, options);
    this.path = path;
  }
}

/** Thrown when an id is looked up that nobody registered; the message offers the closest known id. */
export class UnknownIdError extends ReverieError {
  readonly id: string;
  readonly suggestion: string | undefined;
  constructor(kind: string, id: string, known: readonly string[]) {
    const suggestion = closestName(id, known);
    const shown = known.length <= 12 ? known.join(", ") : `${known.slice(0, 12).join(", ")}, ...`;
    super(
      "unknown-id",
      `Unknown ${kind} "${id.slice(0, 120)}"${suggestion === undefined ? "." : `, did you mean "${suggestion}"?`} Known: ${shown || "none"}.`,
    );
    this.id = id;
    this.suggestion = suggestion;
  }
}

/** Thrown when calls come in an order that the object's life does not allow; names the missing call. */
export class StateError extends ReverieError {
  constructor(message: string, options: ReverieErrorOptions = {}) {
    super("invalid-state", message, options);
  }
}

/** Thrown when a socket peer, endpoint or file cannot be reached, went away, or broke the protocol. `peer` names it. */
export class PeerError extends ReverieError {
  readonly peer: string;
  constructor(peer: string, problem: string, options: ReverieErrorOptions = {}) {
    super("peer", `${peer}: ${problem}`, options);
    this.peer = peer;
  }
}

/** Thrown when something did not finish in its time. */
export class TimeoutError extends ReverieError {
  readonly timeoutMs: number;
  constructor(what: string, timeoutMs: number, options: ReverieErrorOptions = {}) {
    super("timeout", `${what} did not finish within ${timeoutMs} ms.`, options);
    this.timeoutMs = timeoutMs;
  }
}

/** Thrown when a simulation leaves the numbers: a non-finite position or velocity. */
export class DivergenceError extends ReverieError {
  constructor(message: string, options: ReverieErrorOptions = {}) {
    super("divergence", message, options);
  }
}

/** Levenshtein distance between two strings, in edits. */
export function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const current = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitution = previous[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      current.push(Math.min(substitution, previous[j]! + 1, current[j - 1]! + 1));
    }
    previous = current;
  }
  return previous[b.length]!;
}

/**
 * The known name closest to `name`, or undefined when none is near (more than a third of the letters differ).
 * Inputs longer than 120 characters are never matched, so hostile ids stay cheap.
 */
export function closestName(name: string, known: readonly string[]): string | undefined {
  if (name.length > 120) return undefined;
  let best: string | undefined;
  let bestDistance = Infinity;
  for (const candidate of known) {
    const whole = editDistance(name, candidate);
    const tail = candidate.includes("/") ? editDistance(name, candidate.slice(candidate.indexOf("/") + 1)) : whole;
    const distance = Math.min(whole, tail);
    if (distance < bestDistance) {
      bestDistance = distance;
      best = candidate;
    }
  }
  return bestDistance <= Math.max(2, Math.floor(name.length / 3)) ? best : undefined;
}

/** One printable sentence for any thrown value. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
