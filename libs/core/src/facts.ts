// Symbolic facts: what is true of a world, in words a planner can search over.

/** A ground fact: predicate name and object ids, as in `["on", "red_cube", "table"]`. */
export type Fact = readonly [predicate: string, ...objects: string[]];

/** A fact that must hold, or must not. */
export interface Literal {
  readonly fact: Fact;
  /** @defaultValue false */
  readonly negated?: boolean;
}

/** Text of a fact: `on(red_cube, table)`. Used as its key in sets. */
export function factText(fact: Fact): string {
  return `${fact[0]}(${fact.slice(1).join(", ")})`;
}

/** A set of true facts; everything else is false (closed world). Iterates in the order of insertion. */
export class FactSet implements Iterable<Fact> {
  readonly #facts = new Map<string, Fact>();

  constructor(facts: Iterable<Fact> = []) {
    for (const fact of facts) this.add(fact);
  }

  get size(): number {
    return this.#facts.size;
  }

  has(fact: Fact): boolean {
    return this.#facts.has(factText(fact));
  }

  add(fact: Fact): this {
    this.#facts.set(factText(fact), fact);
    return this;
  }

  delete(fact: Fact): boolean {
    return this.#facts.delete(factText(fact));
  }

  /** True facts of one predicate. */
  *of(predicate: string): Generator<Fact> {
    for (const fact of this.#facts.values()) if (fact[0] === predicate) yield fact;
  }

  clone(): FactSet {
    return new FactSet(this);
  }

  /** Whether the literal holds. */
  satisfies(literal: Literal): boolean {
    return this.has(literal.fact) !== (literal.negated ?? false);
  }

  /** A key that is equal for equal sets, whatever the order of insertion. */
  key(): string {
    return [...this.#facts.keys()].sort().join(";");
  }

  [Symbol.iterator](): Iterator<Fact> {
    return this.#facts.values();
  }
}
