import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Coverage, NEARNESS, SCREEN_X, SCREEN_Y, snapVertex, VERTEX_SIZE } from "./coverage.ts";

type Point = readonly [x: number, y: number];

const SIZE = 24;

function vertexBuffer(points: readonly Point[], nearness: readonly number[] = []): Float64Array {
  const vertices = new Float64Array(points.length * VERTEX_SIZE);
  points.forEach(([x, y], i) => {
    vertices[i * VERTEX_SIZE + SCREEN_X] = x;
    vertices[i * VERTEX_SIZE + SCREEN_Y] = y;
    vertices[i * VERTEX_SIZE + NEARNESS] = nearness[i] ?? 1;
    snapVertex(vertices, i * VERTEX_SIZE);
  });
  return vertices;
}

/** How many of the triangles cover each pixel; each is drawn in whichever direction it shows its face. */
function countCover(points: readonly Point[], triangles: readonly (readonly [number, number, number])[]): Uint8Array {
  const vertices = vertexBuffer(points);
  const count = new Uint8Array(SIZE * SIZE);
  const coverage = new Coverage();
  for (const [a, b, c] of triangles) {
    coverage.begin(SIZE, SIZE, 0);
    const won =
      coverage.fill(vertices, a * VERTEX_SIZE, b * VERTEX_SIZE, c * VERTEX_SIZE, 1) +
      coverage.fill(vertices, a * VERTEX_SIZE, c * VERTEX_SIZE, b * VERTEX_SIZE, 1);
    let seen = 0;
    for (let i = 0; i < count.length; i++) {
      count[i] += coverage.owner[i];
      seen += coverage.owner[i];
    }
    expect(won).toBe(seen);
  }
  return count;
}

/** Whole numbers of half pixels put many pixel centres exactly on edges; of 1/256 pixel, anywhere. */
const coordinate = fc.oneof(
  fc.integer({ min: -10, max: 2 * SIZE + 10 }).map((half) => half / 2),
  fc.integer({ min: -1000, max: 256 * SIZE + 1000 }).map((sub) => sub / 256),
);
const point = fc.tuple(coordinate, coordinate);
const step = fc.integer({ min: -2, max: 2 });
/** Edges from pixel centre to pixel centre that run through others in between. */
const throughCentres = fc
  .tuple(fc.integer({ min: 0, max: SIZE }), fc.integer({ min: 0, max: SIZE }), step, step, fc.integer({ min: 1, max: 12 }))
  .map(([x, y, dx, dy, times]): readonly [Point, Point] => [
    [x + 0.5, y + 0.5],
    [x + 0.5 + times * dx, y + 0.5 + times * dy],
  ]);
const edge = fc.oneof(throughCentres, fc.tuple(point, point));
const side = ([ax, ay]: Point, [bx, by]: Point, [px, py]: Point): number => (bx - ax) * (py - ay) - (by - ay) * (px - ax);

describe("Coverage.fill", () => {
  test("gives every pixel centre on a shared edge to exactly one of its two triangles", () => {
    let onEdge = 0;
    fc.assert(
      fc.property(edge, point, point, ([a, b], c, d) => {
        fc.pre(side(a, b, c) > 0 && side(a, b, d) < 0);
        const count = countCover(
          [a, b, c, d],
          [
            [0, 1, 2],
            [1, 0, 3],
          ],
        );
        const wrong: string[] = [];
        for (let y = 0; y < SIZE; y++) {
          for (let x = 0; x < SIZE; x++) {
            const p: Point = [x + 0.5, y + 0.5];
            const insideC = side(a, b, p) >= 0 && side(b, c, p) > 0 && side(c, a, p) > 0;
            const insideD = side(b, a, p) >= 0 && side(a, d, p) > 0 && side(d, b, p) > 0;
            const covered = count[y * SIZE + x];
            if (covered > 1 || ((insideC || insideD) && covered !== 1)) wrong.push(`${covered} times at ${x}, ${y}`);
            if (insideC && insideD) onEdge++;
          }
        }
        expect(wrong).toEqual([]);
      }),
      { numRuns: 400, seed: 5 },
    );
    expect(onEdge).toBeGreaterThan(100);
  });

  test("covers a fan around any inner point without a hole and without drawing twice", () => {
    const border = fc.array(fc.integer({ min: 1, max: 4 * 256 * SIZE - 1 }), { maxLength: 9 });
    const inner = fc.integer({ min: 1, max: 2 * SIZE - 1 }).map((half) => half / 2);
    fc.assert(
      fc.property(border, inner, inner, (places, x, y) => {
        const corners = [0, 1, 2, 3].map((k) => k * 256 * SIZE);
        const around = [...new Set([...corners, ...places])]
          .sort((a, b) => a - b)
          .map((place): Point => {
            const along = (place % (256 * SIZE)) / 256;
            const walls: readonly Point[] = [
              [along, 0],
              [SIZE, along],
              [SIZE - along, SIZE],
              [0, SIZE - along],
            ];
            return walls[Math.floor(place / (256 * SIZE))];
          });
        const n = around.length;
        const count = countCover(
          [...around, [x, y]],
          around.map((_, i) => [i, (i + 1) % n, n] as const),
        );
        expect(count.every((times) => times === 1)).toBe(true);
      }),
    );
  });

  test("leaves out triangles that run anticlockwise, have no area or are not finite", () => {
    const coverage = new Coverage();
    coverage.begin(SIZE, SIZE, 0);
    const vertices = vertexBuffer([
      [2, 2],
      [20, 4],
      [6, 18],
      [11, 3],
      [NaN, 5],
    ]);
    const fill = (a: number, b: number, c: number): number => coverage.fill(vertices, a * VERTEX_SIZE, b * VERTEX_SIZE, c * VERTEX_SIZE, 1);
    expect(fill(0, 2, 1)).toBe(0);
    expect(fill(0, 3, 1)).toBe(0);
    expect(fill(0, 1, 4)).toBe(0);
    expect(fill(0, 1, 2)).toBeGreaterThan(0);
  });

  test("keeps the nearest triangle whatever the order of drawing", () => {
    const points: Point[] = [
      [0, 0],
      [24, 0],
      [0, 24],
    ];
    const vertices = vertexBuffer([...points, ...points], [1, 5, 1, 3, 3, 3]);
    const draw = (order: readonly number[]): number[] => {
      const coverage = new Coverage();
      coverage.begin(SIZE, SIZE, 0);
      for (const first of order) {
        const at = first * VERTEX_SIZE;
        coverage.fill(vertices, at, at + VERTEX_SIZE, at + 2 * VERTEX_SIZE, first + 1);
      }
      return [...coverage.owner];
    };
    const owners = draw([0, 3]);
    expect(draw([3, 0])).toEqual(owners);
    // The slanted one is nearer where its nearness 1 + 4 x / 24 exceeds 3.
    expect(owners.slice(0, 23)).toEqual(Array.from({ length: 23 }, (_, x) => (1 + (4 * (x + 0.5)) / 24 > 3 ? 1 : 4)));
  });
});
