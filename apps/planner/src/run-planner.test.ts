import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { SceneObject, SkillSignature } from "@reverie/core";
import { InputError, PeerError } from "@reverie/core";
import { backends, parsePlan, type GenerateRequest, type PlannerBackend } from "@reverie/planning";
import {
  observeRequestSchema,
  planReplySchema,
  registerRequestSchema,
  verifyReplySchema,
  type PlanReply,
  type RegisterRequest,
  type VerifyReply,
  type WireImage,
} from "@reverie/wire";
import { createGateway, type Gateway, type PlannerPeer } from "@reverie/wire/server";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { runPlanner } from "./run-planner.ts";

const SKILLS: readonly SkillSignature[] = [
  {
    name: "pick",
    description: "Grasps an object and lifts it.",
    parameters: [{ name: "object", type: "graspable", description: "what to grasp" }],
    preconditions: [{ fact: ["handEmpty"] }, { fact: ["clear", "?object"] }],
    effects: [{ adds: [["holding", "?object"]], deletes: [["on", "?object", "*"]] }],
  },
];
const OBJECTS: readonly SceneObject[] = [
  { id: "red_cube", types: ["graspable", "cube"], description: "red cube" },
  { id: "table", types: ["support"], description: "table" },
];
const QUESTION = { requestId: "q1", task: "test/pick", instruction: "pick up the red cube", skills: SKILLS, objects: OBJECTS };
const PICTURE: WireImage = { camera: "front", width: 2, height: 1, rgb: new Uint8Array([1, 2, 3, 4, 5, 6]) };

let http: Server;
let gateway: Gateway;
let url = "";
let ending: AbortController;
let peers: PlannerPeer[];
let introductions: RegisterRequest[];
let looks: string[];

async function serve(port: number, token?: string): Promise<void> {
  http = createServer();
  gateway = createGateway(http, {
    ...(token === undefined ? {} : { token }),
    onViewer: () => undefined,
    onEnvironmentClient: () => undefined,
    onPlanner(peer) {
      peer.handle("planner.register", registerRequestSchema, (introduction) => {
        introductions.push(introduction);
        peers.push(peer);
        return { protocolVersion: 1 };
      });
      peer.handle("planner.observe", observeRequestSchema, ({ requestId }) => {
        looks.push(requestId);
        return { images: [PICTURE], before: [PICTURE, PICTURE] };
      });
    },
  });
  await new Promise<void>((resolve) => http.listen(port, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
}

function askPlan(peer: PlannerPeer): Promise<PlanReply> {
  const privileged = { facts: [["on", "red_cube", "table"] as const], goal: [{ fact: ["holding", "red_cube"] as const }] };
  const question = { ...QUESTION, history: [], seed: 0, privileged };
  return peer.ask("planner.plan", question, { schema: planReplySchema, signal: ending.signal, name: "planner" });
}

function askVerify(peer: PlannerPeer, held: boolean): Promise<VerifyReply> {
  const privileged = { expected: [{ fact: ["holding", "red_cube"] as const }], facts: held ? [["holding", "red_cube"] as const] : [] };
  const question = { ...QUESTION, step: { skill: "pick", args: { object: "red_cube" } }, privileged };
  return peer.ask("planner.verify", question, { schema: verifyReplySchema, signal: ending.signal, name: "planner" });
}

beforeEach(() => {
  ending = new AbortController();
  peers = [];
  introductions = [];
  looks = [];
});
afterEach(async () => {
  ending.abort();
  await gateway.close();
});

describe("runPlanner", () => {
  test("introduces its backend and answers both questions without looking", async () => {
    await serve(0);
    const done = runPlanner({ url, backend: backends.get("symbolic").create({}), signal: ending.signal });
    await expect.poll(() => introductions).toEqual([{ name: "symbolic", privileged: true, protocolVersion: 1 }]);
    const reply = await askPlan(peers[0]!);
    if (!reply.ok) throw new Error(reply.error.message);
    const { plan, format } = parsePlan(reply.text, { skills: SKILLS, objects: OBJECTS });
    expect(format).toBe(true);
    expect(plan!.steps).toEqual([{ skill: "pick", args: { object: "red_cube" } }]);
    expect(await askVerify(peers[0]!, true)).toMatchObject({ ok: true, complete: true });
    expect(await askVerify(peers[0]!, false)).toMatchObject({ ok: true, complete: false });
    expect(looks).toEqual([]);
    ending.abort();
    await done;
    await expect.poll(() => peers[0]!.connected).toBe(false);
  });

  test("fetches pictures when the backend looks", async () => {
    await serve(0);
    const seen: number[][] = [];
    const backend: PlannerBackend = {
      name: "eyes",
      privileged: false,
      async generate(request: GenerateRequest) {
        if (request.kind === "plan") seen.push([...(await request.plan.observe())[0]!.rgb]);
        else {
          const { before, after } = await request.verify.observe();
          seen.push([before.length, after.length]);
        }
        return { text: request.kind === "plan" ? "pick(red_cube)" : "True", usage: { latencyMs: 1, attempts: 1 } };
      },
    };
    void runPlanner({ url, backend, signal: ending.signal });
    await expect.poll(() => peers).toHaveLength(1);
    expect(await askPlan(peers[0]!)).toMatchObject({ ok: true, text: "pick(red_cube)" });
    expect(await askVerify(peers[0]!, true)).toMatchObject({ ok: true, complete: true });
    expect(seen).toEqual([
      [1, 2, 3, 4, 5, 6],
      [2, 1],
    ]);
    expect(looks).toEqual(["q1", "q1"]);
  });

  test("passes on what its backend cannot do", async () => {
    await serve(0);
    const backend: PlannerBackend = {
      name: "broken",
      privileged: false,
      generate: () => Promise.reject(new PeerError("http://127.0.0.1:9", "refused the connection.")),
    };
    void runPlanner({ url, backend, signal: ending.signal });
    await expect.poll(() => peers).toHaveLength(1);
    expect(await askPlan(peers[0]!)).toEqual({
      ok: false,
      error: { code: "peer", message: "http://127.0.0.1:9: refused the connection.", path: "http://127.0.0.1:9" },
    });
  });

  test("ends with the reason when the server refuses it", async () => {
    await serve(0, "sesame");
    const backend = backends.get("random").create({ seed: 1 });
    await expect(runPlanner({ url, backend, token: "wrong", signal: ending.signal })).rejects.toThrow(
      /refused this planner: the token is wrong/,
    );
    const said: string[] = [];
    const done = runPlanner({ url, backend, token: "sesame", signal: ending.signal, log: (line) => said.push(line) });
    await expect.poll(() => introductions).toHaveLength(1);
    ending.abort();
    await done;
    expect(said.join("\n")).not.toContain("sesame");
  });

  test("comes back when the server does", async () => {
    await serve(0);
    void runPlanner({ url, backend: backends.get("symbolic").create({}), signal: ending.signal });
    await expect.poll(() => introductions).toHaveLength(1);
    await gateway.close();
    await serve(Number(new URL(url).port));
    await expect.poll(() => introductions, { timeout: 10_000 }).toHaveLength(2);
    expect(await askPlan(peers[1]!)).toMatchObject({ ok: true });
  });

  test("refuses an address that is none", async () => {
    await serve(0);
    await expect(
      runPlanner({ url: "over there", backend: backends.get("random").create({ seed: 1 }), signal: ending.signal }),
    ).rejects.toThrow(InputError);
  });
});
