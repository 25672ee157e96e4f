import { closeSync, fdatasyncSync, mkdirSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import type { Episode } from "@reverie/core";
import { messageOf, PeerError } from "@reverie/core";

const KEPT = 1000;

/** The finished episodes of a server: the newest in memory, and all of them on disk when a folder was given. */
export class EpisodeLog {
  readonly #recent: Episode[] = [];
  readonly #path: string | undefined;
  #file: number | undefined;

  /**
   * @param directory - gets `episodes.jsonl`, one episode a line; made when missing. Absent = nothing goes to disk
   * @throws PeerError naming the file when the disk refuses
   */
  constructor(directory?: string) {
    if (directory === undefined) return;
    this.#path = join(directory, "episodes.jsonl");
    try {
      mkdirSync(directory, { recursive: true });
      this.#file = openSync(this.#path, "a");
    } catch (error) {
      throw new PeerError(this.#path, `cannot be written: ${messageOf(error)}`, { cause: error });
    }
  }

  /** Newest last, at most 1000. */
  get recent(): readonly Episode[] {
    return this.#recent;
  }

  /** Keeps an episode. It is on disk when this returns. @throws PeerError naming the file when the disk refuses */
  add(episode: Episode): void {
    this.#recent.push(episode);
    if (this.#recent.length > KEPT) this.#recent.shift();
    if (this.#file === undefined) return;
    try {
      const line = Buffer.from(`${JSON.stringify(episode)}\n`);
      for (let written = 0; written < line.length;) written += writeSync(this.#file, line, written);
      fdatasyncSync(this.#file);
    } catch (error) {
      throw new PeerError(this.#path ?? "", `cannot be written: ${messageOf(error)}`, { cause: error });
    }
  }

  close(): void {
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
  }
}
