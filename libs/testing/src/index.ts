export { bundleForBrowser, chromiumSkipNote, findChromium, launchChromium, runInChromium } from "./chromium.ts";
