import { closeSync, fsyncSync, ftruncateSync, mkdirSync, openSync, readSync, writeSync } from "node:fs";
import { join } from "node:path";
import { InputError, messageOf, PeerError, type Episode } from "@reverie/core";
import * as z from "zod";

/** What a run was asked for, apart from its seeds: only episodes of an equal run can stand in for its own. */
export interface RunKey {
  readonly task: string;
  readonly taskVersion: number;
  /** The option's name, not the planner's own: `socket` for whichever planner a server has. */
  readonly planner: string;
  /** Null = the task's own, as for every field here that the run did not choose. */
  readonly instruction: string | null;
  readonly build: string | null;
  readonly model: string | null;
  readonly endpoint: string | null;
  readonly replans: number | null;
  /** How the scenes are made to look; absent = as the task describes them. */
  readonly visual?: string;
  /** Absent = the task's first. */
  readonly split?: string;
  /** Which of a stock model's weights; absent = its own choice. */
  readonly dtype?: string;
  /** Most tokens of a plan; absent = the planner's own. */
  readonly maxTokens?: number;
}

const LONGEST_LINE_BYTES = 16 * 1024 * 1024;
const CHUNK_BYTES = 1 << 20;

const word = z.string().max(200);
const words = z.string().max(100_000);
const count = z.int().min(0);
const share = z.number().min(0).max(1);
const argsSchema = z.record(word, word);
const planSchema = z.array(z.object({ skill: word, args: argsSchema })).max(1000);
const runSchema = z.object({
  task: word,
  taskVersion: count,
  planner: word,
  instruction: words.nullable(),
  build: word.nullable(),
  model: words.nullable(),
  endpoint: words.nullable(),
  replans: count.nullable(),
  visual: word.exactOptional(),
  split: word.exactOptional(),
  dtype: word.exactOptional(),
  maxTokens: count.exactOptional(),
}) satisfies z.ZodType<RunKey>;

const episodeSchema = z.object({
  task: word,
  taskVersion: count,
  planner: word,
  privileged: z.boolean(),
  seed: z.int().min(0).max(0xffffffff),
  instruction: words,
  plan: planSchema,
  reference: planSchema,
  reward: z
    .object({
      value: share,
      parts: z.record(word, z.number()),
      matches: z.array(z.object({ predicted: count, reference: count, similarity: z.number() })).max(10_000),
      reference: count,
    })
    .exactOptional(),
  steps: z
    .array(
      z.object({
        skill: word,
        args: argsSchema,
        status: z.enum(["pending", "running", "done", "failed", "skipped"]),
        reason: words.exactOptional(),
        monitor: z.object({ complete: z.boolean(), truth: z.boolean(), explanation: words.exactOptional() }).exactOptional(),
        plan: count,
      }),
    )
    .max(100_000),
  replans: count,
  success: z.boolean(),
  progress: share,
  failure: z.object({ code: word, message: words }).exactOptional(),
  simSteps: count,
  wallSeconds: z.number().min(0),
  stateHash: z
    .string()
    .regex(/^[0-9a-f]*$/)
    .max(128),
}) satisfies z.ZodType<Episode>;

/** A server writes its lines without a run: those are valid, and nobody's here. */
const lineSchema = episodeSchema.extend({ run: runSchema.exactOptional() });

/** What a file held already. */
interface Resumed {
  /** Of the leading seeds of the range, in order. */
  readonly episodes: Episode[];
  /** What the user should know about the rest of the file. */
  readonly notices: string[];
}

/** Episodes on disk, one JSON document a line, each flushed before the next begins: a crash costs at most the running one. */
export class EpisodeFile {
  readonly path: string;
  readonly #file: number;
  readonly #run: z.output<typeof runSchema>;

  /** @throws PeerError when the folder cannot be made or written */
  constructor(directory: string, run: RunKey) {
    this.path = join(directory, "episodes.jsonl");
    this.#run = runSchema.parse(run);
    try {
      mkdirSync(directory, { recursive: true });
      this.#file = openSync(this.path, "a+");
    } catch (error) {
      throw new PeerError(this.path, `cannot be written (${messageOf(error)}).`, { cause: error });
    }
  }

  /**
   * Episodes of an equal run that the file holds already, for the leading seeds of the range: where a run that was cut off
   * goes on. Removes an unfinished last line, which a crash leaves behind.
   * @throws InputError when a line is not an episode
   */
  resume(seed: number, episodes: number): Resumed {
    const bySeed = new Map<number, Episode>();
    const notices: string[] = [];
    let foreign = 0;
    let number = 0;
    for (const { text, start, whole } of this.#lines()) {
      number++;
      if (text.trim() === "") continue;
      const line = this.#read(text, number, whole);
      if (line === undefined) {
        this.#change(() => ftruncateSync(this.#file, start));
        notices.push(`${this.path}:${number} was cut off while it was written; it is removed and its episode run again.`);
        continue;
      }
      // All there but the end of its line.
      if (!whole) this.#change(() => writeSync(this.#file, "\n"));
      const { run, ...episode } = line;
      if (run === undefined || JSON.stringify(run) !== JSON.stringify(this.#run)) foreign++;
      else if (episode.failure === undefined) bySeed.set(episode.seed, episode);
    }
    if (foreign > 0) notices.push(`${this.path} also holds ${foreign} episodes of other runs; they stay as they are.`);
    const found: Episode[] = [];
    for (let i = 0; i < episodes; i++) {
      const episode = bySeed.get((seed + i) % 0x1_0000_0000);
      if (episode === undefined) break;
      found.push(episode);
    }
    return { episodes: found, notices };
  }

  /** Undefined for the beginning of a line whose end was never written. */
  #read(text: string, number: number, whole: boolean): z.output<typeof lineSchema> | undefined {
    let problem: string;
    try {
      const parsed = lineSchema.safeParse(JSON.parse(text));
      if (parsed.success) return parsed.data;
      const issue = parsed.error.issues[0];
      const field = issue?.path.map(String).join(".") ?? "";
      problem = `is not an episode (${field === "" ? "" : `${field}: `}${issue?.message ?? "not valid"})`;
    } catch (error) {
      if (!whole) return undefined;
      problem = `is not JSON (${messageOf(error)})`;
    }
    throw new InputError(`${this.path}:${number}`, `${problem}; remove the line or record elsewhere.`);
  }

  /** Every line with the offset of its first byte, and whether its end was written. */
  *#lines(): Generator<{ readonly text: string; readonly start: number; readonly whole: boolean }> {
    const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
    let open: Buffer[] = [];
    let start = 0;
    let length = 0;
    for (let at = 0; ;) {
      const size = readSync(this.#file, chunk, 0, CHUNK_BYTES, at);
      if (size === 0) break;
      at += size;
      for (let from = 0; from < size;) {
        const newline = chunk.subarray(from, size).indexOf(10);
        const end = newline < 0 ? size : from + newline;
        open.push(Buffer.from(chunk.subarray(from, end)));
        length += end - from;
        if (length > LONGEST_LINE_BYTES)
          throw new InputError(this.path, `holds a line of more than ${LONGEST_LINE_BYTES / 1024 / 1024} MiB; record elsewhere.`);
        if (newline < 0) break;
        yield { text: Buffer.concat(open).toString("utf8"), start, whole: true };
        start += length + 1;
        open = [];
        length = 0;
        from = end + 1;
      }
    }
    if (length > 0) yield { text: Buffer.concat(open).toString("utf8"), start, whole: false };
  }

  /** @throws PeerError when the disk refuses */
  append(episode: Episode): void {
    this.#change(() => writeSync(this.#file, `${JSON.stringify({ ...episode, run: this.#run })}\n`));
  }

  #change(write: () => void): void {
    try {
      write();
      fsyncSync(this.#file);
    } catch (error) {
      throw new PeerError(this.path, `cannot be written (${messageOf(error)}).`, { cause: error });
    }
  }

  close(): void {
    closeSync(this.#file);
  }
}
