import type { Rng } from "@reverie/core";
import { chooseReference, type Reference } from "./referring.ts";
import type { ComposedScene } from "./scene.ts";
import type { Constraint, Subgoal } from "./subgoals.ts";
import {
  ADDITIONS,
  CLAUSES,
  CONSTRAINTS,
  CUBE_NOUNS,
  OPENERS,
  OTHER_CUBES,
  QUESTIONS,
  REVERSED,
  SEQUELS,
  VISUAL_WORDINGS,
  type Wordings,
} from "./wordings.ts";

// Sub-goals become a sentence: one clause for each, joined by what says whether the order counts.

/** What is to be said, in the order of the sub-goals. */
export interface Message {
  readonly subgoals: readonly Subgoal[];
  /** Stage of each sub-goal: those of a stage come after all of the one before. Starts at 0, never falls. */
  readonly stages: readonly number[];
  readonly constraints: readonly Constraint[];
  /** Whether the last two sub-goals put all cubes that are named nowhere else into one bin. */
  readonly others: boolean;
}

export interface Said {
  readonly text: string;
  /** Wordings that were used. */
  readonly wordings: readonly string[];
  /** Whether a thing is referred to by where it is in the picture. */
  readonly visual: boolean;
}

/** How often a thing is referred to by looking where that is possible. */
const VISUAL_CHANCE = 0.14;
const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

/** Says one message. */
class Speaker {
  readonly wordings: string[] = [];
  visual = false;
  readonly #rng: Rng;
  readonly #scene: ComposedScene;
  readonly #subgoals: readonly Subgoal[];
  readonly #heldOut: boolean;

  constructor(rng: Rng, scene: ComposedScene, subgoals: readonly Subgoal[], heldOut: boolean) {
    this.#rng = rng;
    this.#scene = scene;
    this.#subgoals = subgoals;
    this.#heldOut = heldOut;
  }

  /** A wording: of training, or half of the time (always, when `surely`) of those held out. */
  choose({ train, heldOut }: Wordings, surely = false): string {
    const unseen = this.#heldOut && (surely || this.#rng.bernoulli(0.5));
    const wording = this.#rng.choice(unseen ? heldOut : train);
    this.wordings.push(wording);
    return wording;
  }

  /** A thing by name: `the red cube`, `the drawer`. */
  #named(id: string): string {
    if (!id.includes("_")) return `the ${id}`;
    const [color = "", kind = ""] = id.split("_");
    return `the ${color} ${kind === "cube" ? this.choose(CUBE_NOUNS) : kind}`;
  }

  #referred(id: string, { relation, to }: Reference): string {
    if (relation === "name") return this.#named(id);
    this.visual = true;
    const kind = id.slice(id.indexOf("_") + 1);
    const noun = kind === "cube" ? this.choose(CUBE_NOUNS) : kind;
    return this.choose(VISUAL_WORDINGS[relation])
      .replace("{n}", noun)
      .replace("{t}", to === "" ? "" : this.#named(to));
  }

  #refer(id: string): string {
    return this.#referred(id, chooseReference(this.#rng, this.#scene, this.#subgoals, id, VISUAL_CHANCE));
  }

  clause({ kind, object, target }: Subgoal): string {
    const moved = this.#refer(object);
    const to = target === "" || target === "table" ? "" : this.#refer(target);
    return this.choose(CLAUSES[kind], true).replace("{x}", moved).replace("{t}", to);
  }

  /** The clause that puts what is left over into a bin. */
  othersClause({ kind, target }: Subgoal): string {
    this.visual = true;
    const others = this.choose(OTHER_CUBES).replace("{n}", this.choose(CUBE_NOUNS));
    return this.choose(CLAUSES[kind], true).replace("{x}", others).replace("{t}", this.#named(target));
  }

  constraint({ kind, object }: Constraint): string {
    const thing = this.#refer(object);
    return this.choose(CONSTRAINTS[kind]).replace("{x}", thing);
  }
}

/** Starts each sentence with a capital and ends the last with a stop. */
function punctuated(text: string, stop: string): string {
  return `${capital(text.replace(/\. (.)/g, (_, letter: string) => `. ${letter.toUpperCase()}`))}${stop}`;
}

/** Clauses in their order, with what says whether it counts. */
function joined(rng: Rng, speaker: Speaker, clauses: readonly string[], sequels: readonly boolean[]): string {
  const [first = "", second = "", ...rest] = clauses;
  let text = first;
  let at = 1;
  if (sequels[1] === true && rest.length === 0 && rng.bernoulli(0.3)) {
    return speaker.choose(REVERSED).replace("{earlier}", first).replace("{later}", second);
  }
  if (sequels[1] === true && rng.bernoulli(0.35)) text = `first ${text}`;
  for (; at < clauses.length; at++) text += speaker.choose(sequels[at] === true ? SEQUELS : ADDITIONS) + (clauses[at] ?? "");
  return text;
}

/** Puts a message into words; `heldOut` uses wordings that training never does, at least in every verb. */
export function say(rng: Rng, scene: ComposedScene, message: Message, heldOut: boolean): Said {
  const { subgoals, stages, constraints, others } = message;
  const speaker = new Speaker(rng, scene, subgoals, heldOut);
  const single = others ? subgoals.slice(0, -2) : subgoals;
  const clauses = single.map((subgoal) => speaker.clause(subgoal));
  const last = subgoals.at(-1);
  if (others && last !== undefined) clauses.push(speaker.othersClause(last));
  const sequels = clauses.map((_, i) => i > 0 && stages[i] !== stages[i - 1]);
  const text = joined(rng, speaker, clauses, sequels);
  const warnings = constraints.map((constraint) => speaker.constraint(constraint));
  const said = (whole: string): Said => ({ text: whole, wordings: speaker.wordings, visual: speaker.visual });
  if (warnings.length === 0 && !text.includes(". ") && !text.includes("; ") && rng.bernoulli(0.12)) {
    return said(punctuated(speaker.choose(QUESTIONS) + text, "?"));
  }
  const start = text.startsWith("before ") ? "" : speaker.choose(OPENERS);
  const order = start + text;
  if (warnings.length === 0) return said(punctuated(order, "."));
  const warning = warnings.join(rng.bernoulli(0.5) ? " and " : ", and ");
  // A warning may come before, after, or in the same sentence.
  const place = rng.uniform();
  if (place < 0.25) return said(punctuated(`${warning}. ${order}`, "."));
  return said(punctuated(place < 0.5 ? `${order}, but ${warning}` : `${order}. ${warning}`, "."));
}
