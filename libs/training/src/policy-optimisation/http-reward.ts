import { InputError, messageOf, PeerError, TimeoutError } from "@reverie/core";
import type { PolicySample } from "./policy.ts";
import type { RewardResult, RewardSource } from "./reward-source.ts";
import { checkedRewards, groupsOf } from "./reward-source.ts";

export interface HttpRewardOptions<Prompt> {
  /** Where batches are posted, http or https. */
  readonly url: string;
  /** What the server is told of a sample, as JSON. */
  readonly encode: (sample: PolicySample<Prompt>) => unknown;
  /** Sent as a bearer token; never part of an error. */
  readonly token?: string;
  /** Limit of one attempt. @defaultValue 30,000 */
  readonly timeoutMs?: number;
  /** Most samples of one request; samples of one prompt are never divided. @defaultValue 256 */
  readonly batchSize?: number;
  /** Requests under way at once. @defaultValue 4 */
  readonly concurrency?: number;
  /** Attempts in all, after lost connections and the statuses 408, 429 and 5xx. @defaultValue 4 */
  readonly maxAttempts?: number;
  /** Wait before the second attempt; doubles with each one after, up to 30 s. @defaultValue 250 */
  readonly retryDelayMs?: number;
}

const LARGEST_ANSWER_BYTES = 16_000_000;
const LONGEST_WAIT_MS = 30_000;
const RETRIED: ReadonlySet<number> = new Set([408, 429]);

type Settings<Prompt> = Required<Omit<HttpRewardOptions<Prompt>, "token" | "url">> & { readonly url: URL; readonly token?: string };

/**
 * A reward server: each request is `POST { "samplesPerPrompt": 8, "samples": [...] }`, its answer `{ "scores": [...] }` with one number
 * for each sample, and if it likes `advantages`, `mask` and `parts` as in `RewardResult`.
 *
 * The source throws PeerError naming the host when attempts are used up, the status is an error, or the answer is no such JSON or larger
 * than 16 MB; TimeoutError when one attempt takes too long, which is not repeated.
 * @throws InputError when the address or an option is out of range
 */
export function httpReward<Prompt>(options: HttpRewardOptions<Prompt>): RewardSource<Prompt> {
  const settings = checkOptions(options);
  return async ({ samples, samplesPerPrompt, signal }) => {
    const groupsAtOnce = Math.max(1, Math.floor(settings.batchSize / samplesPerPrompt));
    const batches = groupsOf(samples, groupsAtOnce * samplesPerPrompt);
    const answers: RewardResult[] = [];
    // One request that fails for good makes the others useless.
    const stop = new AbortController();
    const either = AbortSignal.any([signal, stop.signal]);
    let next = 0;
    const worker = async (): Promise<void> => {
      while (next < batches.length) {
        const i = next++;
        const batch = batches[i]!;
        const text = await post(JSON.stringify({ samplesPerPrompt, samples: batch.map(settings.encode) }), settings, either);
        answers[i] = readAnswer(text, batch, settings);
      }
    };
    try {
      await Promise.all(Array.from({ length: Math.min(settings.concurrency, batches.length) }, worker));
    } catch (error) {
      stop.abort(error);
      throw error;
    }
    return joinAnswers(answers, settings.url.host);
  };
}

function checkOptions<Prompt>(options: HttpRewardOptions<Prompt>): Settings<Prompt> {
  if (!URL.canParse(options.url) || !/^https?:$/.test(new URL(options.url).protocol))
    throw new InputError("url", "expected an http or https address.");
  const counts = {
    timeoutMs: options.timeoutMs ?? 30_000,
    batchSize: options.batchSize ?? 256,
    concurrency: options.concurrency ?? 4,
    maxAttempts: options.maxAttempts ?? 4,
  };
  for (const [name, count] of Object.entries(counts)) {
    if (!Number.isSafeInteger(count) || count < 1) throw new InputError(name, `expected a whole number of 1 or more, got ${count}.`);
  }
  const { retryDelayMs = 250 } = options;
  if (!(retryDelayMs >= 0)) throw new InputError("retryDelayMs", `expected a number of 0 or more, got ${retryDelayMs}.`);
  return {
    ...counts,
    retryDelayMs,
    url: new URL(options.url),
    encode: options.encode,
    ...(options.token === undefined ? {} : { token: options.token }),
  };
}

async function post<Prompt>(body: string, settings: Settings<Prompt>, signal: AbortSignal): Promise<string> {
  const { host } = settings.url;
  for (let attempt = 1; ; attempt++) {
    signal.throwIfAborted();
    let problem: string;
    try {
      const { status, text } = await postOnce(body, settings, signal);
      if (status >= 200 && status < 300) return text;
      problem = `answered with status ${status}: "${excerpt(text, settings.token)}"`;
      if (status < 500 && !RETRIED.has(status)) throw new PeerError(host, `${problem}.`);
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof TimeoutError || error instanceof PeerError) throw error;
      problem = `no connection (${excerpt(networkProblem(error), settings.token)})`;
    }
    if (attempt >= settings.maxAttempts)
      throw new PeerError(host, `${problem} after ${attempt} ${attempt === 1 ? "attempt" : "attempts"}.`);
    await pause(Math.min(settings.retryDelayMs * 2 ** (attempt - 1), LONGEST_WAIT_MS), signal);
  }
}

async function postOnce<Prompt>(
  body: string,
  { url, token, timeoutMs }: Settings<Prompt>,
  signal: AbortSignal,
): Promise<{ readonly status: number; readonly text: string }> {
  const limit = AbortSignal.timeout(timeoutMs);
  try {
    const response = await fetch(url, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        accept: "application/json",
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      },
      body,
      signal: AbortSignal.any([signal, limit]),
    });
    return { status: response.status, text: await boundedText(response, url.host) };
  } catch (error) {
    if (limit.aborted && !signal.aborted) throw new TimeoutError(`The reward server ${url.host}`, timeoutMs, { cause: error });
    throw error;
  }
}

async function boundedText(response: Response, host: string): Promise<string> {
  if (response.body === null) return "";
  const decoder = new TextDecoder();
  let text = "";
  let bytes = 0;
  for await (const piece of response.body as unknown as AsyncIterable<Uint8Array>) {
    bytes += piece.byteLength;
    // Leaving the loop by an error cancels the stream.
    if (bytes > LARGEST_ANSWER_BYTES) throw new PeerError(host, `sent an answer larger than ${LARGEST_ANSWER_BYTES} bytes.`);
    text += decoder.decode(piece, { stream: true });
  }
  return text + decoder.decode();
}

function readAnswer<Prompt>(text: string, batch: readonly PolicySample<Prompt>[], { url, token }: Settings<Prompt>): RewardResult {
  let answer: unknown;
  try {
    answer = JSON.parse(text);
  } catch (cause) {
    throw new PeerError(url.host, `answered "${excerpt(text, token)}", which is no JSON.`, { cause });
  }
  const fields = (typeof answer === "object" && answer !== null ? answer : {}) as Partial<Record<keyof RewardResult, unknown>>;
  const lists: Partial<Record<keyof RewardResult, unknown[]>> = {};
  for (const name of ["scores", "advantages", "mask", "parts"] as const) {
    const list = fields[name];
    if (list === undefined && name !== "scores") continue;
    if (!Array.isArray(list)) throw new PeerError(url.host, `the answer is no reward: ${name}: expected a list.`);
    const wrong = list.findIndex((entry) => !FITS[name](entry));
    if (wrong >= 0) throw new PeerError(url.host, `the answer is no reward: ${name}[${wrong}] is of the wrong type.`);
    lists[name] = list;
  }
  try {
    return checkedRewards(
      lists as unknown as RewardResult,
      batch.map(({ tokens }) => tokens.length),
    );
  } catch (cause) {
    throw new PeerError(url.host, `the answer is no reward: ${messageOf(cause)}`, { cause });
  }
}

const FITS: Readonly<Record<keyof RewardResult, (entry: unknown) => boolean>> = {
  scores: (entry) => typeof entry === "number",
  advantages: (entry) => typeof entry === "number" || Array.isArray(entry),
  mask: (entry) => typeof entry === "boolean",
  parts: (entry) => typeof entry === "object" && entry !== null && !Array.isArray(entry),
};

/** @throws PeerError when only some of the answers have a list */
function joinAnswers(answers: readonly RewardResult[], host: string): RewardResult {
  const joined: Record<string, unknown[]> = { scores: answers.flatMap(({ scores }) => scores) };
  for (const name of ["advantages", "mask", "parts"] as const) {
    const lists = answers.flatMap((answer) => (answer[name] === undefined ? [] : [answer[name] as readonly unknown[]]));
    if (lists.length === 0) continue;
    if (lists.length < answers.length) throw new PeerError(host, `gave ${name} for only some of the requests of one batch.`);
    joined[name] = lists.flat();
  }
  return joined as unknown as RewardResult;
}

function excerpt(text: string, token: string | undefined): string {
  const safe = token === undefined || token === "" ? text : text.replaceAll(token, "[token]");
  return safe.trim().slice(0, 200);
}

function networkProblem(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined;
  return cause instanceof Error && cause.message !== "" ? cause.message : messageOf(error);
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
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
