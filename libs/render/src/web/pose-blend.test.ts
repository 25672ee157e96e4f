import { describe, expect, test } from "vitest";
import { PoseBlend } from "./pose-blend.ts";

const pose = (x: number, qz = 0, qw = 1): Float32Array => Float32Array.of(x, 0, 0, 0, 0, qz, qw);

describe("PoseBlend", () => {
  test("moves from one set to the next over the time between the last two", () => {
    const blend = new PoseBlend(pose(0));
    blend.receive(pose(1));
    expect(blend.advance(1000)).toBe(false);
    expect(blend.shown[0]).toBe(1);
    blend.receive(pose(2));
    expect(blend.advance(1100)).toBe(true);
    expect(blend.shown[0]).toBe(1);
    expect(blend.advance(1150)).toBe(true);
    expect(blend.shown[0]).toBeCloseTo(1.5, 6);
    expect(blend.advance(1200)).toBe(false);
    expect(blend.shown[0]).toBe(2);
    expect(blend.advance(1300)).toBe(false);
    expect(blend.shown[0]).toBe(2);
  });

  test("jumps after a pause, and takes the newest of several sets", () => {
    const blend = new PoseBlend(pose(0));
    blend.receive(pose(1));
    blend.advance(0);
    blend.receive(pose(5));
    blend.receive(pose(7));
    expect(blend.advance(2000)).toBe(false);
    expect(blend.shown[0]).toBe(7);
  });

  test("turns the short way round and keeps quaternions at unit length", () => {
    const blend = new PoseBlend(pose(0));
    blend.receive(pose(0));
    blend.advance(0);
    blend.receive(pose(0, -Math.SQRT1_2, -Math.SQRT1_2));
    blend.advance(100);
    blend.advance(150);
    const [, , , x, y, z, w] = blend.shown;
    expect(x * x + y * y + z * z + w * w).toBeCloseTo(1, 6);
    expect(Math.abs(w)).toBeCloseTo(Math.cos(Math.PI / 8), 6);
  });
});
