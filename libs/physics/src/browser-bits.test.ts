import { URL } from "node:url";
import { chromiumSkipNote, runInChromium } from "@reverie/testing";
import { expect, test } from "vitest";
import { digests } from "./testing/bits.ts";

const note = chromiumSkipNote();

test.skipIf(note !== "")(
  `A rammed wall and a sweeping motor chain have the same bits in Chromium as in Node.${note}`,
  { timeout: 60_000 },
  async () => {
    const inBrowser = await runInChromium(new URL("./testing/bits.ts", import.meta.url), "entry.digests()");
    const inNode = await digests();
    expect(new Set(Object.values(inNode)).size).toBe(4);
    expect(inBrowser).toEqual(inNode);
  },
);
