import { InputError, UnknownIdError } from "@reverie/core";
import * as z from "zod";

/** 0 = done; 1 = it ran and the answer is bad; 2 = wrong usage or input; 3 = a peer or file could not be reached. */
export type ExitCode = 0 | 1 | 2 | 3;

/** What a command may do to the outside. */
export interface CommandIo {
  /** The user wants one JSON document on standard output and nothing else there. */
  readonly json: boolean;
  /** Writes the answer: to standard output. */
  print(text: string): void;
  /** Writes progress: to standard error. */
  say(line: string): void;
  /** Rewrites one line of progress on a terminal; says it on other outputs only when `final`. */
  progress(line: string, final?: boolean): void;
  /** Aborts on Ctrl-C. A command then stops in order and keeps what it has. */
  readonly signal: AbortSignal;
}

/** Resolves when the user has asked to stop; at once when that was before. */
export async function stopRequested(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}

export interface OptionDeclaration {
  /** As in `--episodes <n>`. */
  readonly flags: string;
  readonly description: string;
}

export interface ArgumentDeclaration {
  /** Field of the schema that gets its value. */
  readonly key: string;
  readonly placeholder: string;
  readonly description: string;
  /** May be given several times; the field gets an array, which is empty when none is given. */
  readonly variadic?: boolean;
}

/** A subcommand. One file each under `commands/`, made with `defineCommand`. */
export interface CommandDefinition {
  readonly name: string;
  readonly summary: string;
  /** A positional argument, if it takes one. */
  readonly argument?: ArgumentDeclaration;
  readonly options: readonly OptionDeclaration[];
  readonly examples: readonly string[];
  /** Validates raw text values and runs. */
  execute(raw: Readonly<Record<string, unknown>>, io: CommandIo): Promise<ExitCode>;
}

interface CommandDeclaration<S extends z.ZodType> extends Omit<CommandDefinition, "execute"> {
  /** Shape and limits of the options, by their camel-case names; text values are coerced by it. */
  readonly schema: S;
  run(options: z.output<S>, io: CommandIo): Promise<ExitCode>;
}

/** Declares a subcommand: its options are checked against the schema before `run` sees them. */
export function defineCommand<S extends z.ZodType>({ schema, run, ...declaration }: CommandDeclaration<S>): CommandDefinition {
  return {
    ...declaration,
    async execute(raw, io) {
      const parsed = schema.safeParse(raw);
      if (!parsed.success) {
        const issue = parsed.error.issues[0];
        const field = String(issue?.path[0] ?? "");
        const given = raw[field];
        const where =
          field === declaration.argument?.key
            ? declaration.argument.placeholder
            : `--${field.replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`)}`;
        const problem = issue?.message ?? "is not valid";
        // Unless the problem quotes it already.
        const got = given === undefined || problem.includes(`"${String(given)}"`) ? "" : `, got "${String(given).slice(0, 80)}"`;
        throw new InputError(where, `${problem}${got}.`);
      }
      return run(parsed.data, io);
    },
  };
}

/** An integer option with bounds; undefined when it is not given. */
export function optionalInteger(low: number, high: number): z.ZodType<number | undefined> {
  const expected = `expected an integer from ${low} to ${high}`;
  const digits = z
    .string()
    .regex(/^-?\d{1,12}$/)
    .transform(Number);
  return z
    .union([z.number(), digits], expected)
    .refine((n) => Number.isInteger(n) && n >= low && n <= high, expected)
    .optional();
}

/** An integer option with bounds. */
export function integerOption(low: number, high: number, otherwise: number): z.ZodType<number> {
  return optionalInteger(low, high).transform((n) => n ?? otherwise);
}

/** An option that is one of some names; a wrong one is answered with the closest. Undefined when it is not given. */
export function choiceOption<const T extends string>(kind: string, names: readonly T[]): z.ZodType<T | undefined> {
  return z
    .string()
    .max(120)
    .transform((name, context) => {
      const known = names.find((each) => each === name);
      if (known !== undefined) return known;
      const message = new UnknownIdError(kind, name, names).message.replace(/\.$/, "");
      context.addIssue({ code: "custom", message });
      return z.NEVER;
    })
    .optional();
}

export const seedOption = integerOption(0, 0xffffffff, 0);

export const SEED_OPTION: OptionDeclaration = {
  flags: "--seed <n>",
  description: "seed of the first episode, 0 to 4294967295 (default 0)",
};
