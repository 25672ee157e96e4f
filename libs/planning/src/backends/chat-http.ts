import { messageOf, PeerError, TimeoutError } from "@reverie/core";
import { excerpt } from "../language/issues.ts";

// Posting JSON to a chat endpoint: retries, time limit, bounded answers. Knows no prompt and no plan.

export interface ChatHttpOptions {
  readonly url: URL;
  /** Sent as a bearer token; never part of an error. */
  readonly apiKey: string | undefined;
  /** Limit of one attempt. */
  readonly timeoutMs: number;
  /** Attempts in all. */
  readonly maxAttempts: number;
  /** Wait before the second attempt; doubles with each one after. */
  readonly retryDelayMs: number;
}

/** Status and body of the last attempt. */
export interface ChatReply {
  readonly status: number;
  readonly body: string;
  readonly attempts: number;
}

const LARGEST_ANSWER = 1_000_000;
const LONGEST_WAIT_MS = 30_000;
const RETRIED = new Set([408, 429]);

/**
 * Posts a body and returns the reply, whatever its status below 500. Tries again after network errors and the statuses
 * 408, 429 and 5xx, waiting twice as long each time or as long as `Retry-After` says, at most 30 s.
 *
 * @throws PeerError when attempts are used up or the answer is larger than 1 MB
 * @throws TimeoutError when one attempt takes too long; it is not repeated
 */
export async function postChat(body: string, options: ChatHttpOptions, signal: AbortSignal): Promise<ChatReply> {
  const host = options.url.host;
  for (let attempt = 1; ; attempt++) {
    signal.throwIfAborted();
    let problem: string;
    let waitMs = options.retryDelayMs * 2 ** (attempt - 1);
    try {
      const reply = await postOnce(body, options, signal);
      if (!RETRIED.has(reply.status) && reply.status < 500) return { status: reply.status, body: reply.body, attempts: attempt };
      problem = describeFailure(reply.status, reply.body, options.apiKey);
      waitMs = reply.retryAfterMs ?? waitMs;
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof TimeoutError || error instanceof PeerError) throw error;
      problem = `no connection (${redact(networkProblem(error), options.apiKey)})`;
    }
    if (attempt >= options.maxAttempts) throw new PeerError(host, `${problem} after ${attempt} ${attempt === 1 ? "attempt" : "attempts"}.`);
    await sleep(Math.min(waitMs, LONGEST_WAIT_MS), signal);
  }
}

/** `answered 401 Unauthorized: "..."`, with a short piece of the body and without the key. */
export function describeFailure(status: number, body: string, apiKey: string | undefined): string {
  const piece = excerpt(redact(body.trim(), apiKey), 200);
  return `answered with status ${status}${piece === "" ? "" : `: "${piece}"`}`;
}

function redact(text: string, apiKey: string | undefined): string {
  return apiKey === undefined || apiKey === "" ? text : text.replaceAll(apiKey, "[key]");
}

function networkProblem(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined;
  return cause instanceof Error && cause.message !== "" ? cause.message : messageOf(error);
}

async function postOnce(
  body: string,
  options: ChatHttpOptions,
  signal: AbortSignal,
): Promise<{ readonly status: number; readonly body: string; readonly retryAfterMs: number | undefined }> {
  const limit = AbortSignal.timeout(options.timeoutMs);
  try {
    const response = await fetch(options.url, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        accept: "application/json",
        ...(options.apiKey === undefined ? {} : { authorization: `Bearer ${options.apiKey}` }),
      },
      body,
      signal: AbortSignal.any([signal, limit]),
    });
    const retryAfterMs = readRetryAfter(response.headers.get("retry-after"));
    return { status: response.status, body: await readBounded(response, options.url.host), retryAfterMs };
  } catch (error) {
    if (limit.aborted && !signal.aborted) throw new TimeoutError(`The call to ${options.url.host}`, options.timeoutMs);
    throw error;
  }
}

async function readBounded(response: Response, host: string): Promise<string> {
  if (response.body === null) return "";
  const reader = response.body.getReader();
  const decoder = new TextDecoder();
  let text = "";
  let bytes = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return text + decoder.decode();
    bytes += value.byteLength;
    if (bytes > LARGEST_ANSWER) {
      await reader.cancel();
      throw new PeerError(host, `sent an answer larger than ${LARGEST_ANSWER} bytes.`);
    }
    text += decoder.decode(value, { stream: true });
  }
}

/** `Retry-After` in seconds or as a date (RFC 9110, section 10.2.3); undefined when it is neither. */
function readRetryAfter(header: string | null): number | undefined {
  if (header === null) return undefined;
  if (/^\s*\d{1,9}(\.\d{1,9})?\s*$/.test(header)) return Number(header) * 1000;
  const date = Date.parse(header);
  return Number.isNaN(date) ? undefined : Math.max(0, date - Date.now());
}

function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => {
      clearTimeout(timer);
      reject(signal.reason as Error);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", onAbort);
      resolve();
    }, ms);
    signal.addEventListener("abort", onAbort, { once: true });
  });
}
