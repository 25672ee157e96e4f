import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingMessage, Server as HttpServer } from "node:http";
import type { Socket as NetSocket } from "node:net";
import { Server, type Socket } from "socket.io";
import { MAX_MESSAGE_BYTES } from "../messages/common.ts";
import type { EnvironmentClientToServer, ServerToEnvironmentClient } from "../messages/environments.ts";
import type { PlannerToServer, ServerToPlanner } from "../messages/planners.ts";
import type { ServerToViewer, ViewerToServer } from "../messages/viewers.ts";
import { Peer } from "./peer.ts";
import { RateLimit } from "./rate-limit.ts";

/** How long a closing server waits for its clients to say goodbye. */
const FAREWELL_MS = 500;

export type ViewerPeer = Peer<ViewerToServer, ServerToViewer>;
export type PlannerPeer = Peer<PlannerToServer, ServerToPlanner>;
export type EnvironmentPeer = Peer<EnvironmentClientToServer, ServerToEnvironmentClient>;

export interface GatewayOptions {
  /** Clients must present this secret; absent = none is needed. */
  readonly token?: string;
  /** Web origins besides the server's own that may connect, for example `http://localhost:5173`. @defaultValue none */
  readonly allowOrigins?: readonly string[];
  /** Refuse requests whose Host is not a loopback name, so that no foreign web page can reach in by re-pointing its own name. @defaultValue false */
  readonly loopbackOnly?: boolean;
  /** @defaultValue 4 MiB */
  readonly maxMessageBytes?: number;
  /** Messages that one client may send per second, sustained; twice as many at once. @defaultValue 5000 */
  readonly messagesPerSecond?: number;
  /** Called for every new client, before its first message is handled. */
  readonly onViewer: (peer: ViewerPeer) => void;
  readonly onPlanner: (peer: PlannerPeer) => void;
  readonly onEnvironmentClient: (peer: EnvironmentPeer) => void;
  readonly log?: (line: string) => void;
}

export interface Gateway {
  /** Disconnects everybody and closes the HTTP server under it. */
  close(): Promise<void>;
}

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\]|::1)$/iu;

/** Whether a host name or address (with or without the brackets of version 6) is this machine's own, which no other can reach. */
export function isLoopback(host: string): boolean {
  return LOOPBACK.test(host);
}

/** The host part of a Host header. */
function hostName(host: string): string {
  return host.replace(/:\d+$/u, "");
}

/** Whether a request may talk to this server at all, by its Host and Origin headers. */
export function isWelcome(
  headers: IncomingMessage["headers"],
  { allowOrigins = [], loopbackOnly = false }: Pick<GatewayOptions, "allowOrigins" | "loopbackOnly">,
): boolean {
  const host = headers.host ?? "";
  if (loopbackOnly && !isLoopback(hostName(host))) return false;
  // Only browsers send an origin; programs that do not are judged by the token alone.
  const { origin } = headers;
  if (origin === undefined) return true;
  if (allowOrigins.includes(origin)) return true;
  return URL.canParse(origin) && new URL(origin).host === host;
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}

/** Compares in constant time, whatever the lengths. */
function sameSecret(given: unknown, expected: string): boolean {
  if (typeof given !== "string") return false;
  return timingSafeEqual(digest(given), digest(expected));
}

/**
 * Opens the three namespaces (`/viewers`, `/planners`, `/environments`) on an HTTP server. Messages over
 * `maxMessageBytes`, foreign web origins and wrong tokens are turned away before any handler runs.
 */
export function createGateway(http: HttpServer, options: GatewayOptions): Gateway {
  const { token, maxMessageBytes = MAX_MESSAGE_BYTES, messagesPerSecond = 5000, log = () => undefined } = options;
  const io = new Server(http, {
    serveClient: false,
    perMessageDeflate: false,
    httpCompression: false,
    maxHttpBufferSize: maxMessageBytes,
    cors: { origin: [...(options.allowOrigins ?? [])] },
    allowRequest: (request, decide) =>
      decide(isWelcome(request.headers, options) ? null : "forbidden origin or host", isWelcome(request.headers, options)),
  });

  function open<In, Out>(name: string, welcome: (peer: Peer<In, Out>) => void): void {
    const namespace = io.of(name);
    if (token !== undefined) {
      namespace.use((socket, next) => {
        const given: unknown = (socket.handshake.auth as Record<string, unknown>)["token"];
        next(sameSecret(given, token) ? undefined : new Error(given === undefined ? "a token is required" : "the token is wrong"));
      });
    }
    namespace.on("connection", (socket: Socket) => {
      welcome(new Peer<In, Out>(socket, new RateLimit(messagesPerSecond, messagesPerSecond * 2), log));
    });
  }
  const connections = new Set<NetSocket>();
  http.on("connection", (connection: NetSocket) => {
    connections.add(connection);
    connection.once("close", () => connections.delete(connection));
  });
  io.use((_socket, next) => next(new Error("connect to /viewers, /planners or /environments")));
  open("/viewers", options.onViewer);
  open("/planners", options.onPlanner);
  open("/environments", options.onEnvironmentClient);

  return {
    async close() {
      const closed = io.close();
      // Who does not read does not answer a farewell either.
      const patience = setTimeout(() => connections.forEach((connection) => connection.destroy()), FAREWELL_MS);
      // A page that keeps asking over an open connection would keep a closing server alive.
      http.closeAllConnections();
      await closed.finally(() => clearTimeout(patience));
    },
  };
}
