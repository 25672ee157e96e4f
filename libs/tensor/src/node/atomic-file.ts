import { randomBytes } from "node:crypto";
import { lstat, open, readdir, rename, rm, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { basename, dirname, join } from "node:path";
import { messageOf } from "@reverie/core";

/** Target, machine and process of a temporary file: `.target.machine.pid-random.tmp`. */
const TEMPORARY_NAME = /^\.(.+)\.([A-Za-z0-9-]{1,32})\.(\d{1,10})-[0-9a-f]{12}\.tmp$/s;
/** A file whose writer cannot be asked (another machine, or its process id is in use again) is abandoned after this long without a write. */
const ABANDONED_MS = 60 * 60_000;

/**
 * Writes a whole file or none: into a temporary file in the same folder, to the disk, then renamed over `path`. A reader sees the old
 * content or the new, also after the process is killed or the power fails at any moment. Temporary files that a killed process left for
 * the same `path` are removed first. Two writers of one `path` do not disturb each other; the one that finishes last wins.
 *
 * A chunk is pulled from `chunks` only after the one before was written. A link at `path` is replaced, not followed.
 *
 * @throws the file system's error, or what `chunks` throws; `path` then holds what it held before and the temporary file is gone
 */
export async function writeFileAtomically(path: string, chunks: Iterable<Uint8Array>): Promise<void> {
  const folder = dirname(path);
  const target = basename(path);
  await removeStaleTemporaryFiles(folder, (name) => name === target);
  const temporary = join(folder, `.${target}.${machineName()}.${process.pid}-${randomBytes(6).toString("hex")}.tmp`);
  try {
    await writeToDisk(temporary, chunks);
    await rename(temporary, path);
  } catch (error) {
    await removeAfter(error, temporary);
    throw error;
  }
  await syncFolder(folder);
}

/**
 * Removes what killed processes left of `writeFileAtomically` in a folder, for the targets that `isTarget` accepts by file name. A file
 * stays while its process lives; one from another machine, or whose process id is in use again, stays until an hour after its last write.
 *
 * @returns the names of the removed files
 */
export async function removeStaleTemporaryFiles(folder: string, isTarget: (name: string) => boolean): Promise<string[]> {
  const removed: string[] = [];
  for (const name of await readdir(folder)) {
    const [, target, machine, pid] = TEMPORARY_NAME.exec(name) ?? [];
    if (target === undefined || !isTarget(target)) continue;
    const path = join(folder, name);
    const isStale = (machine === machineName() && !isAlive(Number(pid))) || (await isAbandoned(path));
    if (!isStale) continue;
    await rm(path, { force: true });
    removed.push(name);
  }
  return removed;
}

/** Removes a file because of `failure`, which must not get lost when the removal fails as well. */
async function removeAfter(failure: unknown, path: string): Promise<void> {
  try {
    await rm(path, { force: true });
  } catch (error) {
    const message = `${messageOf(failure)}; then the temporary file could not be removed either: ${messageOf(error)}`;
    throw new AggregateError([failure, error], message, { cause: error });
  }
}

function machineName(): string {
  return (
    hostname()
      .replaceAll(/[^A-Za-z0-9-]/g, "-")
      .slice(0, 32) || "unknown"
  );
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: the process lives and belongs to somebody else.
    return codeOf(error) === "EPERM";
  }
}

async function isAbandoned(path: string): Promise<boolean> {
  try {
    return Date.now() - (await lstat(path)).mtimeMs > ABANDONED_MS;
  } catch (error) {
    // Its writer has just renamed or removed it.
    if (codeOf(error) === "ENOENT") return false;
    throw error;
  }
}

async function writeToDisk(path: string, chunks: Iterable<Uint8Array>): Promise<void> {
  const file = await open(path, "wx");
  try {
    await writeFile(file, chunks);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Makes the rename itself last: on POSIX systems it belongs to the folder, not to the file. */
async function syncFolder(folder: string): Promise<void> {
  try {
    const handle = await open(folder, "r");
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch (error) {
    const code = codeOf(error);
    // Windows opens no folders; some network and user-space file systems have no fsync for them. Both keep the rename by themselves.
    const cannotSync = code === "EINVAL" || (process.platform === "win32" && (code === "EISDIR" || code === "EPERM"));
    if (!cannotSync) throw error;
  }
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : undefined;
}
