import { expect, test } from "vitest";
import { chromiumSkipNote, runInChromium } from "./chromium.ts";

test.skipIf(chromiumSkipNote() !== "")(
  `A module runs in Chromium as it stands, imports and all.${chromiumSkipNote()}`,
  { timeout: 60_000 },
  async () => {
    const result = await runInChromium<{ sum: number; browser: boolean }>(
      new URL("./testing/sample.ts", import.meta.url),
      "entry.sample(2)",
    );
    expect(result).toEqual({ sum: 42, browser: true });
  },
);
