import { InputError, sha256Hex } from "@reverie/core";
import type { PlanSample } from "../core/vocabulary.ts";

/** One question to a model. The model sees `system`, `prompt` and `images`; `samples` are for gates and caches on the way to it. */
export interface JudgeRequest {
  readonly system?: string;
  readonly prompt: string;
  /** References to images, such as URLs or content hashes; the caller's judge resolves them. */
  readonly images?: readonly string[];
  /** The answers that the prompt shows, in the prompt's order. */
  readonly samples?: readonly PlanSample[];
}

export interface JudgeVerdict {
  /** What the model wrote; empty when it was not asked. */
  readonly text: string;
  /** Places in `request.samples` that a guard refused; the model was not asked when there are any. */
  readonly refused?: readonly number[];
}

/**
 * Any model that judges. Callers implement it: this package has no network.
 * A failed call rejects; a verdict that cannot be read is the reader's matter.
 */
export type Judge = (request: JudgeRequest) => Promise<JudgeVerdict>;

/** Which images go with a sample; most judges of plans see the scene. */
export interface JudgeImages {
  /** @defaultValue none */
  readonly images?: (sample: PlanSample) => readonly string[];
}

/**
 * A judge that answers equal requests once. The key is the SHA-256 of the whole request, samples included, so that a guard behind
 * the cache is never bypassed. Equal requests that are under way share one call; a failed call is forgotten. The least recently
 * used verdict goes first.
 *
 * @throws InputError when `maxEntries` is not an integer from 1
 */
export function cachedJudge(
  judge: Judge,
  {
    maxEntries = 10_000,
  }: {
    /** Verdicts that are kept, those under way included. @defaultValue 10000 */
    readonly maxEntries?: number;
  } = {},
): Judge {
  if (!Number.isInteger(maxEntries) || maxEntries < 1) {
    throw new InputError("maxEntries", `expected an integer from 1, got ${maxEntries}.`);
  }
  const entries = new Map<string, Promise<JudgeVerdict>>();
  return (request) => {
    const key = requestHash(request);
    const known = entries.get(key);
    entries.delete(key);
    const verdict = known ?? (async () => judge(request))();
    entries.set(key, verdict);
    if (known !== undefined) return known;
    if (entries.size > maxEntries) entries.delete(entries.keys().next().value!);
    verdict.catch(() => {
      if (entries.get(key) === verdict) entries.delete(key);
    });
    return verdict;
  };
}

/** SHA-256 of a request as 64 hexadecimal digits; the order of keys does not matter. */
function requestHash({ system, prompt, images, samples }: JudgeRequest): string {
  return textHash(JSON.stringify([system ?? null, prompt, images ?? [], samples ?? []], withSortedKeys));
}

function withSortedKeys(_: string, value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** SHA-256 over the UTF-16 code units of a text, low byte first; lone surrogates stay apart. */
export function textHash(text: string): string {
  const bytes = new Uint8Array(text.length * 2);
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    bytes[2 * i] = unit & 0xff;
    bytes[2 * i + 1] = unit >>> 8;
  }
  return sha256Hex(bytes);
}

/** Runs `work` over the items with at most `concurrency` of them at once; results keep the order of the items. */
export async function mapConcurrently<T, R>(
  items: readonly T[],
  concurrency: number,
  work: (item: T, index: number) => Promise<R>,
): Promise<R[]> {
  if (!Number.isInteger(concurrency) || concurrency < 1) {
    throw new InputError("concurrency", `expected an integer from 1, got ${concurrency}.`);
  }
  const results: R[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < items.length) {
      const index = next++;
      results[index] = await work(items[index]!, index);
    }
  };
  await Promise.all(Array.from({ length: Math.min(concurrency, items.length) }, worker));
  return results;
}
