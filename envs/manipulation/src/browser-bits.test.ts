import { URL } from "node:url";
import { chromiumSkipNote, runInChromium } from "@reverie/testing";
import { expect, test } from "vitest";
import { episodeDigest, visualDigest } from "./testing/bits.ts";

const note = chromiumSkipNote();

test.skipIf(note !== "")(
  `A whole episode of stacking cubes ends in the same state in Chromium as in Node, to the bit.${note}`,
  { timeout: 60_000 },
  async () => {
    const inBrowser = await runInChromium(new URL("./testing/bits.ts", import.meta.url), "entry.episodeDigest(11)");
    const inNode = await episodeDigest(11);
    expect(inNode.success).toBe(true);
    expect(inBrowser).toEqual(inNode);
    expect((await episodeDigest(12)).state).not.toBe(inNode.state);
  },
);

test.skipIf(note !== "")(
  `A strongly randomised episode is drawn, lit, textured and disturbed by the same bits in Chromium as in Node.${note}`,
  { timeout: 60_000 },
  async () => {
    const inBrowser = await runInChromium(new URL("./testing/bits.ts", import.meta.url), "entry.visualDigest(11)");
    const inNode = await visualDigest(11);
    expect(inBrowser).toEqual(inNode);
    expect(new Set([...inNode, ...(await visualDigest(12))]).size).toBe(2 * inNode.length);
  },
);
