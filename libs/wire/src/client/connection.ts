import { InputError, PeerError, TimeoutError } from "@reverie/core";
import { io, type Socket } from "socket.io-client";
import { MAX_MESSAGE_BYTES } from "../messages/common.ts";
import { isReply, toError } from "../report.ts";

/** A socket seen without its event types: `In` declares them. */
interface Emitter {
  on(event: string, listener: (...args: unknown[]) => void): unknown;
  off(event: string, listener: (...args: unknown[]) => void): unknown;
}

type Handlers<T> = { [K in keyof T]: T[K] extends (...args: infer A) => void ? (...args: A) => void : never };
/** What an event carries. */
export type RequestOf<F> = F extends (request: infer Q, ...rest: never[]) => void ? Q : never;
/** Everything an event carries, way to acknowledge included. */
export type ArgsOf<F> = F extends (...args: infer A) => void ? A : never;
/** What a request is answered with when it went well. */
export type ValueOf<F> = F extends (request: never, reply: (r: infer R) => void) => void ? Extract<R, { readonly ok: true }> : never;

/** Whether the other side is there. `refused` is final: the server said no, and why. */
export type ConnectionStatus = "connecting" | "connected" | "disconnected" | "refused";

export interface ConnectOptions {
  /** Shared secret of the server; absent = none is needed. */
  readonly token?: string;
  /** How long a request waits for its reply. @defaultValue 15000 */
  readonly timeoutMs?: number;
}

const TOO_LARGE_HINT = `${MAX_MESSAGE_BYTES / (1024 * 1024)} MiB`;

/** Rough size of a payload on the wire; stops counting once it is too large anyway. */
function payloadBytes(value: unknown): number {
  if (typeof value === "string") return value.length;
  if (value instanceof ArrayBuffer || ArrayBuffer.isView(value)) return value.byteLength;
  if (typeof value !== "object" || value === null) return 8;
  let total = 2;
  for (const [key, inner] of Object.entries(value)) {
    total += key.length + 3 + payloadBytes(inner);
    if (total > MAX_MESSAGE_BYTES) break;
  }
  return total;
}

/**
 * A client's end of one namespace: typed requests, typed events, and a connection that comes back by itself
 * (0.5 s to 5 s between attempts, jittered). Every failure arrives as one of core's errors.
 */
export class Connection<In extends Handlers<In>, Out extends Handlers<Out>> {
  /** What the other side is called in errors, for example `server http://127.0.0.1:4870`. */
  readonly peer: string;
  readonly #socket: Socket;
  readonly #timeoutMs: number;
  readonly #statusListeners = new Set<(status: ConnectionStatus, detail?: string) => void>();
  #status: ConnectionStatus = "connecting";
  #detail: string | undefined;

  /** @throws InputError when `url` is no http(s) or ws(s) address */
  constructor(url: string, namespace: string, { token, timeoutMs = 15_000 }: ConnectOptions = {}) {
    if (!/^(https?|wss?):\/\/[^/]/u.test(url)) {
      throw new InputError("url", `expected an address such as http://127.0.0.1:4870, got "${url.slice(0, 200)}".`);
    }
    const base = url.replace(/\/+$/u, "");
    this.peer = `server ${base}`;
    this.#timeoutMs = timeoutMs;
    this.#socket = io(`${base}${namespace}`, {
      transports: ["websocket"],
      forceNew: true,
      reconnectionDelay: 500,
      reconnectionDelayMax: 5000,
      ...(token === undefined ? {} : { auth: { token } }),
    });
    this.#socket.on("connect", () => this.#setStatus("connected"));
    this.#socket.on("disconnect", (reason) => {
      const dismissed = reason === "io server disconnect";
      this.#setStatus(dismissed ? "refused" : "disconnected", dismissed ? "the server ended the connection" : reason);
    });
    this.#socket.on("connect_error", (error) => this.#setStatus(this.#socket.active ? "connecting" : "refused", error.message));
  }

  get status(): ConnectionStatus {
    return this.#status;
  }

  #setStatus(status: ConnectionStatus, detail?: string): void {
    this.#status = status;
    this.#detail = detail;
    for (const listener of this.#statusListeners) listener(status, detail);
  }

  /** Calls `listener` now and at every change of the connection. Returns a function that stops it. */
  onStatus(listener: (status: ConnectionStatus, detail?: string) => void): () => void {
    this.#statusListeners.add(listener);
    listener(this.#status, this.#detail);
    return () => this.#statusListeners.delete(listener);
  }

  /**
   * Resolves once connected.
   * @throws PeerError when the server refuses (wrong token) or cannot be reached within `timeoutMs`
   */
  async whenConnected(timeoutMs = 10_000): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      let stop: (() => void) | undefined;
      const settle = (finish: () => void): void => {
        clearTimeout(timer);
        stop?.();
        finish();
      };
      const timer = setTimeout(() => {
        const why = this.#detail === undefined ? "" : ` (${this.#detail})`;
        settle(() => reject(new PeerError(this.peer, `could not be reached within ${timeoutMs} ms${why}. Is it running?`)));
      }, timeoutMs);
      stop = this.onStatus((status, detail) => {
        if (status === "connected") settle(resolve);
        if (status === "refused") settle(() => reject(new PeerError(this.peer, `refused the connection: ${detail ?? "no reason given"}`)));
      });
      // onStatus may have settled at once, before `stop` was known.
      if (this.#status === "connected" || this.#status === "refused") stop();
    });
  }

  /** Listens to an event. Returns a function that stops listening. */
  on<K extends keyof In & string>(event: K, handler: In[K]): () => void {
    const listener = handler as (...args: unknown[]) => void;
    const events: Emitter = this.#socket;
    events.on(event, listener);
    return () => void events.off(event, listener);
  }

  /**
   * Sends a request and waits for its reply.
   *
   * @returns what the reply carries
   * @throws InputError when a field is refused, here or there (`path` names it), or the message is too large
   * @throws PeerError when the connection is lost or the reply is none
   * @throws TimeoutError when no reply comes in time
   * @throws ReverieError with the server's code for any other refusal
   */
  async request<K extends keyof Out & string>(
    event: K,
    payload: RequestOf<Out[K]>,
    { timeoutMs = this.#timeoutMs }: { timeoutMs?: number } = {},
  ): Promise<ValueOf<Out[K]>> {
    if (payloadBytes(payload) > MAX_MESSAGE_BYTES) {
      throw new InputError(event, `the message is too large; at most ${TOO_LARGE_HINT} go over the wire.`);
    }
    const reply = await new Promise<unknown>((resolve, reject) => {
      this.#socket.timeout(timeoutMs).emit(event, payload, (error: Error | null, answer: unknown) => {
        if (error === null) resolve(answer);
        else if (error.message.includes("disconnected")) reject(new PeerError(this.peer, `the connection was lost during ${event}.`));
        else reject(new TimeoutError(`${event} on ${this.peer}`, timeoutMs));
      });
    });
    if (!isReply(reply)) throw new PeerError(this.peer, `answered ${event} with something that is no reply.`);
    if (!reply.ok) throw toError(this.peer, reply.error);
    return reply as ValueOf<Out[K]>;
  }

  /** Ends the connection for good; open requests reject. */
  close(): void {
    this.#statusListeners.clear();
    this.#socket.disconnect();
  }
}
