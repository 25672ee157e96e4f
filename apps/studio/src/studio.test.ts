import { spawn, type ChildProcess } from "node:child_process";
import { fileURLToPath } from "node:url";
import { chromiumSkipNote, launchChromium } from "@reverie/testing";
import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";

// The built page in a real browser, against the real command: server, world and planner behind it.

const REPOSITORY = fileURLToPath(new URL("../../../", import.meta.url));
const EPISODE_MS = 120_000;
const SCREENS = [
  [390, 844],
  [1024, 768],
  [1280, 720],
  [1920, 1080],
] as const;

/** Starts `reverie up` on a free port; resolves with its address. */
function startReverie(): { readonly process: ChildProcess; readonly address: Promise<string> } {
  const started = spawn(process.execPath, ["apps/cli/bin/reverie.js", "up", "manipulation/stack-cubes", "--port", "0", "--no-open"], {
    cwd: REPOSITORY,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const address = new Promise<string>((resolve, reject) => {
    let said = "";
    function read(chunk: Buffer): void {
      said += chunk.toString();
      const url = /is up: (https?:\/\/\S+)/u.exec(said)?.[1];
      if (url !== undefined) resolve(url);
    }
    started.stdout.on("data", read);
    started.stderr.on("data", read);
    started.on("exit", (code) => reject(new Error(`reverie up ended with ${code}: ${said}`)));
  });
  return { process: started, address };
}

/** Controls without a name that a screen reader could say. */
function unnamedControls(page: Page): Promise<string[]> {
  return page.evaluate(() =>
    [...document.querySelectorAll<HTMLInputElement | HTMLSelectElement | HTMLButtonElement>("input, select, textarea, button")]
      .filter((control) => {
        const named = control.getAttribute("aria-label") ?? [...(control.labels ?? [])].map((label) => label.textContent).join("");
        return `${named}${control instanceof HTMLButtonElement ? control.textContent : ""}`.trim() === "";
      })
      .map((control) => control.outerHTML),
  );
}

const note = chromiumSkipNote();

describe.skipIf(note !== "")(`the studio in a browser${note}`, { timeout: 60_000 }, () => {
  let reverie: ReturnType<typeof startReverie>;
  let browser: Browser;
  let address: string;
  let page: Page;
  let complaints: string[];

  // The command builds the page and everything else when that is not done yet.
  beforeAll(async () => {
    reverie = startReverie();
    browser = await launchChromium();
    address = await reverie.address;
  }, 300_000);

  afterAll(async () => {
    await browser?.close();
    const ended = new Promise((resolve) => reverie.process.once("exit", resolve));
    if (reverie.process.exitCode === null && reverie.process.kill("SIGTERM")) await ended;
  }, 20_000);

  beforeEach(async () => {
    page = await browser.newPage({ viewport: { width: 1280, height: 720 }, colorScheme: "light" });
    complaints = [];
    page.on("console", (message) => {
      if (message.type() === "error") complaints.push(message.text());
    });
    page.on("pageerror", (error) => complaints.push(error.message));
    await page.goto(address);
    await page.getByText("Connected", { exact: true }).waitFor();
    await page.locator(".plan-instruction").waitFor();
  });

  afterEach(async () => {
    await page.close();
  });

  test(
    "a typed instruction becomes a plan whose steps are done, a reward with its matching lines, and a row of history",
    async () => {
      // The command has begun an episode of its own; this one starts from rest.
      await page.getByRole("button", { name: "Reset" }).click();
      await expect.poll(() => page.locator(".phase").textContent()).toBe("Ready");
      const before = await page.locator(".history li").count();
      // Not the task's own words: the two cubes the other way round.
      const own = (await page.locator(".plan-instruction").textContent())!;
      const [first, second] = own.match(/red|green|blue|yellow|purple|orange/gu)!;
      const words = `put the ${second} cube on the ${first} cube`;
      await page.getByLabel("Instruction").fill(words);
      await page.getByLabel("Instruction").press("Enter");
      await page.getByText("8x", { exact: true }).click();

      await expect.poll(() => page.locator(".history li").count(), { timeout: EPISODE_MS }).toBe(before + 1);
      await page.locator(".banner").waitFor();
      expect(await page.locator(".banner").textContent()).toContain("Goal reached");
      const statuses = await page.locator(".step .step-status").allTextContents();
      expect(statuses.length).toBeGreaterThan(1);
      expect(new Set(statuses)).toEqual(new Set(["Done"]));

      const reward = Number(await page.locator(".reward-value").textContent());
      expect(reward).toBeGreaterThan(0.5);
      const lines = page.locator(".match-line");
      expect(await lines.count()).toBe(statuses.length);
      for (const line of await lines.all()) expect(await line.getAttribute("d")).toMatch(/^M0 [\d.]+C/u);

      expect(await page.locator(".goal li").count()).toBeGreaterThan(0);
      expect(await page.locator('.goal li[data-holds="false"]').count()).toBe(0);
      expect(await page.locator(".history-instruction").first().textContent()).toBe(words);
      expect(Number(await page.locator(".clock .number").first().locator("span").first().textContent())).toBeGreaterThan(0);
      expect(complaints).toEqual([]);
    },
    EPISODE_MS + 20_000,
  );

  test("the camera image and the 3D scene show something", async () => {
    await page.locator(".camera-caption").filter({ hasText: "step" }).waitFor();
    const colours = await page.evaluate(() => {
      const canvas = document.querySelector<HTMLCanvasElement>(".camera-frame canvas")!;
      const { data } = canvas.getContext("2d")!.getImageData(0, 0, canvas.width, canvas.height);
      return new Set(new Uint32Array(data.buffer)).size;
    });
    expect(colours).toBeGreaterThan(50);
    await page.locator(".stage-canvas canvas").waitFor();
    const drawn = await page.locator(".stage").screenshot();
    await page.getByText("Top", { exact: true }).click();
    await expect.poll(async () => (await page.locator(".stage").screenshot()).equals(drawn)).toBe(false);
    expect(complaints).toEqual([]);
  });

  test("what the server refuses is said under the field in its words", async () => {
    await page.getByLabel("Instruction").fill("xyzzy plugh");
    await page.getByLabel("Instruction").press("Enter");
    const message = page.locator("#command-message");
    await expect.poll(() => message.textContent()).toContain("xyzzy plugh");
    await page.getByLabel("Seed", { exact: true }).fill("-3");
    await expect.poll(() => message.textContent()).toContain("0 to 4294967295");
    expect(complaints).toEqual([]);
  });

  test("keys play, pause, step, reset and reach the instruction", async () => {
    const main = page.locator(".button-main");
    const phase = page.locator(".phase");
    // Slow enough that no episode ends while the page of a busy machine catches up.
    await page.getByText("0.25x", { exact: true }).click();
    // Keys belong to the control that has the focus; give it back to the page.
    await page.evaluate(() => (document.activeElement as HTMLElement).blur());
    await page.locator("body").press("r");
    await expect.poll(() => phase.textContent()).toBe("Ready");
    await page.locator("body").press(" ");
    await expect.poll(() => main.textContent()).toBe("Pause");
    await page.locator("body").press(" ");
    await expect.poll(() => phase.textContent()).toBe("Paused");
    await page.locator("body").press("r");
    await expect.poll(() => phase.textContent()).toBe("Ready");
    await page.locator("body").press("/");
    expect(await page.evaluate(() => document.activeElement?.id)).toBe("instruction");
    await page.keyboard.type("s r");
    expect(await page.getByLabel("Instruction").inputValue()).toBe("s r");
    expect(complaints).toEqual([]);
  });

  test("every control has a name, and every heading and landmark is there once", async () => {
    expect(await unnamedControls(page)).toEqual([]);
    expect(await page.locator("h1").count()).toBe(1);
    expect(await page.locator("main").count()).toBe(1);
    const ids = await page.evaluate(() => [...document.querySelectorAll("[id]")].map((element) => element.id));
    expect(new Set(ids).size).toBe(ids.length);
  });

  test("the chosen theme is remembered", async () => {
    const ground = (): Promise<string> => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const light = await ground();
    await page.getByLabel("Use the dark theme").click();
    const dark = await ground();
    expect(dark).not.toBe(light);
    await page.reload();
    await page.getByLabel("Use the light theme").waitFor();
    expect(await ground()).toBe(dark);
  });

  test("on a phone, a tablet, a laptop and a large screen nothing is cut off sideways, and the controls are in sight", async () => {
    for (const [width, height] of SCREENS) {
      await page.setViewportSize({ width, height });
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width);
      for (const selector of [".button-main", ".button-stop", "#instruction"]) {
        const box = (await page.locator(selector).boundingBox())!;
        expect(box.x).toBeGreaterThanOrEqual(0);
        expect(box.x + box.width).toBeLessThanOrEqual(width);
        expect(box.y + box.height).toBeLessThanOrEqual(height);
      }
    }
  });
});
