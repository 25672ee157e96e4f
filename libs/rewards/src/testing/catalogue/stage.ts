import type { AsyncRewardTerm, PairLoss, PlanSample, RewardTerm } from "../../core/vocabulary.ts";
import type * as library from "../../index.ts";
import type { ContractException } from "../contract.ts";
import { assertAsyncRewardContract, assertLossContract, assertRewardContract, assertTransformContract } from "../contract.ts";
import type { GroupException, GroupOutcome } from "../group-contract.ts";
import { assertGroupContract, assertSampleGroupContract } from "../group-contract.ts";
import { withoutNetworkUntil } from "../network.ts";
import type {
  Combined,
  CombinerContractOptions,
  ModifierContractOptions,
  PenaltyException,
  ProcessContractOptions,
} from "../stage-contracts.ts";
import { assertCombinerContract, assertModifierContract, assertPenaltyContract, assertProcessContract } from "../stage-contracts.ts";

// One instance of a stage and the contract that it is held to.

/** Everything that the package exports as a value. */
export type ExportName = keyof typeof library;

export const STAGE_ROLES = ["term", "transform", "combiner", "process", "group rule", "advantage modifier", "loss", "regulariser"] as const;

export type StageRole = (typeof STAGE_ROLES)[number];

/** Promises that an instance does not make, each with the reason. */
export type Exceptions<E extends string> = Readonly<Partial<Record<E, string>>>;

export interface Stage {
  readonly role: StageRole;
  /** Exports that the instance is made of. */
  readonly of: readonly ExportName[];
  /** What sets it apart from other instances of the same exports. */
  readonly variant: string;
  readonly exceptions: Exceptions<string>;
  /** Runs the contract of its role, network closed, without the promises in `except`. @throws Error that names the broken promise */
  readonly check: (except: readonly string[]) => Promise<void>;
}

type Names = ExportName | readonly ExportName[];

interface Common<E extends string> {
  readonly variant?: string;
  readonly except?: Exceptions<E>;
}

function stage<E extends string>(
  role: StageRole,
  of: Names,
  { variant = "", except }: Common<E>,
  check: (except: readonly E[]) => void | Promise<void>,
): Stage {
  const names = typeof of === "string" ? [of] : of;
  const closed = (some: readonly string[]): Promise<void> => withoutNetworkUntil(async () => check(some as readonly E[]));
  return { role, of: names, variant, exceptions: except ?? {}, check: closed };
}

interface TermSettings extends Common<ContractException> {
  readonly additive?: boolean;
}

export const term = (of: Names, reward: RewardTerm, { additive = false, ...common }: TermSettings = {}): Stage =>
  stage("term", of, common, (except) => assertRewardContract(reward, { except, additive }));

/** A term whose range has no promise beyond a number in [0, 1] of each sample. */
export const figure = (of: Names, measure: (sample: PlanSample) => number, settings: TermSettings = {}): Stage =>
  term(of, (sample) => ({ value: measure(sample), max: 1 }), settings);

/** A term that asks a model. */
export const askingTerm = (of: Names, reward: AsyncRewardTerm, { additive = false, ...common }: TermSettings = {}): Stage =>
  stage("term", of, common, (except) => assertAsyncRewardContract(reward, { except, additive, runs: 50 }));

interface TransformSettings extends Common<"monotone"> {
  readonly domain?: readonly [low: number, high: number];
  /** Where the documentation says that the values lie. */
  readonly range?: readonly [low: number, high: number];
}

export const transform = (of: Names, map: (value: number) => number, settings: TransformSettings = {}): Stage =>
  stage("transform", of, settings, (except) => assertTransformContract(map, { ...numbersOf(settings), except }));

/** As `transform`, for what promises to fall as its input rises. */
export const fallingTransform = (of: Names, map: (value: number) => number, settings: TransformSettings): Stage => {
  const [low, high] = settings.range ?? [-Number.MAX_VALUE, Number.MAX_VALUE];
  return transform(of, (value) => -map(value), { ...settings, range: [-high, -low] });
};

/** The settings of numbers, without what is undefined. */
function numbersOf({ domain, range }: TransformSettings): Pick<TransformSettings, "domain" | "range"> {
  return { ...(domain && { domain }), ...(range && { range }) };
}

type CombinerSettings = Common<"monotone"> & Omit<CombinerContractOptions, "except">;

export const combiner = (of: Names, combine: (scores: readonly number[]) => Combined, settings: CombinerSettings = {}): Stage => {
  const { variant: _, except: __, ...options } = settings;
  return stage("combiner", of, settings, (except) => assertCombinerContract(combine, { ...options, except }));
};

type ProcessSettings = Common<"padding"> & Omit<ProcessContractOptions, "except">;

export const process = (
  of: Names,
  rewards: (scores: readonly number[]) => readonly number[] | Promise<readonly number[]>,
  settings: ProcessSettings = {},
): Stage => {
  const { variant: _, except: __, ...options } = settings;
  return stage("process", of, settings, (except) => assertProcessContract(rewards, { ...options, except }));
};

interface GroupSettings extends Common<GroupException> {
  readonly range?: readonly [low: number, high: number];
}

export const groupRule = (of: Names, rule: (rewards: readonly number[]) => GroupOutcome, settings: GroupSettings = {}): Stage =>
  stage("group rule", of, settings, (except) => assertGroupContract(rule, { ...(settings.range && { range: settings.range }), except }));

export const sampleGroupRule = (of: Names, rule: (samples: readonly PlanSample[]) => GroupOutcome, settings: GroupSettings = {}): Stage =>
  stage("group rule", of, settings, (except) => assertSampleGroupContract(rule, { except }));

type ModifierSettings = Common<never> & ModifierContractOptions;

export const modifier = (
  of: Names,
  modify: (advantages: readonly number[]) => readonly (readonly number[])[],
  { variant = "", ...options }: ModifierSettings = {},
): Stage => stage("advantage modifier", of, { variant }, () => assertModifierContract(modify, options));

interface LossSettings extends Common<never> {
  readonly kinks?: readonly number[];
}

/** A loss of one number that gives its gradient. */
export const loss = (of: Names, lossOf: (value: number) => PairLoss, { variant = "", kinks = [] }: LossSettings = {}): Stage =>
  stage("loss", of, { variant }, () => assertLossContract(lossOf, { kinks }));

interface LossValueSettings {
  readonly variant: string;
  /** Why there is no gradient to check. */
  readonly gradient: string;
  readonly domain?: readonly [low: number, high: number];
}

/** A loss without a gradient: at least 0, finite, and rising with what it is to keep small. */
export const lossValue = (of: Names, lossOf: (value: number) => number, { variant, gradient, domain }: LossValueSettings): Stage =>
  stage("loss", of, { variant, except: { gradient } }, (except) => {
    if (!except.includes("gradient")) throw new Error("The loss gives no gradient.");
    assertTransformContract(lossOf, { ...(domain && { domain }), range: [0, Number.MAX_VALUE] });
  });

interface PenaltySettings extends Common<PenaltyException> {
  readonly domain?: readonly [low: number, high: number];
}

export const penalty = (of: Names, penaltyOf: (distance: number) => number, settings: PenaltySettings = {}): Stage =>
  stage("regulariser", of, settings, (except) =>
    assertPenaltyContract(penaltyOf, { ...(settings.domain && { domain: settings.domain }), except }),
  );

/** A regulariser that gives a loss and its gradient. */
export const penaltyLoss = (of: Names, lossOf: (value: number) => PairLoss, settings: Common<never> = {}): Stage =>
  stage("regulariser", of, settings, () => assertLossContract(lossOf));

/** A number of a regulariser that moves one way with its input. */
export const penaltyTransform = (of: Names, map: (value: number) => number, settings: TransformSettings = {}): Stage => ({
  ...transform(of, map, settings),
  role: "regulariser",
});
