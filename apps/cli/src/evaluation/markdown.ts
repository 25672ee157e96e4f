/** A table in Markdown. */
export function markdownTable(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  return [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`);
}

export const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;

/** A share with its interval. */
export const percentWithin = (share: number, [low, high]: readonly [low: number, high: number]): string =>
  `${percent(share)} (${percent(low)} to ${percent(high)})`;
