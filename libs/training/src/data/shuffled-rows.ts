import { InputError, Rng } from "@reverie/core";
import type { TrainingRow } from "./row.ts";
import { RowStream, type RowStreamOptions, type StreamPosition } from "./row-stream.ts";

/** Where a shuffled stream is: the block at hand begins at `block` of the stream, `taken` of its rows are gone. JSON. */
export interface ShufflePosition {
  readonly block: StreamPosition;
  readonly number: number;
  readonly taken: number;
}

export interface ShuffledRowsOptions extends Omit<RowStreamOptions, "position"> {
  /** Rows that are shuffled together. */
  readonly blockRows: number;
  /** Rows of a block that are alike in length come one after the other, in groups of `size`; groups come in random order. */
  readonly group?: { readonly size: number; readonly lengthOf: (row: TrainingRow) => number };
  /** Where to go on; what `position` said. */
  readonly position?: ShufflePosition;
}

interface Block {
  readonly rows: readonly TrainingRow[];
  readonly start: StreamPosition;
  readonly number: number;
}

/**
 * Rows for training, in random order: blocks of the stream, each shuffled by the seed and its number. While one block is used up, the next is being
 * filled. A block is made again from where it began when training is resumed, so nothing of it needs to be kept.
 */
export class ShuffledRows {
  readonly #stream: RowStream;
  readonly #blockRows: number;
  readonly #rng: Rng;
  readonly #group: ShuffledRowsOptions["group"];
  #block: Block | undefined;
  #next: Promise<Block>;
  #taken: number;
  #waited = 0;

  private constructor(stream: RowStream, options: ShuffledRowsOptions) {
    this.#stream = stream;
    this.#blockRows = options.blockRows;
    this.#rng = new Rng(options.plan.seed).split("shuffle");
    this.#group = options.group;
    this.#taken = options.position?.taken ?? 0;
    this.#next = this.#fillAhead(options.position?.number ?? 0);
  }

  /** @throws InputError when an option is out of range, or the source cannot be opened */
  static async open(options: ShuffledRowsOptions): Promise<ShuffledRows> {
    const { blockRows, position, group, ...rest } = options;
    if (rest.plan.purpose === "evaluation") throw new InputError("plan.purpose", "rows for evaluation are never trained on.");
    if (!Number.isInteger(blockRows) || blockRows < 1 || blockRows > 100_000)
      throw new InputError("blockRows", `expected a whole number from 1 to 100000, got ${blockRows}.`);
    if (position !== undefined && !(Number.isInteger(position.taken) && position.taken >= 0 && position.taken <= blockRows))
      throw new InputError("position.taken", `expected a whole number from 0 to ${blockRows}, got ${position.taken}.`);
    if (group !== undefined && !(Number.isInteger(group.size) && group.size >= 1))
      throw new InputError("group.size", `expected a whole number of 1 or more, got ${group.size}.`);
    const stream = await RowStream.open(position === undefined ? rest : { ...rest, position: position.block });
    return new ShuffledRows(stream, options);
  }

  /** Where the next row comes from. Undefined before the first row of a stream that just began. */
  get position(): ShufflePosition | undefined {
    if (this.#block === undefined) return undefined;
    return { block: this.#block.start, number: this.#block.number, taken: this.#taken };
  }

  /** Milliseconds that `next` has waited for rows so far. */
  get waitedMs(): number {
    return this.#waited;
  }

  /** @throws what the stream throws */
  async next(): Promise<TrainingRow> {
    if (this.#block === undefined || this.#taken >= this.#block.rows.length) {
      const started = performance.now();
      const first = this.#block === undefined;
      this.#block = await this.#next;
      this.#waited += performance.now() - started;
      if (!first) this.#taken = 0;
      this.#next = this.#fillAhead(this.#block.number + 1);
      if (this.#taken >= this.#block.rows.length) return this.next();
    }
    return this.#block.rows[this.#taken++]!;
  }

  async close(): Promise<void> {
    await this.#stream.close();
    await this.#next.catch(() => undefined);
  }

  #fillAhead(number: number): Promise<Block> {
    const filling = this.#fill(number);
    // Its failure is told when the block is asked for, which may be much later.
    filling.catch(() => undefined);
    return filling;
  }

  async #fill(number: number): Promise<Block> {
    const start = this.#stream.position;
    const rows: TrainingRow[] = [];
    while (rows.length < this.#blockRows) rows.push(await this.#stream.next());
    const rng = this.#rng.split(`block ${number}`);
    const shuffled = rng.shuffle(rows);
    return { rows: this.#group === undefined ? shuffled : grouped(shuffled, this.#group, rng), start, number };
  }
}

function grouped(
  rows: readonly TrainingRow[],
  { size, lengthOf }: NonNullable<ShuffledRowsOptions["group"]>,
  rng: Rng,
): readonly TrainingRow[] {
  const byLength = rows.map((row) => ({ row, length: lengthOf(row) })).toSorted((a, b) => a.length - b.length);
  const groups = Array.from({ length: Math.ceil(rows.length / size) }, (_, i) => byLength.slice(i * size, (i + 1) * size));
  return rng.shuffle(groups).flatMap((group) => group.map(({ row }) => row));
}
