import { spawn } from "node:child_process";
import { text } from "node:stream/consumers";
import { bundleForBrowser, chromiumSkipNote, launchChromium } from "@reverie/testing";
import { beforeAll, describe, expect, test } from "vitest";
import { FRAMES, frameDigests } from "./testing/frame-digests.ts";

// A recorded episode is checked by drawing it again, elsewhere: so a picture must not depend on where it is drawn.

/** What a fresh process answers to `expression`, after `script`. */
async function inProcess(script: string, expression: string): Promise<unknown> {
  const child = spawn(process.execPath, ["-"], { stdio: ["pipe", "pipe", "inherit"] });
  child.stdin.end(`${script}\nprocess.stdout.write(JSON.stringify(${expression}));`);
  return JSON.parse(await text(child.stdout));
}

describe("SHA-256 of 50 rendered frames", () => {
  let script = "";
  let here: string[] = [];

  beforeAll(async () => {
    script = await bundleForBrowser(new URL("./testing/frame-digests.ts", import.meta.url), "entry");
    here = frameDigests();
  }, 60_000);

  test("differ from frame to frame", () => {
    expect(here.length).toBe(50);
    expect(new Set(here).size).toBe(FRAMES);
  });

  test("are equal in two other processes", async () => {
    const there = await Promise.all([1, 2].map(() => inProcess(script, "entry.frameDigests()")));
    expect(there).toEqual([here, here]);
  }, 60_000);

  const note = chromiumSkipNote();
  test.skipIf(note !== "")(
    `are equal in Chromium${note}`,
    async () => {
      const browser = await launchChromium();
      try {
        const page = await browser.newPage();
        await page.addScriptTag({ content: script });
        expect(await page.evaluate("entry.frameDigests()")).toEqual(here);
      } finally {
        await browser.close();
      }
    },
    60_000,
  );
});
