import { createServer, request, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { InputError, PeerError, ReverieError, StateError, TimeoutError } from "@reverie/core";
import { io } from "socket.io-client";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import * as z from "zod";
import { connectPlanner } from "../client/planner.ts";
import { connectViewer, type ViewerConnection } from "../client/viewer.ts";
import { planReplySchema, registerRequestSchema, type WirePlanRequest } from "../messages/planners.ts";
import { controlRequestSchema, speedRequestSchema, startRequestSchema, type PoseFrame } from "../messages/viewers.ts";
import { createGateway, type Gateway, type GatewayOptions, type PlannerPeer, type ViewerPeer } from "./gateway.ts";
import { NewestFrame } from "./newest-frame.ts";

let http: Server;
let gateway: Gateway | undefined;
let url = "";
let closing: (() => void)[] = [];
const viewers: ViewerPeer[] = [];
const logged: string[] = [];

async function serve(options: Partial<GatewayOptions> = {}): Promise<void> {
  gateway = createGateway(http, {
    onViewer: (peer) => {
      viewers.push(peer);
      peer.handle("session.start", startRequestSchema, ({ seed = 0 }) => {
        if (seed === 13) throw new Error("secret detail of /etc");
        if (seed === 14) throw new StateError("Not now.");
        return { episode: seed + 1 };
      });
      peer.handle("session.control", controlRequestSchema, () => new Promise(() => undefined));
      peer.handle("session.speed", speedRequestSchema, () => ({}));
    },
    onPlanner: (peer) => void peer.handle("planner.register", registerRequestSchema, () => ({ protocolVersion: 1 })),
    onEnvironmentClient: () => undefined,
    log: (line) => logged.push(line),
    ...options,
  });
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
}

function viewer(token?: string): ViewerConnection {
  const connection = connectViewer(url, token === undefined ? {} : { token });
  closing.push(() => connection.close());
  return connection;
}

function status(headers: Record<string, string>): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const asked = request(`${url}/socket.io/?EIO=4&transport=polling`, { headers }, (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    asked.on("error", reject);
    asked.end();
  });
}

beforeEach(() => {
  http = createServer();
  viewers.length = 0;
  logged.length = 0;
});
afterEach(async () => {
  for (const close of closing) close();
  closing = [];
  await gateway?.close();
});

describe("requests", () => {
  beforeEach(() => serve());

  test("are answered with what the handler returns", async () => {
    expect(await viewer().request("session.start", { seed: 4 })).toEqual({ ok: true, episode: 5 });
  });

  test("that do not fit their schema reject with the field's name", async () => {
    const refused = viewer().request("session.speed", { speed: 1000 });
    await expect(refused).rejects.toThrow(InputError);
    await expect(refused).rejects.toMatchObject({ path: "speed", code: "invalid-input" });
  });

  test("that pollute prototypes are refused and leave no trace", async () => {
    const payload = JSON.parse('{"task": "a/b", "__proto__": {"polluted": true}}') as object;
    await expect(viewer().request("session.start", payload)).rejects.toThrow("__proto__: this key is not allowed in a message.");
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });

  test("for an unknown event list the known ones", async () => {
    const refused = viewer().request("session.strat" as "session.start", {});
    await expect(refused).rejects.toThrow(
      'Unknown event "session.strat", did you mean "session.start"? Known: session.start, session.control, session.speed.',
    );
    await expect(refused).rejects.toMatchObject({ code: "unknown-event" });
  });

  test("keep core's errors and hide the server's own", async () => {
    const connection = viewer();
    await expect(connection.request("session.start", { seed: 14 })).rejects.toThrow(new StateError("Not now."));
    const failed = connection.request("session.start", { seed: 13 });
    await expect(failed).rejects.toThrow("The server failed while handling session.start; its log says more.");
    expect(logged.join()).toContain("secret detail");
  });

  test("that are never answered time out", async () => {
    await expect(viewer().request("session.control", { action: "play" }, { timeoutMs: 50 })).rejects.toThrow(TimeoutError);
  });

  test("reject at once when the server goes away", async () => {
    const connection = viewer();
    const open = connection.request("session.control", { action: "play" });
    open.catch(() => undefined);
    await connection.whenConnected();
    await new Promise((resolve) => setTimeout(resolve, 50));
    await gateway?.close();
    await expect(open).rejects.toThrow(/server http.*connection was lost during session\.control/);
  });

  test("without a way to reply are refused by error.report", async () => {
    const socket = io(`${url}/viewers`, { transports: ["websocket"], forceNew: true });
    closing.push(() => socket.disconnect());
    const report = new Promise((resolve) => socket.on("error.report", resolve));
    socket.emit("session.speed", { speed: "fast" });
    expect(await report).toMatchObject({ code: "invalid-input", path: "speed" });
  });

  test("of events named like socket.io's own do no harm", async () => {
    const socket = io(`${url}/viewers`, { transports: ["websocket"], forceNew: true });
    closing.push(() => socket.disconnect());
    const report = new Promise((resolve) => socket.on("error.report", resolve));
    socket.emit("error", { message: "boom" });
    expect(await report).toMatchObject({ code: "unknown-event" });
  });

  test("over the size limit are refused before they are sent", async () => {
    const refused = viewer().request("session.start", { instruction: "x".repeat(5_000_000) });
    await expect(refused).rejects.toThrow("session.start: the message is too large; at most 4 MiB go over the wire.");
  });
});

describe("clients", () => {
  test("that send too large a message anyway are disconnected, and the server goes on", async () => {
    await serve({ maxMessageBytes: 10_000 });
    const hostile = viewer();
    await expect(hostile.request("session.start", { instruction: "x".repeat(20_000) })).rejects.toThrow(PeerError);
    expect(await viewer().request("session.start", {})).toEqual({ ok: true, episode: 1 });
  });

  test("with a wrong token or none are refused with the reason, and the right one is let in", async () => {
    await serve({ token: "sesame" });
    await expect(viewer("wrong").whenConnected()).rejects.toThrow(/refused the connection: the token is wrong/);
    await expect(viewer().whenConnected()).rejects.toThrow(/refused the connection: a token is required/);
    await viewer("sesame").whenConnected();
    expect(viewers).toHaveLength(1);
    expect(logged.join()).not.toContain("sesame");
  });

  test("that flood are slowed down, then dismissed", async () => {
    await serve({ messagesPerSecond: 20 });
    const flood = viewer();
    await flood.whenConnected();
    const answers = await Promise.allSettled(Array.from({ length: 200 }, () => flood.request("session.start", {})));
    const reasons = answers.map((answer) => (answer.status === "fulfilled" ? "ok" : (answer.reason as ReverieError).code));
    expect(reasons.filter((reason) => reason === "ok").length).toBeLessThan(60);
    expect(reasons).toContain("too-many-messages");
    expect(reasons).toContain("peer");
    expect(flood.status).toBe("refused");
    expect(await viewer().request("session.start", {})).toMatchObject({ ok: true });
  });

  test("of the default namespace are sent to the right ones", async () => {
    await serve();
    const socket = io(url, { transports: ["websocket"], forceNew: true });
    closing.push(() => socket.disconnect());
    const error = await new Promise<Error>((resolve) => socket.on("connect_error", resolve));
    expect(error.message).toContain("connect to /viewers");
  });

  test("come back by themselves after the connection was cut", async () => {
    await serve();
    const connection = viewer();
    await connection.whenConnected();
    const port = Number(new URL(url).port);
    await gateway?.close();
    http = createServer();
    gateway = createGateway(http, {
      onViewer: (peer) => viewers.push(peer),
      onPlanner: () => undefined,
      onEnvironmentClient: () => undefined,
    });
    await new Promise<void>((resolve) => http.listen(port, "127.0.0.1", resolve));
    await expect.poll(() => viewers.length, { timeout: 5000 }).toBe(2);
    await connection.whenConnected();
  });
});

describe("web origins", () => {
  test("of other sites are refused, the own and the listed ones are welcome", async () => {
    await serve({ allowOrigins: ["http://localhost:5173"], loopbackOnly: true });
    expect(await status({})).toBe(200);
    expect(await status({ origin: url })).toBe(200);
    expect(await status({ origin: "http://localhost:5173" })).toBe(200);
    expect(await status({ origin: "https://evil.example" })).toBe(403);
    expect(await status({ origin: "null" })).toBe(403);
  });

  test("that re-point their own name at this machine are refused on a loopback server", async () => {
    await serve({ loopbackOnly: true });
    expect(await status({ host: "evil.example", origin: "http://evil.example" })).toBe(403);
    expect(await status({ host: "localhost:4870" })).toBe(200);
  });
});

describe("frames", () => {
  test("reach a viewer that acknowledges late as the newest, never as a backlog", async () => {
    await serve();
    const connection = viewer();
    const steps: number[] = [];
    const acknowledgements: (() => void)[] = [];
    connection.on("frame.poses", (frame, acknowledge) => {
      steps.push(frame.step);
      acknowledgements.push(acknowledge);
    });
    await connection.whenConnected();
    const mailbox = new NewestFrame<PoseFrame>((frame, done) => viewers[0]!.sendFrame("frame.poses", frame, done));
    for (let step = 1; step <= 50; step++) {
      mailbox.offer({ episode: 1, step, simSeconds: 0, poses: new Uint8Array(28) });
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    await expect.poll(() => steps).toEqual([1]);
    acknowledgements[0]!();
    await expect.poll(() => steps).toEqual([1, 50]);
  });
});

test("a client that stops reading is dismissed before what waits for it fills the memory", async () => {
  await serve();
  const socket = io(`${url}/viewers`, { transports: ["websocket"], forceNew: true, reconnection: false });
  closing.push(() => socket.disconnect());
  await expect.poll(() => viewers[0]?.connected).toBe(true);
  const peer = viewers[0]!;
  expect(peer.unsentBytes).toBe(0);
  (socket.io.engine.transport as unknown as { ws: { pause(): void } }).ws.pause();
  const poses = new Uint8Array(1024 * 1024);
  let most = 0;
  for (let step = 0; step < 64 && peer.connected; step++) {
    peer.send("frame.poses", { episode: 1, step, simSeconds: 0, poses }, () => undefined);
    most = Math.max(most, peer.unsentBytes);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  expect(peer.connected).toBe(false);
  expect(most).toBeGreaterThan(8 * 1024 * 1024);
  expect(most).toBeLessThan(20 * 1024 * 1024);
  expect(logged.join()).toContain("dismissed: it stopped reading");
});

test("a client that does not read cannot hold up a closing server", async () => {
  await serve();
  const socket = io(`${url}/viewers`, { transports: ["websocket"], forceNew: true, reconnection: false });
  closing.push(() => socket.disconnect());
  await expect.poll(() => viewers[0]?.connected).toBe(true);
  (socket.io.engine.transport as unknown as { ws: { pause(): void } }).ws.pause();
  await gateway!.close();
  expect(http.listening).toBe(false);
}, 15_000);

describe("connectPlanner", () => {
  const question: WirePlanRequest = { requestId: "q1", task: "a/b", instruction: "do", skills: [], objects: [], history: [], seed: 0 };
  const ask = (peer: PlannerPeer, signal = new AbortController().signal): Promise<unknown> =>
    peer.ask("planner.plan", question, { schema: planReplySchema, signal, name: "planner test" });

  test("answers questions, sends what it throws as a refusal, and is cancelled by the server", async () => {
    const peers: PlannerPeer[] = [];
    await serve({
      onPlanner: (peer) => {
        peers.push(peer);
        peer.handle("planner.register", registerRequestSchema, () => ({ protocolVersion: 1 }));
      },
    });
    let asked = 0;
    let cancelled: unknown;
    const planner = connectPlanner(url, {
      name: "test",
      privileged: false,
      async plan(_request, { signal }) {
        asked++;
        if (asked === 1) return { text: "1. wait()", usage: { latencyMs: 1, attempts: 1 } };
        if (asked === 2) throw new PeerError("model", "is down.");
        return new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject((cancelled = signal.reason))));
      },
      verify: async () => ({ complete: true, usage: { latencyMs: 1, attempts: 1 } }),
    });
    closing.push(() => planner.close());
    await planner.whenRegistered();
    const peer = peers[0]!;
    expect(await ask(peer)).toEqual({ ok: true, text: "1. wait()", usage: { latencyMs: 1, attempts: 1 } });
    expect(await ask(peer)).toEqual({ ok: false, error: { code: "peer", message: "model: is down.", path: "model" } });

    const controller = new AbortController();
    const open = ask(peer, controller.signal);
    open.catch(() => undefined);
    await expect.poll(() => asked).toBe(3);
    controller.abort(new TimeoutError("planner test", 10));
    peer.send("planner.cancel", { requestId: "q1" });
    await expect(open).rejects.toThrow(TimeoutError);
    await expect.poll(() => cancelled).toBeInstanceOf(ReverieError);
  });

  test("an open question rejects at once when the planner goes away, and later ones do too", async () => {
    const peers: PlannerPeer[] = [];
    await serve({ onPlanner: (peer) => void peers.push(peer) });
    const socket = io(`${url}/planners`, { transports: ["websocket"], forceNew: true });
    closing.push(() => socket.disconnect());
    await expect.poll(() => peers).toHaveLength(1);
    const open = ask(peers[0]!);
    open.catch(() => undefined);
    socket.disconnect();
    await expect(open).rejects.toThrow("planner test: went away during planner.plan.");
    await expect(ask(peers[0]!)).rejects.toThrow("planner test: is no longer connected.");
  });

  test("an answer that is none rejects naming the field", async () => {
    const peers: PlannerPeer[] = [];
    await serve({ onPlanner: (peer) => void peers.push(peer) });
    const socket = io(`${url}/planners`, { transports: ["websocket"], forceNew: true });
    closing.push(() => socket.disconnect());
    const answers: unknown[] = [{ ok: true, text: 7 }, "nonsense", JSON.parse('{"ok": true, "__proto__": {}}')];
    socket.on("planner.plan", (_question: unknown, reply: (answer: unknown) => void) => reply(answers.shift()));
    await expect.poll(() => peers).toHaveLength(1);
    await expect(ask(peers[0]!)).rejects.toThrow(/planner test: answered planner\.plan with an invalid message: text: /);
    await expect(ask(peers[0]!)).rejects.toThrow(/invalid message/);
    await expect(ask(peers[0]!)).rejects.toThrow(/__proto__/);
  });
});

test("the guard of a handler sees parsed values only", async () => {
  const seen: unknown[] = [];
  await serve({
    onViewer: (peer) => {
      peer.handle("session.start", z.object({ seed: z.int().default(3) }), (value) => {
        seen.push(value);
        return { episode: 1 };
      });
    },
  });
  await viewer().request("session.start", { extra: "dropped" } as object);
  expect(seen).toEqual([{ seed: 3 }]);
});
