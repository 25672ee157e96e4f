// A process of its own: Chromium with three's WebGLRenderer. Speaks as webgpu-camera.mjs does.

import { bundleForBrowser, chromiumSkipNote, launchChromium } from "@reverie/testing";

process.once("message", async (job) => {
  const note = chromiumSkipNote();
  if (note !== "") {
    process.send({ missing: note.trim() });
    process.disconnect();
    return;
  }
  const [code, browser] = await Promise.all([
    bundleForBrowser(new URL("webgl-camera-page.mjs", import.meta.url), "entry"),
    launchChromium(),
  ]);
  const page = await browser.newPage();
  await page.addScriptTag({ content: code });
  const adapter = await page.evaluate((given) => {
    const camera = globalThis.entry.createCamera(given);
    globalThis.run = camera.run;
    return camera.adapter;
  }, job);
  process.on("message", async ({ run }) => {
    if (run === 0) {
      await browser.close();
      process.disconnect();
      return;
    }
    process.send({ milliseconds: await page.evaluate((frames) => globalThis.run(frames), run) });
  });
  process.send({ adapter });
});
