import { resolveObjectURL } from "node:buffer";
import { Worker as NodeWorker } from "node:worker_threads";

const PRELUDE = `
const { parentPort } = require("node:worker_threads");
globalThis.self = globalThis;
globalThis.postMessage = (message) => parentPort.postMessage(message);
parentPort.on("message", (data) => globalThis.onmessage({ data }));
`;

/** The part of a browser's `Worker` that a script from a blob needs, where each message is answered by exactly one. */
class BrowserWorker {
  onmessage = null;
  onerror = null;
  #started;

  constructor(url) {
    this.#started = this.#start(resolveObjectURL(`${url}`));
  }

  async #start(blob) {
    const worker = new NodeWorker(PRELUDE + (await blob.text()), { eval: true });
    worker.on("message", (data) => {
      worker.unref();
      this.onmessage?.({ data });
    });
    worker.on("error", (error) => this.onerror?.(error));
    worker.unref();
    return worker;
  }

  async postMessage(message) {
    const worker = await this.#started;
    // An idle worker must not keep the process alive, a busy one must.
    worker.ref();
    worker.postMessage(message, []);
  }
}

/**
 * Imports a library that starts browser workers, giving it that many threads. Node has no global `Worker`: without one such a library
 * keeps to a single thread. The global stays for the life of the process, as libraries look for it again later.
 * @template T
 * @param {number} threads
 * @param {() => Promise<T>} load
 * @returns {Promise<T>}
 */
export async function importWithWorkers(threads, load) {
  globalThis.Worker ??= BrowserWorker;
  const previous = Object.getOwnPropertyDescriptor(globalThis, "navigator");
  Object.defineProperty(globalThis, "navigator", { value: { hardwareConcurrency: threads }, configurable: true });
  try {
    return await load();
  } finally {
    if (previous === undefined) delete globalThis.navigator;
    else Object.defineProperty(globalThis, "navigator", previous);
  }
}
