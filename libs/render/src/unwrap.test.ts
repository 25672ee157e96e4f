import type { GeometryDescription } from "@reverie/core";
import type { BufferGeometry } from "three";
import { describe, expect, test } from "vitest";
import { buildGeometry } from "./geometry.ts";
import { unwrap } from "./unwrap.ts";
import type { Layout } from "./unwrap.ts";

const SOLIDS: readonly GeometryDescription[] = [
  { kind: "box", halfExtents: { x: 0.1, y: 0.2, z: 0.3 } },
  { kind: "sphere", radius: 0.4 },
  { kind: "cylinder", radius: 0.3, halfHeight: 0.5 },
  { kind: "capsule", radius: 0.2, halfHeight: 0.3 },
];
const LAYOUTS: readonly Layout[] = [
  { around: 0.11, grain: false },
  { around: "mirror", grain: true },
];
const CASES = SOLIDS.flatMap((solid) => LAYOUTS.map((layout) => ({ solid, layout, name: `${solid.kind} ${layout.around}` })));

interface Corner {
  readonly place: string;
  readonly normal: string;
  readonly u: number;
  readonly v: number;
}

function cornersOf(geometry: BufferGeometry): Corner[] {
  const { position, normal, uv } = geometry.attributes;
  return [...geometry.index!.array].map((i) => ({
    place: [position.getX(i), position.getY(i), position.getZ(i)].map((x) => x + 0).join(),
    normal: [normal.getX(i), normal.getY(i), normal.getZ(i)].map((x) => x + 0).join(),
    u: uv?.getX(i) ?? 0,
    v: uv?.getY(i) ?? 0,
  }));
}

/** Distance of a number from the nearest multiple of a step. */
const offBy = (x: number, step: number): number => Math.abs(x - step * Math.round(x / step));

describe("unwrap", () => {
  test.each(CASES)("leaves every corner of every triangle of a $name where it was", ({ solid, layout }) => {
    const plain = buildGeometry(solid);
    const before = cornersOf(plain);
    const after = cornersOf(unwrap(plain, solid, layout));
    expect(after.map(({ place, normal }) => `${place} ${normal}`)).toEqual(before.map(({ place, normal }) => `${place} ${normal}`));
    expect(after.every(({ u, v }) => Number.isFinite(u) && Number.isFinite(v))).toBe(true);
  });

  test.each(CASES.filter(({ solid }) => solid.kind !== "box"))("a pattern closes around a $name", ({ solid, layout }) => {
    const corners = cornersOf(unwrap(buildGeometry(solid), solid, layout));
    const seen = new Map<string, Corner>();
    let seams = 0;
    for (const corner of corners) {
      const onAxis = corner.place.startsWith("0,0,");
      if (onAxis || (solid.kind === "cylinder" && corner.normal.startsWith("0,0,"))) continue;
      const key = `${corner.place} ${corner.normal}`;
      const other = seen.get(key) ?? corner;
      seen.set(key, corner);
      expect(corner.v).toBe(other.v);
      if (corner.u !== other.u) seams++;
      expect(layout.around === "mirror" ? Math.abs(corner.u - other.u) : offBy(corner.u - other.u, layout.around)).toBeLessThan(1e-5);
    }
    expect(seams > 0).toBe(layout.around !== "mirror");
  });

  test("no triangle of a round solid spans the seam", () => {
    for (const { solid, layout } of CASES) {
      const corners = cornersOf(unwrap(buildGeometry(solid), solid, layout));
      if (solid.kind === "box" || layout.around === "mirror") continue;
      for (let i = 0; i < corners.length; i += 3) {
        if (solid.kind === "cylinder" && corners[i].normal.startsWith("0,0,")) continue;
        const us = [0, 1, 2].map((k) => corners[i + k].u);
        expect(Math.max(...us) - Math.min(...us)).toBeLessThan(Math.PI * solid.radius);
      }
    }
  });

  test("lays a box's faces on in metres from a corner, upright, not mirrored", () => {
    const geometry = unwrap(buildGeometry(SOLIDS[0]), SOLIDS[0], LAYOUTS[0]);
    const { position: p, normal: n, uv } = geometry.attributes;
    const sizes = new Map<string, number[]>();
    for (let i = 0; i < uv.count; i++) {
      const size = sizes.get(`${n.getX(i)} ${n.getY(i)} ${n.getZ(i)}`) ?? [0, 0];
      sizes.set(`${n.getX(i)} ${n.getY(i)} ${n.getZ(i)}`, [Math.max(size[0], uv.getX(i)), Math.max(size[1], uv.getY(i))]);
      expect(Math.min(uv.getX(i), uv.getY(i))).toBeGreaterThan(-1e-6);
      if (n.getZ(i) === 0) expect(uv.getY(i)).toBeCloseTo(p.getZ(i) + 0.3, 6);
    }
    expect(sizes.get("1 0 0")).toEqual([expect.closeTo(0.4, 6), expect.closeTo(0.6, 6)]);
    expect(sizes.get("0 -1 0")).toEqual([expect.closeTo(0.2, 6), expect.closeTo(0.6, 6)]);
    expect(sizes.get("0 0 1")).toEqual([expect.closeTo(0.2, 6), expect.closeTo(0.4, 6)]);
  });

  test.each(CASES.filter(({ layout }) => layout.around !== "mirror"))(
    "a picture reads the right way round on a $name",
    ({ solid, layout }) => {
      const corners = cornersOf(unwrap(buildGeometry(solid), solid, layout));
      for (let i = 0; i < corners.length; i += 3) {
        const [a, b, c] = [corners[i], corners[i + 1], corners[i + 2]];
        expect((b.u - a.u) * (c.v - a.v) - (b.v - a.v) * (c.u - a.u)).toBeGreaterThan(-1e-9);
      }
    },
  );

  test("grain follows the longer side of a face", () => {
    const plank: GeometryDescription = { kind: "box", halfExtents: { x: 0.05, y: 0.5, z: 0.01 } };
    const { uv, normal } = unwrap(buildGeometry(plank), plank, LAYOUTS[1]).attributes;
    for (let i = 0; i < uv.count; i++) if (normal.getZ(i) === 1) expect(uv.getY(i)).toBeLessThan(0.11);
  });
});
