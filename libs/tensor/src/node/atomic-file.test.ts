import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { removeStaleTemporaryFiles, writeFileAtomically } from "./atomic-file.ts";

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "reverie-atomic-"));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

const machine = hostname()
  .replaceAll(/[^A-Za-z0-9-]/g, "-")
  .slice(0, 32);

function temporaryName(target: string, pid: number, of = machine): string {
  return `.${target}.${of}.${pid}-0123456789ab.tmp`;
}

/** Id of a process that has ended. */
async function endedProcess(): Promise<number> {
  const child = spawn(process.execPath, ["--version"], { stdio: "ignore" });
  await once(child, "close");
  return child.pid!;
}

async function contentOf(path: string): Promise<number[]> {
  return [...(await readFile(path))];
}

function* chunksThatEnd(): Generator<Uint8Array> {
  yield new Uint8Array(1000);
  throw new Error("no more");
}

describe("writing", () => {
  test("the chunks are written one after the other and nothing else is left in the folder", async () => {
    const path = join(folder, "file");
    await writeFileAtomically(path, [Uint8Array.of(1, 2), new Uint8Array(0), Uint8Array.of(9, 3, 9).subarray(1, 2)]);
    expect(await contentOf(path)).toEqual([1, 2, 3]);
    expect(await readdir(folder)).toEqual(["file"]);
  });

  test("chunks larger than one write call are written whole", async () => {
    const path = join(folder, "file");
    const chunk = Uint8Array.from({ length: 3_000_001 }, (_, i) => (i * 7) % 251);
    await writeFileAtomically(path, [chunk, chunk]);
    expect(Buffer.concat([chunk, chunk]).equals(await readFile(path))).toBe(true);
  });

  test("the old content stays in place until the new is whole", async () => {
    const path = join(folder, "file");
    await writeFile(path, Uint8Array.of(1));
    const seen: number[][] = [];
    async function look(): Promise<void> {
      seen.push(await contentOf(path));
    }
    const looks: Promise<void>[] = [];
    function* chunks(): Generator<Uint8Array> {
      for (let i = 0; i < 3; i++) {
        looks.push(look());
        yield Uint8Array.of(2);
      }
    }
    await writeFileAtomically(path, chunks());
    await Promise.all(looks);
    expect(seen[0]).toEqual([1]);
    expect(seen.every((content) => ["1", "2,2,2"].includes(content.join()))).toBe(true);
    expect(await contentOf(path)).toEqual([2, 2, 2]);
  });

  test("chunks that throw leave the old content and no temporary file", async () => {
    const path = join(folder, "file");
    await writeFile(path, Uint8Array.of(1));
    await expect(writeFileAtomically(path, chunksThatEnd())).rejects.toThrow("no more");
    expect(await contentOf(path)).toEqual([1]);
    expect(await readdir(folder)).toEqual(["file"]);
  });

  test("a rename that fails leaves no temporary file", async () => {
    const path = join(folder, "full-folder");
    await mkdir(path);
    await writeFile(join(path, "file"), "");
    await expect(writeFileAtomically(path, [Uint8Array.of(1)])).rejects.toThrow(/EISDIR|ENOTEMPTY|EPERM/);
    expect(await readdir(folder)).toEqual(["full-folder"]);
  });

  test("a missing folder is reported and not made", async () => {
    await expect(writeFileAtomically(join(folder, "none", "file"), [])).rejects.toThrow("ENOENT");
    expect(await readdir(folder)).toEqual([]);
  });

  test("of many writers at once each succeeds and one wins whole", async () => {
    const path = join(folder, "file");
    await Promise.all(Array.from({ length: 8 }, (_, i) => writeFileAtomically(path, [Uint8Array.of(i), Uint8Array.of(i)])));
    const [first, second, ...rest] = await contentOf(path);
    expect(first).toBe(second);
    expect(rest).toEqual([]);
    expect(await readdir(folder)).toEqual(["file"]);
  });
});

describe("temporary files of other writers", () => {
  test("the next write removes what an ended process left for the same target only", async () => {
    const pid = await endedProcess();
    const ofOther = temporaryName("other", pid);
    const ofLonger = temporaryName("file.old", pid);
    for (const name of [temporaryName("file", pid), ofOther, ofLonger]) await writeFile(join(folder, name), "half");
    await writeFileAtomically(join(folder, "file"), [Uint8Array.of(1)]);
    expect((await readdir(folder)).sort()).toEqual([ofLonger, ofOther, "file"].sort());
  });

  test("a file of a living process stays, until an hour after its last write", async () => {
    const name = temporaryName("file", process.pid);
    const path = join(folder, name);
    await writeFile(path, "half");
    expect(await removeStaleTemporaryFiles(folder, () => true)).toEqual([]);
    const now = Date.now() / 1000;
    await utimes(path, now, now - 3700);
    expect(await removeStaleTemporaryFiles(folder, () => true)).toEqual([name]);
    expect(await readdir(folder)).toEqual([]);
  });

  test("a file of another machine stays though no process here has its id", async () => {
    const name = temporaryName("file", await endedProcess(), "elsewhere-not-here");
    await writeFile(join(folder, name), "half");
    expect(await removeStaleTemporaryFiles(folder, () => true)).toEqual([]);
    expect(await readdir(folder)).toEqual([name]);
  });

  test("files of other names are never touched", async () => {
    const pid = await endedProcess();
    const names = [
      "file",
      "file.tmp",
      `.file.${machine}.${pid}.tmp`,
      `.file.${machine}.${pid}-0123456789AB.tmp`,
      `.${machine}.1-0123456789ab.tmp`,
    ];
    for (const name of names) await writeFile(join(folder, name), "");
    expect(await removeStaleTemporaryFiles(folder, () => true)).toEqual([]);
    expect((await readdir(folder)).sort()).toEqual(names.sort());
  });
});
