import type { CameraImage } from "@reverie/core";
import { InputError, PeerError, StateError } from "@reverie/core";
import type { Completion, Planner, PlanRequest, VerifyRequest } from "@reverie/planning";
import {
  MAX_MESSAGE_BYTES,
  observeRequestSchema,
  planReplySchema,
  PROTOCOL_VERSION,
  registerRequestSchema,
  verifyReplySchema,
  type WireImage,
} from "@reverie/wire";
import type { PlannerPeer } from "@reverie/wire/server";

/** Looks of one planner that may be answered at once. */
const MOST_LOOKS = 4;

interface Look {
  readonly images: readonly WireImage[];
  readonly before?: readonly WireImage[];
}

function toWireImage({ camera, width, height, rgb }: CameraImage): WireImage {
  return { camera, width, height, rgb };
}

/** A planner on a socket, with the words of a planner in this process. */
class RemotePlanner implements Planner {
  readonly name: string;
  readonly privileged: boolean;
  readonly peer: PlannerPeer;
  /** What `planner.observe` shows, by open question. */
  readonly #looks = new Map<string, () => Promise<Look>>();
  #asked = 0;
  #looking = 0;

  constructor(peer: PlannerPeer, name: string, privileged: boolean) {
    this.peer = peer;
    this.name = name;
    this.privileged = privileged;
  }

  async plan(request: PlanRequest, signal: AbortSignal): Promise<Completion> {
    const { observe, ...question } = request;
    const reply = await this.#ask(
      signal,
      async () => ({ images: (await observe()).map(toWireImage) }),
      (requestId) => this.peer.ask("planner.plan", { requestId, ...question }, { schema: planReplySchema, signal, name: this.#title }),
    );
    if (!reply.ok) throw new PeerError(this.#title, reply.error.message);
    return { text: reply.text, usage: toUsage(reply.usage) };
  }

  async verify(request: VerifyRequest, signal: AbortSignal): ReturnType<Planner["verify"]> {
    const { observe, ...question } = request;
    const look = async (): Promise<Look> => {
      const { before, after } = await observe();
      return { images: after.map(toWireImage), before: before.map(toWireImage) };
    };
    const reply = await this.#ask(signal, look, (requestId) =>
      this.peer.ask("planner.verify", { requestId, ...question }, { schema: verifyReplySchema, signal, name: this.#title }),
    );
    if (!reply.ok) throw new PeerError(this.#title, reply.error.message);
    const { complete, explanation, usage } = reply;
    return { complete, usage: toUsage(usage), ...(explanation === undefined ? {} : { explanation }) };
  }

  /**
   * What the question's planner may see.
   * @throws InputError when no such question is open, StateError when earlier looks are not answered or read yet
   */
  async look(requestId: string): Promise<Look> {
    const look = this.#looks.get(requestId);
    if (look === undefined) throw new InputError("requestId", `"${requestId}" names no open question of this planner.`);
    if (this.#looking >= MOST_LOOKS || this.peer.unsentBytes > MAX_MESSAGE_BYTES) {
      throw new StateError("Earlier pictures are still on their way to this planner; take those before looking again.");
    }
    this.#looking++;
    try {
      return await look();
    } finally {
      this.#looking--;
    }
  }

  get #title(): string {
    return `planner ${this.name}`;
  }

  async #ask<R>(signal: AbortSignal, look: () => Promise<Look>, ask: (requestId: string) => Promise<R>): Promise<R> {
    const requestId = `${this.peer.id}:${++this.#asked}`;
    this.#looks.set(requestId, look);
    try {
      return await ask(requestId);
    } finally {
      this.#looks.delete(requestId);
      if (signal.aborted && this.peer.connected) this.peer.send("planner.cancel", { requestId });
    }
  }
}

interface WireUsage {
  readonly latencyMs: number;
  readonly attempts: number;
  readonly promptTokens?: number | undefined;
  readonly completionTokens?: number | undefined;
}

function toUsage({ latencyMs, attempts, promptTokens, completionTokens }: WireUsage): Completion["usage"] {
  return {
    latencyMs,
    attempts,
    ...(promptTokens === undefined ? {} : { promptTokens }),
    ...(completionTokens === undefined ? {} : { completionTokens }),
  };
}

/** The planners that are connected. The first one works until it goes away; then the newest takes its place. */
export class PlannerHub {
  readonly #planners: RemotePlanner[] = [];
  readonly #onChange: () => void;
  readonly #waiting = new Set<() => void>();
  #current: RemotePlanner | undefined;

  /** @param onChange - called when the working planner changes */
  constructor(onChange: () => void) {
    this.#onChange = onChange;
  }

  get current(): Planner | undefined {
    return this.#current;
  }

  get count(): number {
    return this.#planners.length;
  }

  /** Answers a new client of `/planners`. */
  welcome(peer: PlannerPeer): void {
    const find = (): RemotePlanner | undefined => this.#planners.find((planner) => planner.peer === peer);
    peer.handle("planner.register", registerRequestSchema, ({ name, privileged, protocolVersion }) => {
      if (protocolVersion !== PROTOCOL_VERSION) {
        throw new InputError(
          "protocolVersion",
          `expected ${PROTOCOL_VERSION}, got ${protocolVersion}; use planner and server of one release.`,
        );
      }
      this.#remove(find());
      this.#planners.push(new RemotePlanner(peer, name, privileged));
      this.#settle();
      return { protocolVersion: PROTOCOL_VERSION };
    });
    peer.handle("planner.observe", observeRequestSchema, async ({ requestId }) => {
      const planner = find();
      if (planner === undefined) throw new InputError("requestId", "register with planner.register before looking around.");
      return planner.look(requestId);
    });
    peer.onGone(() => {
      this.#remove(find());
      this.#settle();
    });
  }

  /** The working planner, or the first one to register within `timeoutMs`, or undefined. */
  async wait(timeoutMs: number, signal: AbortSignal): Promise<Planner | undefined> {
    if (this.#current === undefined && !signal.aborted) {
      await new Promise<void>((resolve) => {
        const finish = (): void => {
          clearTimeout(timer);
          this.#waiting.delete(finish);
          signal.removeEventListener("abort", finish);
          resolve();
        };
        const timer = setTimeout(finish, timeoutMs);
        this.#waiting.add(finish);
        signal.addEventListener("abort", finish, { once: true });
      });
    }
    return this.#current;
  }

  #remove(planner: RemotePlanner | undefined): void {
    if (planner === undefined) return;
    this.#planners.splice(this.#planners.indexOf(planner), 1);
    if (this.#current === planner) this.#current = undefined;
  }

  #settle(): void {
    this.#current ??= this.#planners.at(-1);
    if (this.#current !== undefined) for (const finish of this.#waiting) finish();
    this.#onChange();
  }
}
