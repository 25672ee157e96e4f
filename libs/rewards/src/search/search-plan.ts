import type { PlanStep } from "@reverie/core";
import { exact, InputError, Rng } from "@reverie/core";
import type { SearchNode, StepCandidate } from "./tree.ts";
import { backedUpValue, prefixOf, stepKey, upperConfidence } from "./tree.ts";

type Awaitable<T> = T | Promise<T>;

/** The planner, the value model and the verifier of a search; each may answer later. */
export interface PlanSearchProblem<S = PlanStep> {
  /** Steps that may follow the prefix, best first where they have no prior; none ends the branch. Asked once per prefix. */
  propose(prefix: readonly S[], request: { readonly count: number; readonly rng: Rng }): Awaitable<readonly StepCandidate<S>[]>;
  /** How far the prefix is on the way to a right plan, in [0, 1]. */
  value(prefix: readonly S[]): Awaitable<number>;
  /** Whether the prefix is a right plan or can no longer become one; undefined while it is open. A `Rollout` will do. */
  verify?(prefix: readonly S[]): Awaitable<{ readonly success: boolean } | undefined>;
}

/** Defaults are those of the released code of ReST-MCTS* unless said otherwise. */
export interface PlanSearchOptions {
  /** Rounds of select, expand, simulate and back up; 50. */
  readonly iterations?: number;
  /** Children that one expansion adds; 3. */
  readonly branch?: number;
  /** Steps of a greedy roll-out; 3. */
  readonly rolloutSteps?: number;
  /** Candidates a roll-out looks at per step; 1. */
  readonly rolloutBranch?: number;
  /** Weight c of the confidence term; 0.7. */
  readonly exploration?: number;
  /** Weight alpha of the roll-out's best value; 0.5. */
  readonly rolloutWeight?: number;
  /** Without a verifier, the value from which a selected leaf counts as done; 0.9. */
  readonly endGate?: number;
  /** Added to the value of a child that was never visited; 1. */
  readonly unvisitedBonus?: number;
  /** How evenly candidates with priors are drawn, 0 for best first; 0.7. */
  readonly temperature?: number;
  /** Longest plan; 12, our choice. */
  readonly maximumDepth?: number;
  /** Size of the tree; 5,000, our choice. */
  readonly maximumNodes?: number;
  /** Right plans after which the search ends; 1, our choice. */
  readonly maximumSolutions?: number;
  readonly seed?: number;
  /** Ends the search before the next call of the problem, such as an AbortSignal. */
  readonly signal?: { readonly aborted: boolean };
}

export type SearchEnd = "solved" | "gate" | "iterations" | "nodes" | "exhausted" | "aborted";

export interface PlanSearchResult<S = PlanStep> {
  /** The shortest right plan; without one, the prefix of highest value that is not known to fail. */
  readonly plan: readonly S[];
  readonly solved: boolean;
  /** Why the search ended; "exhausted" when every prefix within the depth was seen. */
  readonly end: SearchEnd;
  readonly iterations: number;
  readonly nodes: readonly SearchNode<S>[];
}

interface Node<S> {
  readonly id: number;
  readonly parent: Node<S> | undefined;
  readonly step: S | undefined;
  readonly depth: number;
  readonly children: Node<S>[];
  value: number;
  visits: number;
  success: boolean | undefined;
  /** Nothing below is left to see. */
  closed: boolean;
  expanded: boolean;
  /** Candidates that are no children yet; undefined before the planner was asked. */
  waiting: StepCandidate<S>[] | undefined;
}

const MOST_CANDIDATES = 1000;

/** Thrown and caught here only: a bound was reached in the middle of a round. */
class Ended extends Error {
  readonly end: SearchEnd;
  constructor(end: SearchEnd) {
    super(end);
    this.end = end;
  }
}

/**
 * Tree search over plan steps, guided by a value model.
 *
 * A round selects a leaf by upper confidence, adds up to `branch` distinct steps, rolls out greedily from the best of them and backs the
 * values up. Prefixes that the verifier judged have the value 1 or 0 and are not entered again. The same seed and answers give the same
 * tree.
 *
 * ReST-MCTS* (Zhang et al. 2024), https://arxiv.org/abs/2406.03816, after the released code. Our choice: roll-out steps stay in the tree,
 * a prefix whose children are all closed takes further candidates, and the end gate counts only without a verifier.
 *
 * @throws InputError when an option is out of range, a value is not in [0, 1], or the candidates are too many (1,000) or have bad priors
 */
export async function searchPlan<S = PlanStep>(
  problem: PlanSearchProblem<S>,
  options: PlanSearchOptions = {},
): Promise<PlanSearchResult<S>> {
  const search = new PlanSearch(problem, checked(options));
  let end: SearchEnd = "iterations";
  try {
    await search.run();
  } catch (error) {
    if (!(error instanceof Ended)) throw error;
    end = error.end;
  }
  return search.result(end);
}

type Checked = Required<Omit<PlanSearchOptions, "signal">> & Pick<PlanSearchOptions, "signal">;

function checked(given: PlanSearchOptions): Checked {
  const options: Checked = {
    iterations: 50,
    branch: 3,
    rolloutSteps: 3,
    rolloutBranch: 1,
    exploration: 0.7,
    rolloutWeight: 0.5,
    endGate: 0.9,
    unvisitedBonus: 1,
    temperature: 0.7,
    maximumDepth: 12,
    maximumNodes: 5000,
    maximumSolutions: 1,
    seed: 0,
    ...given,
  };
  const range = (name: Exclude<keyof Checked, "signal">, low: number, high: number, whole: boolean): void => {
    const value = options[name];
    if (!(value >= low && value <= high) || (whole && !Number.isInteger(value))) {
      throw new InputError(`options.${name}`, `expected ${whole ? "an integer" : "a number"} from ${low} to ${high}, got ${value}.`);
    }
  };
  range("iterations", 0, 1e6, true);
  range("branch", 1, MOST_CANDIDATES, true);
  range("rolloutSteps", 0, 1000, true);
  range("rolloutBranch", 1, MOST_CANDIDATES, true);
  range("exploration", 0, 1e6, false);
  range("rolloutWeight", 0, 1, false);
  range("endGate", 0, 1, false);
  range("unvisitedBonus", 0, 1e6, false);
  range("temperature", 0, 1e6, false);
  range("maximumDepth", 1, 1000, true);
  range("maximumNodes", 1, 1e6, true);
  range("maximumSolutions", 1, 1e6, true);
  return options;
}

class PlanSearch<S> {
  readonly #problem: PlanSearchProblem<S>;
  readonly #options: Checked;
  readonly #proposing: Rng;
  readonly #drawing: Rng;
  readonly #nodes: Node<S>[] = [];
  #solutions = 0;
  #iterations = 0;
  #gated: Node<S> | undefined;

  constructor(problem: PlanSearchProblem<S>, options: Checked) {
    this.#problem = problem;
    this.#options = options;
    const rng = new Rng(options.seed);
    this.#proposing = rng.split("propose");
    this.#drawing = rng.split("draw");
  }

  async run(): Promise<void> {
    const root = await this.#add(undefined, undefined);
    for (; this.#iterations < this.#options.iterations; this.#iterations++) {
      if (root.closed) throw new Ended(this.#solutions > 0 ? "solved" : "exhausted");
      const leaf = this.#select(root);
      if (this.#problem.verify === undefined && leaf !== root && leaf.value >= this.#options.endGate) {
        this.#gated = leaf;
        throw new Ended("gate");
      }
      const child = await this.#expand(leaf);
      if (child === undefined) leaf.value = 0;
      else if (!child.closed) await this.#simulate(child);
      this.#backUp(child ?? leaf);
    }
    if (this.#solutions > 0) throw new Ended("solved");
  }

  result(end: SearchEnd): PlanSearchResult<S> {
    const nodes = this.#nodes.map(({ id, parent, step, depth, value, visits, success }) => ({
      id,
      parent: parent?.id ?? -1,
      step,
      depth,
      value,
      visits,
      success,
    }));
    let best = this.#gated?.id ?? 0;
    if (this.#solutions > 0) {
      best = nodes.filter((node) => node.success === true).reduce((a, b) => (b.depth < a.depth ? b : a)).id;
    } else if (this.#gated === undefined) {
      for (const node of nodes) if (node.success === undefined && node.depth > 0 && isBetter(node, nodes[best]!)) best = node.id;
    }
    return { plan: prefixOf(nodes, best), solved: this.#solutions > 0, end, iterations: this.#iterations, nodes };
  }

  #checkSignal(): void {
    if (this.#options.signal?.aborted === true) throw new Ended("aborted");
  }

  #select(root: Node<S>): Node<S> {
    let node = root;
    while (node.expanded) {
      const open = node.children.filter((child) => !child.closed);
      if (open.length === 0) return node;
      const { visits } = node;
      const confidence = open.map((child) => upperConfidence(child.value, child.visits, visits, this.#options));
      node = open[confidence.indexOf(Math.max(...confidence))]!;
    }
    return node;
  }

  /** The best child after the expansion, or of several closed ones the best; undefined when nothing can follow. */
  async #expand(node: Node<S>): Promise<Node<S> | undefined> {
    const wanted = node.expanded ? this.#options.branch : this.#options.branch - node.children.length;
    await this.#grow(node, wanted);
    node.expanded = true;
    this.#closeIfDone(node);
    const open = node.children.filter((child) => !child.closed);
    return bestOf(open.length > 0 ? open : node.children);
  }

  async #simulate(start: Node<S>): Promise<void> {
    const { rolloutSteps, rolloutWeight, maximumDepth } = this.#options;
    let node: Node<S> | undefined = start;
    let highest = -1;
    for (let step = 0; step < rolloutSteps && !node.closed && node.depth < maximumDepth; step++) {
      await this.#grow(node, this.#options.rolloutBranch - node.children.length);
      node = bestOf(node.children);
      if (node === undefined) break;
      highest = Math.max(highest, node.value);
    }
    if (highest >= 0) start.value = (1 - rolloutWeight) * start.value + rolloutWeight * highest;
  }

  #backUp(from: Node<S>): void {
    from.visits++;
    for (let node = from.parent; node !== undefined; node = node.parent) {
      node.visits++;
      node.value = backedUpValue(node.children) ?? node.value;
    }
  }

  /** Makes children of the next candidates. */
  async #grow(node: Node<S>, count: number): Promise<void> {
    node.waiting ??= await this.#candidates(node);
    for (let k = 0; k < count && node.waiting.length > 0; k++) node.children.push(await this.#add(node, node.waiting.shift()!.step));
  }

  async #candidates(node: Node<S>): Promise<StepCandidate<S>[]> {
    this.#checkSignal();
    const { branch, rolloutBranch, temperature } = this.#options;
    const count = Math.max(branch, rolloutBranch);
    const offered = await this.#problem.propose(this.#prefix(node), { count, rng: this.#proposing.split(String(node.id)) });
    if (offered.length > MOST_CANDIDATES) {
      throw new InputError("propose", `expected at most ${MOST_CANDIDATES} candidates, got ${offered.length}.`);
    }
    const distinct = [...new Map(offered.toReversed().map((candidate) => [stepKey(candidate.step), candidate])).values()].toReversed();
    return drawOrder(distinct, temperature, this.#drawing.split(String(node.id)));
  }

  async #add(parent: Node<S> | undefined, step: S | undefined): Promise<Node<S>> {
    if (this.#nodes.length >= this.#options.maximumNodes) throw new Ended(this.#solutions > 0 ? "solved" : "nodes");
    this.#checkSignal();
    const node: Node<S> = {
      id: this.#nodes.length,
      parent,
      step,
      depth: parent === undefined ? 0 : parent.depth + 1,
      children: [],
      value: 0,
      visits: 0,
      success: undefined,
      closed: false,
      expanded: false,
      waiting: undefined,
    };
    const prefix = this.#prefix(node);
    node.success = (await this.#problem.verify?.(prefix))?.success;
    node.value = node.success === undefined ? await this.#problem.value(prefix) : Number(node.success);
    if (!(node.value >= 0 && node.value <= 1)) throw new InputError("value", `expected a number from 0 to 1, got ${node.value}.`);
    const gated = this.#problem.verify === undefined && node.value >= this.#options.endGate;
    node.closed = node.success !== undefined || (node.depth >= this.#options.maximumDepth && !gated);
    this.#nodes.push(node);
    if (node.success === true && ++this.#solutions >= this.#options.maximumSolutions) throw new Ended("solved");
    return node;
  }

  #prefix(node: Node<S>): S[] {
    const steps: S[] = [];
    for (let at = node; at.parent !== undefined; at = at.parent) steps.push(at.step as S);
    return steps.toReversed();
  }

  #closeIfDone(from: Node<S>): void {
    for (let node: Node<S> | undefined = from; node !== undefined; node = node.parent) {
      if (!node.expanded || node.waiting!.length > 0 || !node.children.every((child) => child.closed)) return;
      node.closed = true;
    }
  }
}

/** Of a higher value, or of the same with more steps; anything is better than the root. */
function isBetter(a: SearchNode<unknown>, b: SearchNode<unknown>): boolean {
  return b.depth === 0 || a.value > b.value || (a.value === b.value && a.depth > b.depth);
}

/** The first of those of highest value. */
function bestOf<S>(nodes: readonly Node<S>[]): Node<S> | undefined {
  return nodes.length === 0 ? undefined : nodes.reduce((a, b) => (b.value > a.value ? b : a));
}

/** Candidates in the order in which they become children: as they came, or drawn without return by prior^(1 / temperature). */
function drawOrder<S>(candidates: StepCandidate<S>[], temperature: number, rng: Rng): StepCandidate<S>[] {
  if (candidates.every(({ prior }) => prior === undefined)) return candidates;
  const keyed = candidates.map((candidate) => {
    const { prior } = candidate;
    if (prior === undefined || !(prior >= 0 && prior < Infinity)) {
      throw new InputError("propose", "expected a finite prior of at least 0 for every candidate of a prefix, or for none.");
    }
    if (temperature === 0) return { candidate, key: prior };
    // The largest of log-weights with Gumbel noise is a draw by weight; sorting by them draws without return.
    return { candidate, key: exact.log(prior) / temperature - exact.log(-exact.log(rng.uniform())) };
  });
  return keyed.sort((a, b) => (a.key === b.key ? 0 : b.key > a.key ? 1 : -1)).map(({ candidate }) => candidate);
}
