import { InputError } from "@reverie/core";
import type { PlanSample } from "../../core/vocabulary.ts";
import { scriptedJudge, shown } from "../../judges/test-support.ts";
import { rewards, scorePlan } from "../../registry.ts";
import { buildReward } from "../../spec/build.ts";
import type { BuildOptions } from "../../spec/built.ts";
import { rewardPresets } from "../../spec/presets.ts";
import type { Scorer } from "../../spec/scorers.ts";
import { SCORERS } from "../../spec/scorers.ts";
import type { RewardSpec } from "../../spec/spec.ts";
import { orderedMatchReward } from "../../terms/ordered-match.ts";
import { honestSample, partialSample } from "../samples.ts";
import type { Stage } from "./stage.ts";
import { askingTerm, sampleGroupRule, term } from "./stage.ts";

// What the registries hold: every scorer that a spec can name, every preset, every reward by id. New ones are found here by themselves.

/** Fond of answers that begin like the honest one. */
const { judge } = scriptedJudge((request) => (shown(request, "answer").startsWith("pick(cup)\nplace(cup, tray)") ? "[[8]]" : "[[1]]"));
const options: BuildOptions = { model: orderedMatchReward() };

const MEASURES = ["quality", "safety", "coverage", "energy", "time", "geofence", "clearance"];
const VERDICT = "<answer>[[A]]</answer>";
const SCORES = '{"scores": {"model-1": 5, "model-2": 1}, "best-to-worst": ["model-1", "model-2"]}';

/** The sample with what these terms need beside it: measures of the replay; for a judge in training the truth, found by plans that work. */
function equipped(sample: PlanSample, terms: readonly string[]): PlanSample {
  const { rollout } = sample;
  const measures = rollout && Object.fromEntries(MEASURES.map((name) => [name, rollout.progress]));
  const measured: PlanSample = rollout && measures ? { ...sample, rollout: { ...rollout, measures } } : sample;
  const right = (text: string): string => (rollout?.success ? text : (sample.text ?? ""));
  if (terms.includes("pairwise-verdict")) return { ...measured, truth: "A", text: right(VERDICT) };
  if (terms.includes("listwise-verdict")) return { ...measured, truth: [5, 1], text: right(SCORES) };
  return measured;
}

/** Two of three answers to the other view are the honest one. */
const view = { samples: [honestSample, partialSample, honestSample] };
/** Scorers that pay for more steps, and why. */
const PADDED: ReadonlyMap<string, string> = new Map([
  ["length-incentive", "More words are what it pays for, in open tasks; a spec has it beside repetition or relevance."],
]);

function scorerStage({ id, make, needs }: Scorer): Stage {
  const single = { id: "single", description: "", terms: [{ term: id }] };
  if (needs.includes("judge")) {
    const asking = buildReward(single, { ...options, judge });
    return askingTerm("SCORERS", (sample) => asking.scoreAsync(sample), { variant: id });
  }
  if (needs.includes("view")) {
    const comparing = buildReward(single, options);
    return sampleGroupRule("SCORERS", (samples) => comparing.scoreGroup(samples, { view }), { variant: id });
  }
  if (make === undefined) throw new InputError(id, "expected a scorer with `make`, or one that needs a judge or a view.");
  const score = make({ term: id, measure: "quality" }, options);
  const padding = PADDED.get(id);
  return term("SCORERS", (sample) => score(equipped(sample, [id])), { variant: id, ...(padding && { except: { padding } }) });
}

const termsOf = (spec: RewardSpec): string[] => spec.terms.map((used) => used.term);
const comparesViews = (spec: RewardSpec): boolean => termsOf(spec).some((id) => SCORERS.get(id).needs.includes("view"));
const asks = (spec: RewardSpec): boolean => termsOf(spec).includes("judge");

function presetStages(spec: RewardSpec): Stage[] {
  const of = ["buildReward", "rewardPresets"] as const;
  const reward = buildReward(spec, options);
  const context = comparesViews(spec) ? { view } : {};
  const asking = asks(spec) ? buildReward(spec, { ...options, judge }) : undefined;
  const needed = termsOf(spec);
  return [
    sampleGroupRule(
      of,
      (samples) =>
        reward.scoreGroup(
          samples.map((sample) => equipped(sample, needed)),
          context,
        ),
      { variant: spec.id },
    ),
    ...(comparesViews(spec) ? [] : [term(of, (sample) => reward.score(equipped(sample, needed)), { variant: spec.id })]),
    ...(asking === undefined
      ? []
      : [askingTerm(of, (sample) => asking.scoreAsync(equipped(sample, needed)), { variant: `${spec.id}, judged` })]),
  ];
}

/** Samples that rewards of replayed plans take: those without a replay failed. */
const replayed = (sample: PlanSample): PlanSample => ({
  ...sample,
  rollout: sample.rollout ?? { steps: [], success: false, progress: 0, facts: [] },
});

/** None for what compares groups: as a reward of one sample it is refused. */
function registered({ id }: { readonly id: string }): Stage[] {
  const preset = [...rewardPresets].find((known) => known.id === id);
  if (preset !== undefined && comparesViews(preset)) return [];
  const needed = preset === undefined ? [] : termsOf(preset);
  const score = (sample: PlanSample): number => scorePlan(equipped(replayed(sample), needed), id).value;
  return [term(["rewards", "scorePlan"], (sample) => ({ value: score(sample), max: 1 }), { variant: id })];
}

export const registeredStages: readonly Stage[] = [
  ...[...SCORERS].map(scorerStage),
  ...[...rewardPresets].flatMap(presetStages),
  ...[...rewards].flatMap(registered),
];
