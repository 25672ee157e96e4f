import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { InputError, messageOf, PeerError, type Episode } from "@reverie/core";

/** Episodes on disk, one JSON document a line, each flushed before the next begins: a crash costs at most the running one. */
export class EpisodeFile {
  readonly path: string;
  readonly #file: number;

  /** @throws PeerError when the folder cannot be made or written */
  constructor(directory: string) {
    this.path = join(directory, "episodes.jsonl");
    try {
      mkdirSync(directory, { recursive: true });
      this.#file = openSync(this.path, "a+");
    } catch (error) {
      throw new PeerError(this.path, `cannot be written (${messageOf(error)}).`, { cause: error });
    }
  }

  /**
   * Episodes of the same task and planner that the file holds already, for the leading seeds of the range: where a run that
   * was cut off goes on. @throws InputError when a line is not an episode
   */
  resume(task: string, planner: string, seed: number, count: number): Episode[] {
    const bySeed = new Map<number, Episode>();
    readFileSync(this.path, "utf8")
      .split("\n")
      .forEach((line, i) => {
        if (line.trim() === "") return;
        let episode: Episode;
        try {
          episode = JSON.parse(line) as Episode;
        } catch (error) {
          throw new InputError(`${this.path}:${i + 1}`, `is not JSON (${messageOf(error)}); remove the line or record elsewhere.`, {
            cause: error,
          });
        }
        if (episode.task === task && episode.planner === planner && episode.failure === undefined) bySeed.set(episode.seed, episode);
      });
    const found: Episode[] = [];
    for (let i = 0; i < count; i++) {
      const episode = bySeed.get(seed + i);
      if (episode === undefined) break;
      found.push(episode);
    }
    return found;
  }

  /** @throws PeerError when the disk refuses */
  append(episode: Episode): void {
    try {
      writeSync(this.#file, `${JSON.stringify(episode)}\n`);
      fsyncSync(this.#file);
    } catch (error) {
      throw new PeerError(this.path, `an episode could not be written (${messageOf(error)}).`, { cause: error });
    }
  }

  close(): void {
    closeSync(this.#file);
  }
}
