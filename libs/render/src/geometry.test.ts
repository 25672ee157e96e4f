import type { GeometryDescription } from "@reverie/core";
import { describe, expect, test } from "vitest";
import { buildGeometry, geometryKey } from "./geometry.ts";

const SOLIDS: readonly { readonly solid: GeometryDescription; readonly volume: number; readonly triangles: number }[] = [
  { solid: { kind: "box", halfExtents: { x: 0.1, y: 0.2, z: 0.3 } }, volume: 8 * 0.1 * 0.2 * 0.3, triangles: 12 },
  { solid: { kind: "sphere", radius: 0.4 }, volume: (4 / 3) * Math.PI * 0.4 ** 3, triangles: 320 },
  { solid: { kind: "cylinder", radius: 0.3, halfHeight: 0.5 }, volume: Math.PI * 0.3 ** 2, triangles: 92 },
  {
    solid: { kind: "capsule", radius: 0.2, halfHeight: 0.3 },
    volume: Math.PI * 0.2 ** 2 * 0.6 + (4 / 3) * Math.PI * 0.2 ** 3,
    triangles: 400,
  },
];

describe("buildGeometry", () => {
  test.each(SOLIDS)("makes a closed $solid.kind of the right volume with outward faces and normals", ({ solid, volume, triangles }) => {
    const geometry = buildGeometry(solid);
    const position = geometry.getAttribute("position");
    const normal = geometry.getAttribute("normal");
    const index = geometry.index!;
    expect(index.count / 3).toBe(triangles);

    const point = (i: number): [number, number, number] => [position.getX(i), position.getY(i), position.getZ(i)];
    const edges = new Map<string, number>();
    let signedVolume = 0;
    for (let t = 0; t < index.count; t += 3) {
      const corners = [0, 1, 2].map((k) => index.getX(t + k));
      const [a, b, c] = corners.map(point);
      signedVolume += (a[0] * (b[1] * c[2] - b[2] * c[1]) + a[1] * (b[2] * c[0] - b[0] * c[2]) + a[2] * (b[0] * c[1] - b[1] * c[0])) / 6;
      const u = b.map((x, k) => x - a[k]);
      const v = c.map((x, k) => x - a[k]);
      const face = [u[1] * v[2] - u[2] * v[1], u[2] * v[0] - u[0] * v[2], u[0] * v[1] - u[1] * v[0]];
      for (const i of corners) {
        const n = [normal.getX(i), normal.getY(i), normal.getZ(i)];
        expect(n[0] * face[0] + n[1] * face[1] + n[2] * face[2]).toBeGreaterThan(0);
        expect(Math.abs(n[0] ** 2 + n[1] ** 2 + n[2] ** 2 - 1)).toBeLessThan(1e-6);
      }
      for (let k = 0; k < 3; k++) {
        const from = point(corners[k])
          .map((x) => x + 0)
          .join();
        const to = point(corners[(k + 1) % 3])
          .map((x) => x + 0)
          .join();
        edges.set(`${from} ${to}`, (edges.get(`${from} ${to}`) ?? 0) + 1);
      }
    }
    expect(signedVolume / volume).toBeGreaterThan(0.95);
    expect(signedVolume / volume).toBeLessThan(1 + 1e-6);
    for (const [edge, uses] of edges) {
      expect(uses).toBe(1);
      expect(edges.has(edge.split(" ").toReversed().join(" "))).toBe(true);
    }
  });

  test("gives equal solids equal keys and different solids different ones", () => {
    expect(new Set(SOLIDS.map(({ solid }) => geometryKey(solid))).size).toBe(SOLIDS.length);
    expect(geometryKey({ kind: "sphere", radius: 0.4 })).toBe(geometryKey(SOLIDS[1].solid));
    expect(geometryKey({ kind: "cylinder", radius: 0.4, halfHeight: 1 })).not.toBe(
      geometryKey({ kind: "capsule", radius: 0.4, halfHeight: 1 }),
    );
  });
});
