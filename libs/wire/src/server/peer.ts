import { closestName, messageOf, PeerError, ReverieError } from "@reverie/core";
import type { Socket } from "socket.io";
import type * as z from "zod";
import type { ArgsOf, RequestOf, ValueOf } from "../client/connection.ts";
import { MAX_MESSAGE_BYTES, type ErrorReport } from "../messages/common.ts";
import { bytesUnsent, cutOff } from "./unsent.ts";
import { toReport } from "../report.ts";
import { parsePayload } from "./guard.ts";
import type { RateLimit } from "./rate-limit.ts";

/** Who leaves more than this unread has stopped reading. */
const MOST_UNSENT_BYTES = 4 * MAX_MESSAGE_BYTES;

type Handler = (payload: unknown) => unknown;
type Reply<F> = F extends (request: never, reply: (r: infer R) => void) => void ? R : never;

/**
 * The server's end of one client. Every message is checked (rate, prototype keys, schema) before its handler sees it,
 * and every message is answered: with a reply, or with `error.report` where it carried no way to reply.
 */
export class Peer<In, Out> {
  readonly id: string;
  readonly #socket: Socket;
  readonly #limit: RateLimit;
  readonly #log: (line: string) => void;
  readonly #handlers = new Map<string, { readonly schema: z.ZodType; readonly handle: Handler }>();

  constructor(socket: Socket, limit: RateLimit, log: (line: string) => void) {
    this.id = socket.id;
    this.#socket = socket;
    this.#limit = limit;
    this.#log = log;
    socket.onAny((event: unknown, ...args: unknown[]) => void this.#receive(String(event), args));
  }

  get connected(): boolean {
    return this.#socket.connected;
  }

  /**
   * Registers what answers an event. What the handler returns is the reply; what it throws becomes an error reply.
   * @param schema - what the message must look like; the handler gets the parsed value
   */
  handle<K extends keyof In & string, S extends z.ZodType>(
    event: K,
    schema: S,
    handler: (request: z.output<S>) => Omit<ValueOf<In[K]>, "ok"> | Promise<Omit<ValueOf<In[K]>, "ok">>,
  ): void {
    this.#handlers.set(event, { schema, handle: handler as Handler });
  }

  /** Bytes that were sent to this client and wait because it does not read them. */
  get unsentBytes(): number {
    return bytesUnsent(this.#socket.conn);
  }

  /** Sends an event that needs no answer. A client that stopped reading long ago is dismissed instead. */
  send<K extends keyof Out & string>(event: K, ...args: ArgsOf<Out[K]>): void {
    if (!this.#dismissedAsStalled()) this.#socket.emit(event, ...args);
  }

  /** Sends a frame; `acknowledge` is called once the client has taken it, and never if it goes away first. */
  sendFrame<K extends keyof Out & string>(event: K, frame: RequestOf<Out[K]>, acknowledge: () => void): void {
    this.#socket.emit(event, frame, () => acknowledge());
  }

  /**
   * Asks the client a question.
   *
   * @param schema - what its answer must look like
   * @param signal - gives up waiting; the promise then rejects with the signal's reason
   * @param name - what the client is called in errors
   * @throws PeerError as soon as the client is gone, or when its answer does not fit `schema` (the field is named)
   */
  async ask<K extends keyof Out & string>(
    event: K,
    payload: RequestOf<Out[K]>,
    { schema, signal, name }: { schema: z.ZodType<Reply<Out[K]>>; signal: AbortSignal; name: string },
  ): Promise<Reply<Out[K]>> {
    signal.throwIfAborted();
    if (!this.#socket.connected) throw new PeerError(name, "is no longer connected.");
    const { promise, resolve, reject } = deferred<unknown>();
    const onGone = (): void => reject(new PeerError(name, `went away during ${event}.`));
    const onAbort = (): void => reject(signal.reason);
    this.#socket.once("disconnect", onGone);
    signal.addEventListener("abort", onAbort, { once: true });
    this.#socket.emit(event, payload, resolve);
    const answer = await promise.finally(() => {
      this.#socket.off("disconnect", onGone);
      signal.removeEventListener("abort", onAbort);
    });
    try {
      return parsePayload(event, schema, answer);
    } catch (error) {
      throw new PeerError(name, `answered ${event} with an invalid message: ${messageOf(error)}`, { cause: error });
    }
  }

  /** Calls `listener` once when the client is gone. */
  onGone(listener: () => void): void {
    this.#socket.once("disconnect", listener);
  }

  /** Ends the connection; the client does not come back by itself. */
  dismiss(): void {
    this.#socket.disconnect(true);
  }

  /** What waits for a client that never reads would grow without end. */
  #dismissedAsStalled(): boolean {
    if (this.unsentBytes <= MOST_UNSENT_BYTES) return false;
    this.#log(`client ${this.id} dismissed: it stopped reading`);
    cutOff(this.#socket.conn);
    return true;
  }

  async #receive(event: string, args: readonly unknown[]): Promise<void> {
    if (!this.#socket.connected || this.#dismissedAsStalled()) return;
    const last = args.at(-1);
    const reply = typeof last === "function" ? (last as (answer: unknown) => void) : undefined;
    const refuse = (error: ErrorReport): void => {
      if (reply === undefined) this.#socket.emit("error.report", error);
      else reply({ ok: false, error });
    };
    if (!this.#limit.take()) {
      if (this.#limit.flooded) {
        this.#log(`client ${this.id} dismissed: it kept flooding`);
        this.dismiss();
      } else refuse({ code: "too-many-messages", message: "Too many messages; slow down." });
      return;
    }
    try {
      const entry = this.#handlers.get(event);
      if (entry === undefined) throw unknownEvent(event, [...this.#handlers.keys()]);
      const payload = reply === undefined ? args[0] : args.length > 1 ? args[0] : undefined;
      const value = await entry.handle(parsePayload(event, entry.schema, payload));
      reply?.({ ok: true, ...(value as object) });
    } catch (error) {
      if (error instanceof ReverieError) {
        refuse(toReport(error));
        return;
      }
      this.#log(`${event} failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
      refuse({ code: "internal", message: `The server failed while handling ${event}; its log says more.` });
    }
  }
}

interface Deferred<T> {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
  readonly reject: (reason: unknown) => void;
}

function deferred<T>(): Deferred<T> {
  let settle: Omit<Deferred<T>, "promise"> | undefined;
  const promise = new Promise<T>((resolve, reject) => (settle = { resolve, reject }));
  return { promise, ...settle! };
}

function unknownEvent(event: string, known: readonly string[]): ReverieError {
  const suggestion = closestName(event, known);
  const hint = suggestion === undefined ? "" : `, did you mean "${suggestion}"?`;
  return new ReverieError("unknown-event", `Unknown event "${event.slice(0, 120)}"${hint} Known: ${known.join(", ")}.`);
}
