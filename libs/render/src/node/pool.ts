import { InputError, messageOf, PeerError, StateError } from "@reverie/core";
import type { CameraImage, SceneDescription } from "@reverie/core";
import { availableParallelism } from "node:os";
import { prepareBatch } from "./pool-batch.ts";
import type { PreparedBatch, RenderJob, StoredScene } from "./pool-batch.ts";
import { FIRST_HELD, NEXT_JOB, restoreFailure } from "./pool-messages.ts";
import type { FromWorker, ToWorker } from "./pool-messages.ts";
import { Seat } from "./pool-seat.ts";

const MAX_WORKERS = 256;

export interface RenderPoolOptions {
  /** Threads, 1 to 256. @defaultValue as many as the machine runs at once */
  readonly workers?: number;
  /** Most memory of one thread's objects, in megabytes (images lie outside of it); a thread that needs more ends. @defaultValue Node's own limit */
  readonly heapMegabytes?: number;
}

interface OpenBatch extends PreparedBatch {
  readonly failures: Map<number, Error>;
  readonly waiting: Set<Seat>;
  readonly finish: () => void;
}

interface OpenScene {
  readonly waiting: Set<Seat>;
  failure: Error | undefined;
  readonly finish: () => void;
}

/**
 * Draws many cameras and worlds on several threads, each with its own `Rasteriser` and scene graphs. The bytes are those of one
 * `Rasteriser` in this thread, whatever the number of threads. Poses and images lie on shared memory and are never copied
 * between threads; a thread takes the next job whenever it is free.
 *
 * The threads keep the process alive only while something is being drawn.
 */
export class RenderPool {
  readonly #seats: Seat[] = [];
  readonly #scenes = new Map<number, StoredScene>();
  readonly #openScenes = new Map<number, OpenScene>();
  readonly #batches = new Map<number, OpenBatch>();
  #count = 0;
  #broken: Error | undefined;

  private constructor() {}

  /**
   * Starts the threads.
   *
   * @throws InputError when an option is out of range
   * @throws StateError when the package was not built, or a thread cannot start
   */
  static async create(options: RenderPoolOptions = {}): Promise<RenderPool> {
    const workers = checkWhole("workers", options.workers ?? Math.min(MAX_WORKERS, availableParallelism()), MAX_WORKERS);
    const heap = options.heapMegabytes === undefined ? undefined : checkWhole("heapMegabytes", options.heapMegabytes, 1 << 20);
    const pool = new RenderPool();
    for (let index = 0; index < workers; index++) {
      const seat = new Seat(index, heap, {
        heard: (message) => pool.#hear(seat, message),
        lost: (why) => pool.#lose(seat, why),
      });
      pool.#seats.push(seat);
    }
    try {
      await Promise.all(pool.#seats.map((seat) => seat.start()));
    } catch (error) {
      await pool.close();
      throw error;
    }
    return pool;
  }

  get workers(): number {
    return this.#seats.length;
  }

  /**
   * Gives a scene to every thread. Resolves with its number.
   *
   * @throws ReverieError with the code and words of `SceneGraph`'s own when the description is not allowed
   * @throws PeerError when a thread ends while it builds the scene
   */
  async addScene(description: SceneDescription): Promise<number> {
    this.#assertOpen();
    const scene = this.#count++;
    const open: Omit<OpenScene, "finish"> = { waiting: new Set(this.#seats), failure: undefined };
    this.#scenes.set(scene, {
      description,
      bodies: description.bodies.map(({ id }) => id),
      cameras: new Map(description.cameras.map(({ id, width, height }) => [id, { width, height }])),
    });
    const built = await new Promise<OpenScene>((resolve) => {
      const entry: OpenScene = { ...open, finish: () => resolve(entry) };
      this.#openScenes.set(scene, entry);
      this.#post({ kind: "add-scene", scene, description });
      this.#holdProcess();
    });
    this.#openScenes.delete(scene);
    this.#holdProcess();
    if (built.failure === undefined) return scene;
    this.#scenes.delete(scene);
    this.#post({ kind: "remove-scene", scene });
    throw built.failure;
  }

  /** Frees a scene once the batches that were asked for before are drawn. @throws InputError when the pool has no such scene */
  removeScene(scene: number): void {
    this.#assertOpen();
    if (!this.#scenes.delete(scene))
      throw new InputError("scene", `expected a scene that was added and not removed, got ${String(scene)}.`);
    this.#post({ kind: "remove-scene", scene });
  }

  /**
   * Draws a batch. Resolves with the images in the order of the jobs, on shared memory; several batches may be under way. All jobs
   * are tried; when some fail, the error of the first of them is thrown and names it, and the pool goes on.
   *
   * @param options - `signal` leaves out what has not begun and rejects with the signal's reason
   * @throws InputError when a job is not allowed, ReverieError when it cannot be drawn, PeerError when its thread ended
   * @throws StateError after `close()`
   */
  async render(jobs: readonly RenderJob[], options: { readonly signal?: AbortSignal } = {}): Promise<CameraImage[]> {
    this.#assertOpen();
    const { signal } = options;
    signal?.throwIfAborted();
    const prepared = prepareBatch(jobs, this.#scenes, this.#seats.length);
    if (jobs.length === 0) return [];
    const batch = this.#count++;
    const skip = (): void => void Atomics.store(prepared.control, NEXT_JOB, jobs.length);
    const done = await new Promise<OpenBatch>((resolve) => {
      const open: OpenBatch = { ...prepared, failures: new Map(), waiting: new Set(this.#seats), finish: () => resolve(open) };
      this.#batches.set(batch, open);
      this.#post({ kind: "batch", batch, control: prepared.control, jobs: prepared.jobs });
      this.#holdProcess();
      signal?.addEventListener("abort", skip, { once: true });
    });
    signal?.removeEventListener("abort", skip);
    this.#batches.delete(batch);
    this.#holdProcess();
    if (this.#broken !== undefined) throw this.#broken;
    if (signal?.aborted === true) throw signal.reason;
    if (done.failures.size > 0) throw done.failures.get(Math.min(...done.failures.keys()));
    return prepared.readImages();
  }

  /** Ends the threads. Batches under way fail with a StateError; later calls too. */
  async close(): Promise<void> {
    this.#break(new StateError("The render pool was used after close(); create a new one."));
    await Promise.all(this.#seats.map((seat) => seat.end()));
  }

  #assertOpen(): void {
    if (this.#broken !== undefined) throw this.#broken;
  }

  #post(message: ToWorker): void {
    for (const seat of this.#seats) seat.post(message);
  }

  /** Waiting for threads must not let the process end; idle threads must not hold it. */
  #holdProcess(): void {
    const busy = this.#openScenes.size > 0 || this.#batches.size > 0;
    for (const seat of this.#seats) seat.holdProcess(busy);
  }

  #hear(seat: Seat, message: FromWorker): void {
    if (message.kind === "scene") {
      const open = this.#openScenes.get(message.scene);
      if (message.failure !== undefined && open !== undefined) open.failure ??= restoreFailure(message.failure, "scene");
      if (open !== undefined) settle(open, seat);
    } else if (message.kind === "batch") {
      const open = this.#batches.get(message.batch);
      if (open === undefined) return;
      for (const failure of message.failures) open.failures.set(failure.job, restoreFailure(failure, `jobs[${failure.job}]`));
      settle(open, seat);
    }
  }

  /**
   * A thread ended by itself. What it was busy with fails; a new thread takes its seat, gets the scenes, and helps with what is left
   * of the batches. A new thread that ends without having done anything would do so for ever: the pool then gives up.
   */
  #lose(seat: Seat, why: string): void {
    if (this.#broken !== undefined) return;
    const thread = `render thread ${seat.index + 1}`;
    let guilty = seat.done > 0 || !seat.isReplacement;
    for (const [scene, open] of this.#openScenes) {
      if (!open.waiting.has(seat)) continue;
      guilty = true;
      open.failure ??= new PeerError(thread, `ended while the scene was built (${why}).`);
      this.#scenes.delete(scene);
      settle(open, seat);
    }
    const rest: ToWorker[] = [];
    for (const [batch, open] of this.#batches) {
      if (!open.waiting.has(seat)) continue;
      const held = Atomics.exchange(open.control, FIRST_HELD + seat.index, 0);
      if (held > 0) {
        guilty = true;
        open.failures.set(held - 1, new PeerError(thread, `ended while it drew jobs[${held - 1}] (${why}).`));
      }
      rest.push({ kind: "batch", batch, control: open.control, jobs: open.jobs });
    }
    if (!guilty) {
      this.#break(new StateError(`The render pool gave up: ${thread} ended again after it had been replaced (${why}).`));
      return;
    }
    seat.start().catch((error: unknown) => this.#break(new StateError(`The render pool gave up: ${messageOf(error)}`, { cause: error })));
    for (const [scene, { description }] of this.#scenes) {
      if (!this.#openScenes.get(scene)?.waiting.has(seat)) seat.post({ kind: "add-scene", scene, description });
    }
    for (const message of rest) seat.post(message);
    this.#holdProcess();
  }

  /** Ends everything that is under way with one error, which all later calls throw too. */
  #break(error: Error): void {
    this.#broken ??= error;
    for (const open of this.#openScenes.values()) {
      open.failure ??= this.#broken;
      open.finish();
    }
    for (const open of this.#batches.values()) open.finish();
  }
}

function settle(open: { readonly waiting: Set<Seat>; readonly finish: () => void }, seat: Seat): void {
  open.waiting.delete(seat);
  if (open.waiting.size === 0) open.finish();
}

function checkWhole(name: string, value: number, most: number): number {
  if (Number.isInteger(value) && value >= 1 && value <= most) return value;
  throw new InputError(name, `expected a whole number from 1 to ${most}, got ${String(value)}.`);
}
