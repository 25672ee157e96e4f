import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";

const PROCESS = fileURLToPath(new URL("contender-process.mjs", import.meta.url));

/** One contender in a process of its own, which answers each message with one. */
export class Contender {
  #child;
  #waiting;
  milliseconds = [];
  losses = [];

  /** @param {string} name of `CONTENDERS` @param {object} options such as { threads } */
  static async start(name, options) {
    const contender = new Contender();
    contender.#child = fork(PROCESS, [JSON.stringify([name, options])], { stdio: ["ignore", "ignore", "pipe", "ipc"] });
    let errors = "";
    contender.#child.stderr.on("data", (chunk) => (errors = (errors + chunk).slice(-2000)));
    contender.#child.on("message", (message) => contender.#waiting?.resolve(message));
    contender.#child.on("exit", (code) => contender.#waiting?.reject(new Error(`${name} ended with code ${code}: ${errors}`)));
    contender.facts = (await contender.#answer()).facts;
    return contender;
  }

  #answer() {
    return new Promise((resolve, reject) => (this.#waiting = { resolve, reject }));
  }

  /** Runs some steps and keeps their times. */
  async run(steps) {
    const answer = this.#answer();
    this.#child.send({ run: steps });
    const result = await answer;
    this.milliseconds.push(...result.milliseconds);
    this.losses.push(...result.losses);
    this.residentBytes = result.residentBytes;
    this.peakBytes = result.peakBytes;
  }

  /** Drops the times of the first steps: compiling and first memory are not speed. */
  forgetTimes() {
    this.milliseconds = [];
  }

  get median() {
    return this.milliseconds.toSorted((a, b) => a - b)[Math.floor(this.milliseconds.length / 2)];
  }

  stop() {
    this.#waiting = undefined;
    this.#child.kill();
  }
}
