import { InputError } from "@reverie/core";
import * as z from "zod";

/** One line of a chart. */
export interface Curve {
  readonly name: string;
  /** Points `[step, value]` in order of their steps. */
  readonly points: readonly (readonly [step: number, value: number])[];
}

const lineSchema = z.union([
  z.object({ type: z.literal("step"), step: z.number(), loss: z.number(), tokenLoss: z.number(), patchLoss: z.number() }),
  z.object({ type: z.literal("evaluation"), step: z.number(), scores: z.record(z.string(), z.number()) }),
]);

function add(to: Map<string, [number, number][]>, name: string, step: number, value: number): void {
  const points = to.get(name);
  if (points === undefined) to.set(name, [[step, value]]);
  else points.push([step, value]);
}

const curvesOf = (from: ReadonlyMap<string, Curve["points"]>): Curve[] => [...from].map(([name, points]) => ({ name, points }));

/** Losses and evaluation scores of a training's `metrics.jsonl`. @throws InputError naming the line that is no JSON */
export function readCurves(text: string, path: string): { readonly losses: Curve[]; readonly scores: Curve[] } {
  const losses = new Map<string, [number, number][]>();
  const scores = new Map<string, [number, number][]>();
  text.split("\n").forEach((line, i) => {
    if (line.trim() === "") return;
    let json: unknown;
    try {
      json = JSON.parse(line);
    } catch (error) {
      throw new InputError(`${path}:${i + 1}`, "is no JSON; expected the metrics.jsonl of a training.", { cause: error });
    }
    const read = lineSchema.safeParse(json);
    // Checkpoints and left-out batches have no curve.
    if (!read.success) return;
    const entry = read.data;
    if (entry.type === "step") {
      for (const name of ["loss", "tokenLoss", "patchLoss"] as const) add(losses, name, entry.step, entry[name]);
    } else {
      for (const [name, value] of Object.entries(entry.scores))
        if (/planReward|planExact|verdictRight/.test(name)) add(scores, name, entry.step, value);
    }
  });
  return { losses: curvesOf(losses), scores: curvesOf(scores) };
}

const WIDTH = 720;
const HEIGHT = 320;
const EDGE = { left: 56, right: 190, top: 34, bottom: 36 };
const STROKES = ["#2563eb", "#dc2626", "#16a34a", "#9333ea", "#ea580c", "#0891b2", "#ca8a04", "#db2777", "#4b5563", "#65a30d"];

const escaped = (text: string): string => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
const short = (value: number): string => String(Number(value.toPrecision(3)));

/** A chart of curves over training steps, as SVG. @throws InputError when there is no point */
export function curvesSvg(title: string, curves: readonly Curve[]): string {
  const points = curves.flatMap((curve) => curve.points);
  if (points.length === 0) throw new InputError("curves", "expected one point or more, got none.");
  const lastStep = Math.max(1, ...points.map(([step]) => step));
  const low = Math.min(0, ...points.map(([, value]) => value));
  const high = Math.max(low + 1e-9, ...points.map(([, value]) => value));
  const x = (step: number): number => EDGE.left + (step / lastStep) * (WIDTH - EDGE.left - EDGE.right);
  const y = (value: number): number => HEIGHT - EDGE.bottom - ((value - low) / (high - low)) * (HEIGHT - EDGE.top - EDGE.bottom);
  const grid = [0, 0.25, 0.5, 0.75, 1].map((share) => {
    const value = low + share * (high - low);
    const at = y(value).toFixed(1);
    return `<line x1="${EDGE.left}" y1="${at}" x2="${WIDTH - EDGE.right}" y2="${at}" stroke="#d1d5db"/><text x="${EDGE.left - 6}" y="${at}" dy="4" text-anchor="end">${short(value)}</text>`;
  });
  const steps = [0, 0.5, 1].map((share) => {
    const step = Math.round(share * lastStep);
    return `<text x="${x(step).toFixed(1)}" y="${HEIGHT - EDGE.bottom + 18}" text-anchor="middle">${step}</text>`;
  });
  const lines = curves.map(({ name, points: own }, i) => {
    const stroke = STROKES[i % STROKES.length]!;
    const path = own.map(([step, value]) => `${x(step).toFixed(1)},${y(value).toFixed(1)}`).join(" ");
    const label = EDGE.top + 8 + i * 18;
    return `<polyline points="${path}" fill="none" stroke="${stroke}" stroke-width="1.6"/><text x="${WIDTH - EDGE.right + 10}" y="${label}" fill="${stroke}">${escaped(name)}</text>`;
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="11" fill="#374151">`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#ffffff"/><text x="${EDGE.left}" y="20" font-size="13">${escaped(title)}</text>`,
    ...grid,
    ...steps,
    ...lines,
    "</svg>\n",
  ].join("\n");
}
