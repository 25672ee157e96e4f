import { chainPreferenceAdvantage } from "../advantage/chain.ts";
import type { GroupAdvantages } from "../advantage/group.ts";
import { dropDegenerateGroups, groupRelativeAdvantage } from "../advantage/group.ts";
import type { NamedScores } from "../core/vocabulary.ts";
import type { Constraints } from "./constraints.ts";
import type { GroupSpec, RewardSpec } from "./spec.ts";
import { isBounded, partName } from "./spec.ts";
import type { Scored } from "./total.ts";

/** Samples of one task in a batch, scored. */
export type ScoredGroup = readonly Scored[];

/** What the samples of each group are worth against each other, by the spec's group rule. */
export function groupAdvantages(spec: RewardSpec, constraints: Constraints, groups: readonly ScoredGroup[]): GroupAdvantages[] {
  const rule: GroupSpec = spec.group ?? { rule: "relative" };
  if (rule.rule === "chain") return groups.map((group) => chain(group, rule.minimumSpread));
  const { rule: _, ...options } = rule;
  const weights = Object.fromEntries(
    spec.terms.filter((term) => !isBounded(term)).map((term) => [partName(term), term.weight ?? 1] as const),
  );
  const free =
    options.aggregate === "normalize_then_sum"
      ? groupRelativeAdvantage(
          groups.map((group) => group.map((scored) => worth(scored, (name) => !constraints.names.includes(name)))),
          { ...options, weights },
        )
      : groupRelativeAdvantage(
          groups.map((group) => group.map(({ base }) => base)),
          options,
        );
  if (constraints.names.length === 0) return free;
  const { aggregate: __, ...own } = options;
  const multipliers = constraints.weights();
  const bounded = new Map(
    constraints.names.map((name) => [
      name,
      groupRelativeAdvantage(
        groups.map((group) => group.map((scored) => boundedWorth(scored, name, multipliers[name]!))),
        own,
      ),
    ]),
  );
  return free.map(({ advantages, mask }, g) => ({
    advantages: advantages.map((base, i) =>
      constraints.combine(Object.fromEntries([...bounded].map(([name, all]) => [name, all[g]!.advantages[i]!])), base),
    ),
    mask: mask.map((kept, i) => kept || [...bounded.values()].some((all) => all[g]!.mask[i]!)),
  }));
}

/** Why nothing of a group is learned from; undefined when something is. */
export function whyDropped(spec: RewardSpec, group: ScoredGroup, mask: readonly boolean[]): string | undefined {
  if (mask.some(Boolean)) return undefined;
  const [first] = degenerate(group, spec.group?.minimumSpread);
  return first?.reason ?? "no two of the samples that are left can be told apart";
}

const degenerate = (group: ScoredGroup, minimumSpread: number | undefined) =>
  dropDegenerateGroups([group.map(({ score }) => score.value)], minimumSpread === undefined ? {} : { minimumSpread }).dropped;

function chain(group: ScoredGroup, minimumSpread: number | undefined): GroupAdvantages {
  if (degenerate(group, minimumSpread).length > 0) return { advantages: group.map(() => 0), mask: group.map(() => false) };
  return chainPreferenceAdvantage(group.map((scored) => worth(scored, () => true)));
}

/** Values of the chosen terms; a vetoed sample is worth nothing in each. */
function worth({ values, gate }: Scored, chosen: (name: string) => boolean): NamedScores {
  const own: Record<string, number> = {};
  for (const name of Object.keys(values)) if (chosen(name)) own[name] = gate.vetoed ? 0 : values[name]!;
  return own;
}

/** As `worth` for a term with a multiplier: where that is below 0, the most is the worst, or a veto would pay. */
const boundedWorth = ({ values, gate }: Scored, name: string, weight: number): number =>
  gate.vetoed ? (weight < 0 ? 1 : 0) : values[name]!;
