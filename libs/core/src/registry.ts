import { InputError, UnknownIdError } from "./errors.ts";

/** Things by id, in the order they were given, with a helpful error for an unknown id. */
export class Registry<T> implements Iterable<T> {
  readonly #kind: string;
  readonly #items = new Map<string, T>();

  /**
   * @param kind - what an item is called in errors, for example `task`
   * @throws InputError when two items share an id
   */
  constructor(kind: string, items: Iterable<T>, idOf: (item: T) => string) {
    this.#kind = kind;
    for (const item of items) {
      const id = idOf(item);
      if (this.#items.has(id)) throw new InputError(id, `two ${kind}s share this id; ids must be unique.`);
      this.#items.set(id, item);
    }
  }

  get ids(): string[] {
    return [...this.#items.keys()];
  }

  has(id: string): boolean {
    return this.#items.has(id);
  }

  /** @throws UnknownIdError naming the closest known id */
  get(id: string): T {
    const item = this.#items.get(id);
    if (item === undefined) throw new UnknownIdError(this.#kind, id, this.ids);
    return item;
  }

  [Symbol.iterator](): Iterator<T> {
    return this.#items.values();
  }
}
