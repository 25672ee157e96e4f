import { messageOf, PeerError, ReverieError } from "@reverie/core";
import { PROTOCOL_VERSION, type ErrorReport } from "../messages/common.ts";
import type {
  PlannerToServer,
  PlanReply,
  ServerToPlanner,
  VerifyReply,
  WireImage,
  WirePlanRequest,
  WireVerifyRequest,
} from "../messages/planners.ts";
import { toReport } from "../report.ts";
import { Connection, type ConnectionStatus, type ConnectOptions } from "./connection.ts";

/** What a question comes with: how to look around while it is open, and a signal that it is no longer wanted. */
export interface QuestionContext {
  observe(): Promise<{ readonly images: readonly WireImage[]; readonly before?: readonly WireImage[] }>;
  readonly signal: AbortSignal;
}

type Answer<R> = R extends { readonly ok: true } ? Omit<R, "ok"> : never;
export type PlanAnswer = Answer<PlanReply>;
export type VerifyAnswer = Answer<VerifyReply>;

export interface PlannerOptions extends ConnectOptions {
  /** What episodes call this planner. */
  readonly name: string;
  /** It asks for facts and goal; its episodes are labelled so. */
  readonly privileged: boolean;
  /** Answers a plan question. What it throws is sent back as a refusal. */
  plan(request: WirePlanRequest, context: QuestionContext): Promise<PlanAnswer>;
  /** Answers a verify question. */
  verify(request: WireVerifyRequest, context: QuestionContext): Promise<VerifyAnswer>;
  /** Told of every change of the connection, and of refusals by the server. */
  readonly onStatus?: (status: ConnectionStatus | "registered", detail?: string) => void;
}

export interface PlannerConnection {
  /** Resolves once registered. @throws PeerError when the server refuses or cannot be reached in time */
  whenRegistered(timeoutMs?: number): Promise<void>;
  close(): void;
}

/**
 * Connects a planner to a server's `/planners`: introduces itself at every (re)connection and answers the two questions.
 *
 * @param url - the server, for example `http://127.0.0.1:4870`
 * @throws InputError when `url` is no address
 */
export function connectPlanner(url: string, options: PlannerOptions): PlannerConnection {
  const connection = new Connection<ServerToPlanner, PlannerToServer>(url, "/planners", options);
  const open = new Map<string, AbortController>();
  let settle: { resolve(): void; reject(error: unknown): void };
  const registered = new Promise<void>((resolve, reject) => (settle = { resolve, reject }));
  // Nobody may be waiting for it; whoever waits later still sees the rejection.
  registered.catch(() => undefined);

  async function register(): Promise<void> {
    try {
      const { name, privileged } = options;
      await connection.request("planner.register", { name, privileged, protocolVersion: PROTOCOL_VERSION });
      options.onStatus?.("registered");
      settle.resolve();
    } catch (error) {
      // A connection lost on the way comes back and registers again; a refusal is final.
      if (connection.status !== "connected") return;
      settle.reject(error);
      options.onStatus?.("refused", messageOf(error));
      connection.close();
    }
  }

  connection.onStatus((status, detail) => {
    options.onStatus?.(status, detail);
    if (status === "connected") void register();
    if (status === "refused") settle.reject(new PeerError(connection.peer, `refused the connection: ${detail ?? "no reason given"}`));
    if (status === "disconnected") {
      for (const controller of open.values()) controller.abort(new PeerError(connection.peer, "the connection was lost."));
    }
  });
  connection.on("error.report", (report) => options.onStatus?.(connection.status, report.message));
  connection.on("planner.cancel", ({ requestId }) =>
    open.get(requestId)?.abort(new ReverieError("cancelled", "The question was withdrawn.")),
  );

  async function answer<R extends object>(
    requestId: string,
    ask: (context: QuestionContext) => Promise<R>,
  ): Promise<(R & { ok: true }) | { ok: false; error: ErrorReport }> {
    const controller = new AbortController();
    open.set(requestId, controller);
    try {
      const observe: QuestionContext["observe"] = () => connection.request("planner.observe", { requestId });
      return { ok: true, ...(await ask({ observe, signal: controller.signal })) };
    } catch (error) {
      const report = error instanceof ReverieError ? toReport(error) : { code: "planner-error", message: messageOf(error) };
      return {
        ok: false,
        error: {
          ...report,
          message: report.message.slice(0, 2000),
          ...(report.path === undefined ? {} : { path: report.path.slice(0, 200) }),
        },
      };
    } finally {
      open.delete(requestId);
    }
  }
  connection.on(
    "planner.plan",
    (request, reply) => void answer(request.requestId, (context) => options.plan(request, context)).then(reply),
  );
  connection.on(
    "planner.verify",
    (request, reply) => void answer(request.requestId, (context) => options.verify(request, context)).then(reply),
  );

  return {
    async whenRegistered(timeoutMs = 10_000) {
      await connection.whenConnected(timeoutMs);
      await registered;
    },
    close() {
      for (const controller of open.values()) controller.abort(new ReverieError("cancelled", "The planner is shutting down."));
      connection.close();
    },
  };
}
