// `node tools/docs/take-screenshots.mjs`: takes docs/images/studio*.png from the running page, in headless Chromium.
// CHROMIUM_PATH names the browser where it is not /usr/bin/chromium. Run it after the page changed, and look at the result.

import { spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";
import { encodePalettePng } from "./palette-png.mjs";

const ROOT = resolve(fileURLToPath(import.meta.url), "../../..");
const IMAGES = join(ROOT, "docs/images");
const TASK = "manipulation/cube-in-drawer";
const SEED = "3";
/** The plan step during which the picture is taken: the cube is on its way to the drawer. */
const STEP = "place";
/** How far into that step, milliseconds: the arm carries the cube over the table. */
const INTO_STEP_MS = 700;

/** Starts Reverie on a free port. Resolves with its address and what ends it. */
async function startReverie() {
  const args = ["apps/cli/bin/reverie.js", "up", TASK, "--seed", SEED, "--port", "0", "--no-open", "--json"];
  const child = spawn(process.execPath, args, { cwd: ROOT, stdio: ["ignore", "pipe", "inherit"] });
  const ended = new Promise((done) => child.once("exit", done));
  const first = await Promise.race([
    new Promise((done) => createInterface({ input: child.stdout }).once("line", done)),
    ended.then((code) => {
      throw new Error(`reverie up ended with code ${code} before it was up.`);
    }),
  ]);
  return {
    url: JSON.parse(first).url,
    async stop() {
      child.kill("SIGINT");
      await ended;
    },
  };
}

/** Pixels of a PNG, decoded by the browser. */
async function pixelsOf(browser, png) {
  const page = await browser.newPage();
  try {
    const { base64, width, height } = await page.evaluate(
      async (source) => {
        const bitmap = await createImageBitmap(await (await fetch(source)).blob());
        const context = new OffscreenCanvas(bitmap.width, bitmap.height).getContext("2d");
        context.drawImage(bitmap, 0, 0);
        const { data } = context.getImageData(0, 0, bitmap.width, bitmap.height);
        let text = "";
        for (let i = 0; i < data.length; i += 8192) text += String.fromCharCode(...data.subarray(i, i + 8192));
        return { base64: btoa(text), width: bitmap.width, height: bitmap.height };
      },
      `data:image/png;base64,${png.toString("base64")}`,
    );
    return { rgba: Buffer.from(base64, "base64"), width, height };
  } finally {
    await page.close();
  }
}

async function take(browser, url, colorScheme, file) {
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 }, colorScheme });
  try {
    await page.goto(url);
    await page.getByText("Connected", { exact: true }).waitFor();
    // One finished episode first, so that the history and the reward are filled; then one more at the pace of real time.
    await page.getByText("8x", { exact: true }).click();
    await page.locator(".history li").first().waitFor({ timeout: 60_000 });
    await page.getByText("1x", { exact: true }).click();
    await page.getByRole("button", { name: "Reset" }).click();
    await page.locator(".phase", { hasText: "Ready" }).waitFor();
    await page.getByRole("button", { name: "Play" }).click();
    await page.locator(".step[data-status=running]", { hasText: STEP }).waitFor({ timeout: 60_000 });
    await page.waitForTimeout(INTO_STEP_MS);
    const path = join(IMAGES, file);
    const { rgba, width, height } = await pixelsOf(browser, await page.screenshot());
    const png = encodePalettePng(rgba, width, height);
    writeFileSync(path, png);
    process.stdout.write(`${path}: ${(png.length / 1000).toFixed(0)} kB\n`);
  } finally {
    await page.close();
  }
}

mkdirSync(IMAGES, { recursive: true });
const reverie = await startReverie();
try {
  const browser = await chromium.launch({
    executablePath: process.env["CHROMIUM_PATH"] ?? "/usr/bin/chromium",
    args: ["--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--disable-background-networking", "--disable-sync"],
  });
  try {
    await take(browser, reverie.url, "light", "studio.png");
    await take(browser, reverie.url, "dark", "studio-dark.png");
  } finally {
    await browser.close();
  }
} finally {
  await reverie.stop();
}
