import { InputError } from "@reverie/core";
import type { VetoedScore, VetoGate } from "../combine/veto.ts";
import { vetoCombine } from "../combine/veto.ts";
import { mean } from "../core/numbers.ts";
import type { NamedScores, PlanSample, RewardTerm } from "../core/vocabulary.ts";
import { guardJudge } from "../judges/guard.ts";
import { judgeReward } from "../judges/pointwise.ts";
import { planWellFormed } from "../terms/partial-rewards.ts";
import { preferenceAsReward } from "../transforms/preference-as-reward.ts";
import type { ReferenceScores } from "../transforms/reference-scores.ts";
import { saturate } from "../transforms/saturate.ts";
import { scoreUncertainty } from "../transforms/uncertainty.ts";
import type { BuildOptions } from "./built.ts";
import type { Scorer } from "./scorers.ts";
import { SCORERS } from "./scorers.ts";
import type { RewardSpec, TermSpec, TransformSpec } from "./spec.ts";
import { partName } from "./spec.ts";

/** What n calls to the judge said of one answer. */
interface Rating {
  readonly value: number;
  /** Variance of the ratings that could be read. */
  readonly uncertainty: number;
  readonly state: "read" | "unread" | "refused";
}

type Ask = (sample: PlanSample) => Promise<Rating>;

/** A term of the spec, ready to score. */
export interface ActiveTerm {
  readonly spec: TermSpec;
  readonly name: string;
  readonly scorer: Scorer;
  readonly score?: RewardTerm;
  readonly ask?: Ask;
}

/** What the terms say of one sample. */
export interface Evaluation {
  readonly sample: PlanSample;
  /** By part, after the term's own transform. */
  readonly values: NamedScores;
  /** Before it. */
  readonly raw: NamedScores;
  /** Of gate and vetoes; the value is 1 or 0. */
  readonly gate: VetoedScore;
  readonly uncertainty: number;
  /** A judge was asked and nothing that it said could be read. */
  readonly unread: boolean;
}

/** Terms that are there: all of the spec, less an optional judge that was not passed. @throws InputError when another judge was not */
export function activeTerms(spec: RewardSpec, options: BuildOptions): ActiveTerm[] {
  return spec.terms.flatMap((term) => {
    const scorer = SCORERS.get(term.term);
    const base = { spec: term, name: partName(term), scorer };
    if (scorer.id !== "judge") return [{ ...base, ...(scorer.make && { score: scorer.make(term, options) }) }];
    if (options.judge !== undefined) return [{ ...base, ask: asker(term, options) }];
    if (term.optional === true) return [];
    throw new InputError("options.judge", 'the spec asks a judge, and none was passed; pass one, or set "optional" on the term.');
  });
}

function asker({ criterion, calls = 1 }: TermSpec, { judge, images }: BuildOptions): Ask {
  const rate = judgeReward(guardJudge(judge!), { ...(criterion !== undefined && { criterion }), ...(images && { images }) });
  return async (sample) => {
    const ratings = await Promise.all(Array.from({ length: calls }, () => rate(sample)));
    if (ratings.some(({ vetoed }) => vetoed === true)) return { value: 0, uncertainty: 0, state: "refused" };
    const read = ratings.filter(({ confidence }) => confidence !== 0).map(({ value }) => value);
    return { value: mean(read), uncertainty: scoreUncertainty(read), state: read.length === 0 ? "unread" : "read" };
  };
}

/** Reads the terms of samples; the references are looked up at each call. */
export class Evaluator {
  readonly #spec: RewardSpec;
  readonly #terms: readonly ActiveTerm[];
  readonly #references: ReferenceScores;
  readonly #strict: boolean;

  constructor(spec: RewardSpec, terms: readonly ActiveTerm[], references: ReferenceScores, strict: boolean) {
    this.#spec = spec;
    this.#terms = terms;
    this.#references = references;
    this.#strict = strict;
  }

  /** @param given - values of terms that compare groups. @throws InputError when the sample lacks what a term needs, or a judge is to be asked */
  evaluate(sample: PlanSample, given?: NamedScores): Evaluation {
    const raw: Record<string, number> = {};
    for (const term of this.#terms) {
      if (term.ask !== undefined)
        throw new InputError(
          "spec.terms",
          `the term "${term.name}" waits for a model; use scoreAsync, scoreGroupAsync or scoreBatchAsync.`,
        );
      raw[term.name] = ownValue(term, sample, given);
    }
    return this.#evaluation(sample, raw, []);
  }

  /** As `evaluate`; a judge is asked last, and only about answers that gate and vetoes left. */
  async evaluateAsync(sample: PlanSample, given?: NamedScores): Promise<Evaluation> {
    const raw: Record<string, number> = {};
    for (const term of this.#terms) if (term.ask === undefined) raw[term.name] = ownValue(term, sample, given);
    const open = !vetoCombine(1, this.#gates(sample, raw)).vetoed;
    const ratings: Rating[] = [];
    for (const { name, ask } of this.#terms) {
      if (ask === undefined) continue;
      if (open) ratings.push(await ask(sample));
      raw[name] = ratings.at(-1)?.value ?? 0;
    }
    return this.#evaluation(sample, raw, ratings);
  }

  /** Scores of the reference policy for the sample's task. @throws InputError when there are none and the reward is strict */
  referencesOf(sample: PlanSample, part: string): readonly number[] {
    const key = referenceKey(sample, part);
    const scores = this.#references.of(key);
    if (scores.length > 0 || !this.#strict) return scores;
    throw new InputError(
      "options.references",
      `there are no reference scores for "${key}", and the reward is strict; call learnReferences.`,
    );
  }

  transformed(value: number, transform: TransformSpec | undefined, sample: PlanSample, part: string): number {
    if (transform === undefined) return value;
    if (transform.kind === "saturate") return saturate(value, transform.rate);
    const slope = transform.slope === undefined ? {} : { slope: transform.slope };
    return preferenceAsReward(value, this.referencesOf(sample, part), slope);
  }

  #evaluation(sample: PlanSample, raw: NamedScores, ratings: readonly Rating[]): Evaluation {
    const refused = ratings.some(({ state }) => state === "refused");
    const gates = [...this.#gates(sample, raw), ...(refused ? [{ name: "judge", score: 0, below: 1 }] : [])];
    const values: Record<string, number> = {};
    for (const { name, spec } of this.#terms) values[name] = this.transformed(raw[name]!, spec.transform, sample, name);
    return {
      sample,
      raw,
      values,
      gate: vetoCombine(1, gates),
      uncertainty: ratings[0]?.uncertainty ?? 0,
      unread: ratings.some(({ state }) => state === "unread"),
    };
  }

  #gates(sample: PlanSample, raw: NamedScores): VetoGate[] {
    const { gate = "format", veto = [] } = this.#spec;
    const gates: VetoGate[] = [];
    const need = (name: string, passed: boolean): void => void gates.push({ name, score: passed ? 1 : 0, below: 1 });
    if (gate !== "none") need("format", sample.format);
    if (gate === "plan") need("well-formed", planWellFormed(sample.predicted, sample.skills, sample.objects));
    for (const name of veto) need(name, !violated(sample, name));
    for (const { name, spec } of this.#terms) {
      if (spec.vetoBelow !== undefined && raw[name] !== undefined) gates.push({ name, score: raw[name], below: spec.vetoBelow });
    }
    return gates;
  }
}

/** Where the scores of a task's reference answers stand in the store. */
export const referenceKey = ({ taskId = "" }: PlanSample, part: string): string => `${taskId}/${part}`;

function ownValue({ name, scorer, score }: ActiveTerm, sample: PlanSample, given: NamedScores | undefined): number {
  if (scorer.needs.includes("reference") && sample.references.length === 0)
    throw new InputError("references", `the term "${name}" compares with a reference plan, and the sample has none.`);
  if (score !== undefined) return score(sample).value;
  const value = given?.[name];
  if (value !== undefined) return value;
  throw new InputError("context.view", `the term "${name}" compares answers to two views of a task; use scoreGroup with a view.`);
}

function violated({ predicted = [], skills, rollout }: PlanSample, name: string): boolean {
  if (name === "unknown-skill" && skills !== undefined && predicted.some(({ skill }) => !skills.includes(skill))) return true;
  const violations = rollout?.violations ?? [];
  return name === "any" ? violations.length > 0 : violations.includes(name);
}
