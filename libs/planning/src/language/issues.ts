// What a reader has to say about a text besides the plan: what it mended, and what it could not. Both are bounded.

/** Something in a plan that could not be mended; `path` names the place, as in `steps[2].args.target`. */
export interface PlanIssue {
  readonly path: string;
  readonly message: string;
}

const MOST_REPAIRS = 32;
const MOST_ERRORS = 8;

/** Collects repairs (each said once) and errors, and stops taking more when there are plenty. */
export class Issues {
  readonly repairs: string[] = [];
  readonly errors: PlanIssue[] = [];

  repair(what: string): void {
    if (this.repairs.length < MOST_REPAIRS && !this.repairs.includes(what)) this.repairs.push(what);
  }

  error(path: string, message: string): void {
    if (!this.full) this.errors.push({ path, message });
  }

  /** Whether reading on would say nothing new. */
  get full(): boolean {
    return this.errors.length >= MOST_ERRORS;
  }
}

/** A piece of outside text, short enough and on one line, for use in a message. */
export function excerpt(text: string, length = 60): string {
  const line = text.slice(0, length + 1).replaceAll(/[\p{Cc}\s]/gu, " ");
  return text.length > length ? `${line.slice(0, length)}...` : line;
}
