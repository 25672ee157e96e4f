import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";
import { expect, test } from "vitest";
import { build } from "vite";
import { digests } from "./testing/bits.ts";

const executablePath = process.env["CHROMIUM_PATH"] ?? "/usr/bin/chromium";
const missing = existsSync(executablePath) ? "" : ` (skipped: no Chromium at ${executablePath}; set CHROMIUM_PATH)`;

/** The digests module and the engine as one script that sets `reverieBits`. */
async function bundle(): Promise<string> {
  const built = await build({
    configFile: false,
    logLevel: "error",
    root: fileURLToPath(new URL(".", import.meta.url)),
    resolve: { conditions: ["@reverie/source"] },
    build: {
      write: false,
      minify: false,
      lib: { entry: fileURLToPath(new URL("./testing/bits.ts", import.meta.url)), formats: ["iife"], name: "reverieBits" },
    },
  });
  const output = Array.isArray(built) ? built[0] : built;
  const chunk = output !== undefined && "output" in output ? output.output[0] : undefined;
  if (chunk === undefined) throw new Error("Vite wrote no bundle.");
  return chunk.code;
}

test.skipIf(missing !== "")(
  `A rammed wall and a sweeping motor chain have the same bits in Chromium as in Node.${missing}`,
  async () => {
    const script = await bundle();
    const browser = await chromium.launch({ executablePath, args: ["--headless=new", "--no-sandbox", "--disable-quic", "--disable-sync"] });
    try {
      const page = await browser.newPage();
      await page.addScriptTag({ content: script });
      const inBrowser = await page.evaluate("reverieBits.digests()");
      const inNode = await digests();
      expect(Object.keys(inNode)).toHaveLength(4);
      expect(new Set(Object.values(inNode)).size).toBe(4);
      expect(inBrowser).toEqual(inNode);
    } finally {
      await browser.close();
    }
  },
  60_000,
);
