import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { NewestFrame } from "./newest-frame.ts";

function mailbox(): { box: NewestFrame<number>; sent: number[]; acknowledge: (() => void)[] } {
  const sent: number[] = [];
  const acknowledge: (() => void)[] = [];
  const box = new NewestFrame<number>((frame, done) => {
    sent.push(frame);
    acknowledge.push(done);
  });
  return { box, sent, acknowledge };
}

describe("NewestFrame", () => {
  test("keeps only the newest of the frames that come while one is on its way", () => {
    const { box, sent, acknowledge } = mailbox();
    for (const frame of [1, 2, 3, 4]) box.offer(frame);
    expect(sent).toEqual([1]);
    acknowledge[0]!();
    expect(sent).toEqual([1, 4]);
    acknowledge[1]!();
    box.offer(5);
    expect(sent).toEqual([1, 4, 5]);
  });

  test("does not release a later frame when one is acknowledged twice", () => {
    const { box, sent, acknowledge } = mailbox();
    for (const frame of [1, 2]) box.offer(frame);
    acknowledge[0]!();
    box.offer(3);
    acknowledge[0]!();
    expect(sent).toEqual([1, 2]);
  });

  test("sends a subsequence that ends with the last frame once everything is acknowledged", () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { maxLength: 60 }), (moves) => {
        const { box, sent, acknowledge } = mailbox();
        let frame = 0;
        let taken = 0;
        for (const offers of moves) {
          if (offers) box.offer(++frame);
          else if (taken < acknowledge.length) acknowledge[taken++]!();
          expect(sent.length - taken).toBeLessThanOrEqual(1);
        }
        while (taken < acknowledge.length) acknowledge[taken++]!();
        expect(sent).toEqual([...sent].sort((a, b) => a - b));
        expect(sent.at(-1)).toBe(frame === 0 ? undefined : frame);
      }),
    );
  });

  test("forgets a waiting frame that belongs to something over", () => {
    const { box, sent, acknowledge } = mailbox();
    box.offer(1);
    box.offer(2);
    box.clear();
    acknowledge[0]!();
    expect(sent).toEqual([1]);
  });
});
