import { existsSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium, type Browser } from "playwright-core";
import { build } from "vite";

const CANDIDATES = [
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
];

/** Where Chromium is: `CHROMIUM_PATH`, or one of the usual places; undefined when there is none. */
export function findChromium(): string | undefined {
  const asked = process.env["CHROMIUM_PATH"];
  return (asked === undefined ? CANDIDATES : [asked]).find((path) => existsSync(path));
}

/** What a test's title says when it is skipped for want of a browser; empty when there is one. */
export function chromiumSkipNote(): string {
  return findChromium() === undefined ? " (skipped: no Chromium found; install it or set CHROMIUM_PATH)" : "";
}

/** Starts headless Chromium with software WebGL and without traffic of its own. @throws Error when there is none */
export async function launchChromium(): Promise<Browser> {
  const executablePath = findChromium();
  if (executablePath === undefined) throw new Error("No Chromium was found; install it or set CHROMIUM_PATH.");
  return chromium.launch({
    executablePath,
    args: [
      "--headless=new",
      "--no-sandbox",
      "--use-angle=swiftshader",
      "--enable-unsafe-swiftshader",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
}

/** A module with everything it imports as one script that sets the global `name` to its exports. */
export async function bundleForBrowser(entry: URL, name: string): Promise<string> {
  const path = fileURLToPath(entry);
  const built = await build({
    configFile: false,
    logLevel: "error",
    root: dirname(path),
    resolve: { conditions: ["@reverie/source"] },
    build: { write: false, minify: false, lib: { entry: path, formats: ["iife"], name } },
  });
  const output = Array.isArray(built) ? built[0] : built;
  const chunk = output !== undefined && "output" in output ? output.output[0] : undefined;
  if (chunk === undefined) throw new Error(`Vite wrote no bundle for ${path}.`);
  return chunk.code;
}

/**
 * Bundles a module, loads it in a fresh page of headless Chromium and evaluates `expression` there; the module's exports are
 * under the global `entry`. Promises are awaited; the value must be JSON.
 */
export async function runInChromium<T>(entry: URL, expression: string): Promise<T> {
  const script = await bundleForBrowser(entry, "entry");
  const browser = await launchChromium();
  try {
    const page = await browser.newPage();
    await page.addScriptTag({ content: script });
    return (await page.evaluate(expression)) as T;
  } finally {
    await browser.close();
  }
}
