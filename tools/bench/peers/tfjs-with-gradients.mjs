import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join, sep } from "node:path";
import { promisify } from "node:util";

const require = createRequire(import.meta.url);
const folderOf = (name) => dirname(require.resolve(`${name}/package.json`));
const CORE = join(folderOf("@tensorflow/tfjs-core"), "dist");
const WASM = join(folderOf("@tensorflow/tfjs-backend-wasm"), "dist");

const ENTRY = `
export * from ${JSON.stringify(join(CORE, "index.js"))};
import ${JSON.stringify(join(CORE, "register_all_gradients.js"))};
export { setWasmPaths } from ${JSON.stringify(join(WASM, "index.js"))};
`;

const OPTIONS = {
  resolve: { mainFields: ["module", "main"] },
  ssr: { noExternal: true },
  build: {
    ssr: "entry.mjs",
    outDir: "bundle",
    // The loader of the wasm binary asks for `require`.
    rolldownOptions: { output: { format: "cjs", entryFileNames: "library.cjs" } },
  },
};

// In a process of its own: a bundler would add some 200 MiB to the memory that is measured here.
async function bundle(folder) {
  await writeFile(join(folder, "entry.mjs"), ENTRY);
  await writeFile(join(folder, "vite.config.mjs"), `export default ${JSON.stringify(OPTIONS)};`);
  const program = join(folderOf("vite"), "bin", "vite.js");
  const options = ["build", "--configLoader", "native", "--logLevel", "error"];
  await promisify(execFile)(process.execPath, [program, ...options], { cwd: folder });
  return join(folder, "bundle", "library.cjs");
}

async function load() {
  const folder = await mkdtemp(join(tmpdir(), "tfjs-with-gradients-"));
  try {
    const library = require(await bundle(folder));
    library.setWasmPaths(WASM + sep);
    if (!(await library.setBackend("wasm"))) throw new Error("the wasm backend of TensorFlow.js did not start.");
    await library.ready();
    return library;
  } finally {
    await rm(folder, { recursive: true });
  }
}

/**
 * TensorFlow.js with the gradients it registers itself and its wasm backend started, as a page gets it from a bundler. The package's
 * build for Node leaves the gradients out, and Node cannot import its ES modules as they are, so they are bundled here.
 * All copies of the library in a process share one engine, and the second to come warns of every kernel: import only one.
 */
export const tf = await load();
