import type { StepMatch } from "@reverie/core";

// Geometry of the matching diagram: predicted steps on the left, reference steps on the right, a curve for each matched pair.

export interface MatchLayoutOptions {
  /** Number of steps in each column. */
  readonly predicted: number;
  readonly reference: number;
  readonly matches: readonly StepMatch[];
  /** Pixels from one step to the next. */
  readonly rowHeight: number;
  /** Pixels between the two columns. */
  readonly gap: number;
}

export interface MatchLine {
  readonly predicted: number;
  readonly reference: number;
  /** In [0, 1]. */
  readonly similarity: number;
  /** Heights of the two ends, pixels from the top. */
  readonly fromY: number;
  readonly toY: number;
  /** SVG path data in a `gap` by `height` box. */
  readonly path: string;
  /** Stroke width in pixels, rising with similarity. */
  readonly width: number;
  /** Stroke opacity, rising with similarity; never so low that the line is lost. */
  readonly opacity: number;
}

export interface MatchLayout {
  readonly height: number;
  readonly lines: readonly MatchLine[];
  /** Whether each step of a column has a partner. */
  readonly predictedMatched: readonly boolean[];
  readonly referenceMatched: readonly boolean[];
}

/**
 * Places the lines of a matching. Matches that name steps outside the columns are left out.
 *
 * Every curve is the same function of its two ends, so two matches in the same order on both sides never cross.
 */
export function layoutMatches({ predicted, reference, matches, rowHeight, gap }: MatchLayoutOptions): MatchLayout {
  const predictedMatched = Array.from({ length: predicted }, () => false);
  const referenceMatched = Array.from({ length: reference }, () => false);
  const lines: MatchLine[] = [];
  for (const match of matches) {
    if (predictedMatched[match.predicted] === undefined || referenceMatched[match.reference] === undefined) continue;
    predictedMatched[match.predicted] = true;
    referenceMatched[match.reference] = true;
    const similarity = Number.isFinite(match.similarity) ? Math.min(1, Math.max(0, match.similarity)) : 0;
    const fromY = (match.predicted + 0.5) * rowHeight;
    const toY = (match.reference + 0.5) * rowHeight;
    const middle = gap / 2;
    lines.push({
      predicted: match.predicted,
      reference: match.reference,
      similarity,
      fromY,
      toY,
      path: `M0 ${fromY}C${middle} ${fromY} ${middle} ${toY} ${gap} ${toY}`,
      width: 1 + 2 * similarity,
      opacity: 0.35 + 0.65 * similarity,
    });
  }
  return { height: Math.max(predicted, reference) * rowHeight, lines, predictedMatched, referenceMatched };
}

/** Height of a line's curve at `t` in [0, 1] along it (the cubic Bezier that `path` draws). */
export function lineHeightAt(line: Pick<MatchLine, "fromY" | "toY">, t: number): number {
  return line.fromY + (line.toY - line.fromY) * t * t * (3 - 2 * t);
}
