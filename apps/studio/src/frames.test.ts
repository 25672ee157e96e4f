import { expect, test } from "vitest";
import { FrameSlot, spreadPixels } from "./frames.ts";

/** A slot whose page draws when told to. */
function createSlot(): { slot: FrameSlot<number>; paint: () => void; drawn: number[]; acknowledged: number[]; offer: (n: number) => void } {
  const waiting: (() => void)[] = [];
  const slot = new FrameSlot<number>((draw) => void waiting.push(draw));
  const drawn: number[] = [];
  const acknowledged: number[] = [];
  return {
    slot,
    drawn,
    acknowledged,
    paint: () => waiting.splice(0).forEach((draw) => draw()),
    offer: (n) => slot.offer(n, () => acknowledged.push(n)),
  };
}

test("a frame is acknowledged after it was drawn, not before", () => {
  const { slot, paint, drawn, acknowledged, offer } = createSlot();
  slot.subscribe((n) => {
    expect(acknowledged).not.toContain(n);
    drawn.push(n);
  });
  offer(1);
  expect([drawn, acknowledged]).toEqual([[], []]);
  paint();
  expect([drawn, acknowledged]).toEqual([[1], [1]]);
});

test("of several frames between two paints only the newest is drawn, and each is acknowledged once", () => {
  const { slot, paint, drawn, acknowledged, offer } = createSlot();
  slot.subscribe((n) => drawn.push(n));
  [1, 2, 3].forEach(offer);
  paint();
  paint();
  expect(drawn).toEqual([3]);
  expect(acknowledged).toEqual([1, 2, 3]);
});

test("a late subscriber is shown the newest frame at once, and nothing after the slot was cleared", () => {
  const { slot, paint, drawn, acknowledged, offer } = createSlot();
  offer(4);
  paint();
  slot.subscribe((n) => drawn.push(n))();
  offer(5);
  slot.clear();
  paint();
  slot.subscribe((n) => drawn.push(n));
  expect(drawn).toEqual([4]);
  expect(acknowledged).toEqual([4, 5]);
});

test("a frame is acknowledged even when drawing it fails", () => {
  const { slot, paint, acknowledged, offer } = createSlot();
  slot.subscribe(() => {
    throw new Error("lost context");
  });
  offer(1);
  expect(paint).toThrow("lost context");
  expect(acknowledged).toEqual([1]);
});

test("pixels gain an opaque fourth channel and keep their order", () => {
  const rgba = new Uint8ClampedArray(8);
  spreadPixels(rgba, Uint8Array.of(1, 2, 3, 4, 5, 6));
  expect([...rgba]).toEqual([1, 2, 3, 255, 4, 5, 6, 255]);
});
