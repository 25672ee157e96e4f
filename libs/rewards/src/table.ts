import { advantageRows } from "./advantage/rows.ts";
import { combineRows } from "./combine/rows.ts";
import { laterRows } from "./core/later-rows.ts";
import type { RewardRow, RowEvidence } from "./core/rows.ts";
import { diagnosticsRows } from "./diagnostics/rows.ts";
import { judgesRows } from "./judges/rows.ts";
import { matchingRows } from "./matching/rows.ts";
import { preferenceRows } from "./preference/rows.ts";
import { processRows } from "./process/rows.ts";
import { regularizeRows } from "./regularize/rows.ts";
import { rulesRows } from "./rules/rows.ts";
import { searchRows } from "./search/rows.ts";
import { spatialRows } from "./spatial/rows.ts";
import { termsRows } from "./terms/rows.ts";
import { transformsRows } from "./transforms/rows.ts";

/** From most to least sure. */
const CERTAINTY: readonly RowEvidence[] = ["verified", "from memory", "our choice"];

/** One method of the literature; `parts` are the ids under which its pieces are known. */
export interface RewardMethod extends RewardRow {
  readonly parts: readonly string[];
}

/** Pieces of one paper that live in several places become one row. Its evidence is that of its least certain piece. */
function byPaper(rows: readonly RewardRow[]): RewardMethod[] {
  const methods = new Map<string, RewardMethod>();
  for (const row of rows) {
    const key = row.url ?? row.id;
    const found = methods.get(key);
    methods.set(key, found === undefined ? { ...row, parts: [row.id] } : joined(found, row));
  }
  return [...methods.values()];
}

const union = (a: readonly string[], b: readonly string[]): string[] => [...new Set([...a, ...b])];

function joined(method: RewardMethod, row: RewardRow): RewardMethod {
  return {
    ...method,
    exports: union(method.exports, row.exports),
    tests: union(method.tests, row.tests),
    parts: union(method.parts, [row.id]),
    evidence: CERTAINTY[Math.max(CERTAINTY.indexOf(method.evidence), CERTAINTY.indexOf(row.evidence))]!,
    note: `${method.note} ${row.note}`,
  };
}

/** Every method, one row for each paper, in the order of the pipeline; those that are not here yet at the end. */
export const rewardRows: readonly RewardMethod[] = byPaper([
  ...matchingRows,
  ...termsRows,
  ...spatialRows,
  ...transformsRows,
  ...combineRows,
  ...processRows,
  ...advantageRows,
  ...preferenceRows,
  ...judgesRows,
  ...rulesRows,
  ...regularizeRows,
  ...searchRows,
  ...diagnosticsRows,
  ...laterRows,
]);
