import type { CameraImage } from "@reverie/core";
import { InputError, messageOf, PeerError, TimeoutError } from "@reverie/core";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import * as z from "zod";
import { parsePlan } from "../language/parse-plan.ts";
import { PlannerAgent } from "../planner-agent.ts";
import type { PlanRequest, VerifyRequest } from "../planner.ts";
import { objects, skills } from "../test-support.ts";
import type { OpenAiOptions } from "./openai.ts";
import { OpenAiBackend } from "./openai.ts";

const KEY = "sk-very-secret-0123456789";
const { signal } = new AbortController();
const stack = [
  { skill: "pick", args: { object: "red_cube" } },
  { skill: "place", args: { object: "red_cube", target: "blue_cube" } },
];

/** The request of the chat-completions API, as far as this backend may use it; anything else is refused. */
const textPart = z.strictObject({ type: z.literal("text"), text: z.string() });
const imagePart = z.strictObject({
  type: z.literal("image_url"),
  image_url: z.strictObject({
    url: z.string().regex(/^data:image\/(png|jpeg);base64,[A-Za-z0-9+/]+=*$/),
    detail: z.enum(["auto", "low", "high"]).optional(),
  }),
});
const chatRequest = z.strictObject({
  model: z.string().min(1),
  messages: z
    .array(
      z.discriminatedUnion("role", [
        z.strictObject({ role: z.literal("system"), content: z.string() }),
        z.strictObject({ role: z.literal("user"), content: z.union([z.string(), z.array(z.union([textPart, imagePart])).min(1)]) }),
      ]),
    )
    .min(1),
  temperature: z.number().min(0).max(2).optional(),
  seed: z.int().optional(),
  max_tokens: z.int().min(1).optional(),
  max_completion_tokens: z.int().min(1).optional(),
  response_format: z
    .discriminatedUnion("type", [
      z.strictObject({ type: z.literal("json_object") }),
      z.strictObject({
        type: z.literal("json_schema"),
        json_schema: z.strictObject({
          name: z.string().regex(/^[\w-]{1,64}$/),
          strict: z.literal(true),
          schema: z.looseObject({ type: z.literal("object"), additionalProperties: z.literal(false) }),
        }),
      }),
    ])
    .optional(),
});
type ChatRequest = z.output<typeof chatRequest>;
type Play = (response: ServerResponse, request: ChatRequest, http: IncomingMessage) => void;

let server: Server;
let endpoint: string;
let plays: Play[];
let seen: { readonly body: ChatRequest; readonly at: number; readonly authorization: string | undefined }[];

beforeEach(async () => {
  plays = [];
  seen = [];
  server = createServer((http, response) => {
    let body = "";
    http.setEncoding("utf8");
    http.on("data", (chunk: string) => (body += chunk));
    http.on("end", () => {
      const parsed = chatRequest.safeParse(JSON.parse(body));
      if (!parsed.success || http.url !== "/v1/chat/completions" || http.method !== "POST") {
        response.writeHead(418).end(z.prettifyError(parsed.error ?? new z.ZodError([])));
        return;
      }
      seen.push({ body: parsed.data, at: performance.now(), authorization: http.headers.authorization });
      (plays.length > 1 ? plays.shift()! : plays[0]!)(response, parsed.data, http);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
});

afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

const says =
  (content: unknown): Play =>
  (response) => {
    const message = typeof content === "string" ? { role: "assistant", content } : (content as object);
    response.writeHead(200, { "content-type": "application/json" });
    response.end(
      JSON.stringify({
        id: "1",
        object: "chat.completion",
        choices: [{ index: 0, message, finish_reason: "stop" }],
        usage: { prompt_tokens: 120, completion_tokens: 30, total_tokens: 150 },
      }),
    );
  };
const fails =
  (status: number, body: string, headers: Record<string, string> = {}): Play =>
  (response) =>
    void response.writeHead(status, headers).end(body);
const good = says(JSON.stringify({ thinking: "stack <answer> them", steps: stack }));

const image: CameraImage = { camera: "front", width: 2, height: 1, rgb: Uint8Array.of(255, 0, 0, 0, 255, 0) };
const request: PlanRequest = { task: "t", instruction: "stack", skills, objects, history: [], seed: 0, observe: async () => [image] };
const verify: VerifyRequest = {
  task: "t",
  instruction: "stack",
  skills,
  objects,
  step: stack[0]!,
  observe: async () => ({ before: [image], after: [image] }),
};

function planner(options: Partial<OpenAiOptions> = {}): PlannerAgent {
  return new PlannerAgent(new OpenAiBackend({ endpoint, model: "vision-1", apiKey: KEY, retryDelayMs: 5, ...options }));
}

async function failure(work: Promise<unknown>): Promise<Error> {
  return await work.then(
    () => expect.fail("expected an error"),
    (error: unknown) => error as Error,
  );
}

describe("OpenAiBackend", () => {
  test("asks for structured output and brings the answer to the strict plan format", async () => {
    plays = [good];
    const { text, usage } = await planner({ seed: 7, temperature: 0.2, maxTokens: 99 }).plan(request, signal);
    const parsed = parsePlan(text, { skills, objects });
    expect(parsed).toMatchObject({ format: true, repairs: [], plan: { steps: stack } });
    expect(usage).toMatchObject({ attempts: 1, promptTokens: 120, completionTokens: 30 });
    expect(usage.latencyMs).toBeGreaterThan(0);
    expect(seen[0]?.authorization).toBe(`Bearer ${KEY}`);
    expect(seen[0]?.body).toMatchObject({
      model: "vision-1",
      seed: 7,
      temperature: 0.2,
      max_tokens: 99,
      response_format: { type: "json_schema", json_schema: { name: "plan" } },
    });
  });

  test("sends camera images as data URLs when it is given an encoder", async () => {
    plays = [good];
    await planner({ encodeImage: async ({ rgb }) => ({ mimeType: "image/png", bytes: rgb }) }).plan(request, signal);
    const content = seen[0]!.body.messages[1]!.content;
    expect(content).toContainEqual({ type: "text", text: "Camera front:" });
    expect(content).toContainEqual({ type: "image_url", image_url: { url: "data:image/png;base64,/wAAAP8A" } });
    plays = [says('{"complete": false, "explanation": "still on the table"}')];
    const verdict = await planner({ encodeImage: ({ rgb }) => ({ mimeType: "image/png", bytes: rgb }) }).verify(verify, signal);
    expect(verdict).toMatchObject({ complete: false, explanation: "still on the table" });
    expect(seen[1]!.body.messages[1]!.content).toHaveLength(5);
  });

  test("leaves texts that are no structured answer to the parser, and reads tool calls and parts", async () => {
    plays = [says("1. pick(red_cube)")];
    expect((await planner().plan(request, signal)).text).toBe("1. pick(red_cube)");
    const calls = stack.map(({ skill, args }) => ({
      id: "a",
      type: "function",
      function: { name: skill, arguments: JSON.stringify(args) },
    }));
    plays = [says({ role: "assistant", content: null, tool_calls: calls })];
    expect(parsePlan((await planner().plan(request, signal)).text, { skills, objects }).plan?.steps).toEqual(stack);
    plays = [
      says({
        role: "assistant",
        content: [
          { type: "text", text: "pick" },
          { type: "text", text: "(red_cube)" },
        ],
      }),
    ];
    expect((await planner().plan(request, signal)).text).toBe("pick(red_cube)");
    plays = [says({ role: "assistant", content: null, refusal: "I will not." })];
    expect((await planner().plan(request, signal)).text).toBe("I will not.");
  });

  test("waits as long as Retry-After says after 429, then succeeds", async () => {
    plays = [fails(429, "slow down", { "retry-after": "0.2" }), good];
    const { usage } = await planner().plan(request, signal);
    expect(usage.attempts).toBe(2);
    expect(seen[1]!.at - seen[0]!.at).toBeGreaterThanOrEqual(195);
  });

  test("gives up after the last attempt on 500, naming host and status, waiting longer each time", async () => {
    plays = [fails(500, "out of order")];
    const error = await failure(planner({ maxAttempts: 3, retryDelayMs: 30 }).plan(request, signal));
    expect(error).toBeInstanceOf(PeerError);
    expect(error.message).toBe(`${new URL(endpoint).host}: answered with status 500: "out of order" after 3 attempts.`);
    expect(seen).toHaveLength(3);
    expect(seen[2]!.at - seen[1]!.at).toBeGreaterThanOrEqual(55);
  });

  test("does not repeat what repeating cannot help, and never shows the key", async () => {
    plays = [fails(401, `bad key ${KEY} ${"x".repeat(5000)}`)];
    const error = await failure(planner().plan(request, signal));
    expect(error).toBeInstanceOf(PeerError);
    expect(error.message).toContain('status 401: "bad key [key]');
    expect(error.message.length).toBeLessThan(350);
    expect(seen).toHaveLength(1);
    expect(JSON.stringify(planner()) + String(error.stack) + String(error.cause)).not.toContain(KEY);
  });

  test("ends an attempt that is too slow with a TimeoutError", async () => {
    plays = [() => {}];
    const error = await failure(planner({ timeoutMs: 60 }).plan(request, signal));
    expect(error).toBeInstanceOf(TimeoutError);
    expect(error.message).toContain("within 60 ms");
    plays = [(response) => void response.writeHead(200).write("{")];
    expect(await failure(planner({ timeoutMs: 60 }).plan(request, signal))).toBeInstanceOf(TimeoutError);
  });

  test("stops when the caller does, also between attempts", async () => {
    plays = [fails(503, "", { "retry-after": "20" })];
    const controller = new AbortController();
    const work = failure(planner().plan(request, controller.signal));
    // Between the first attempt, which is refused, and the second one, which would come after twenty seconds.
    await vi.waitFor(() => expect(seen).toHaveLength(1), { timeout: 5_000 });
    setTimeout(() => controller.abort(new Error("enough")), 50);
    expect(messageOf(await work)).toBe("enough");
    expect(seen).toHaveLength(1);
  });

  test("tries again after a dropped connection, and says so when it stays away", async () => {
    plays = [(response) => void response.destroy(), good];
    expect((await planner().plan(request, signal)).usage.attempts).toBe(2);
    plays = [(response) => void response.destroy()];
    const error = await failure(planner({ maxAttempts: 2 }).plan(request, signal));
    expect(error).toBeInstanceOf(PeerError);
    expect(error.message).toMatch(/no connection \(.+\) after 2 attempts/);
  });

  test("refuses bodies that are no JSON, no chat completion, or larger than a megabyte", async () => {
    plays = [fails(200, "<html>gateway</html>")];
    expect((await failure(planner().plan(request, signal))).message).toContain('"<html>gateway</html>", which is no JSON');
    plays = [fails(200, '{"choices": []}')];
    expect((await failure(planner().plan(request, signal))).message).toContain("no chat completion: choices");
    plays = [fails(200, JSON.stringify({ pad: "x".repeat(1_100_000) }))];
    expect((await failure(planner().plan(request, signal))).message).toContain("larger than 1000000 bytes");
    expect(seen).toHaveLength(3);
  });

  test("falls back from json_schema to json_object to none, and remembers", async () => {
    const refuse: Play = (response, body) => {
      if (body.response_format?.type === "json_schema")
        fails(400, '{"error":"response_format json_schema is not supported"}')(response, body, {} as IncomingMessage);
      else if (body.response_format !== undefined) fails(422, "response_format unknown")(response, body, {} as IncomingMessage);
      else says("<think>x</think><answer>1. pick(red_cube)</answer>")(response, body, {} as IncomingMessage);
    };
    plays = [refuse];
    const agent = planner();
    const { text, usage } = await agent.plan(request, signal);
    expect(parsePlan(text, { skills, objects }).format).toBe(true);
    expect(usage.attempts).toBe(3);
    expect(seen.map(({ body }) => body.response_format?.type)).toEqual(["json_schema", "json_object", undefined]);
    expect(seen[2]!.body.messages[0]!.content).toContain("<think>");
    await agent.plan(request, signal);
    expect(seen).toHaveLength(4);
    plays = [fails(400, "the image is too large")];
    expect((await failure(agent.plan(request, signal))).message).toContain("status 400");
  });

  test("uses the newer name of the token limit where the older is refused", async () => {
    plays = [fails(400, "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead."), good];
    await planner().plan(request, signal);
    expect(seen[1]!.body).toMatchObject({ max_completion_tokens: 2048 });
    expect(seen[1]!.body.max_tokens).toBeUndefined();
  });

  test.each([
    [{ endpoint: "ftp://example.org" }, "endpoint: expected an http or https address"],
    [{ endpoint: "http://user:pass@example.org" }, "without user name and password"],
    [{ model: "" }, "model: expected the name of a model"],
    [{ apiKey: "two words" }, "apiKey: expected visible ASCII"],
    [{ temperature: 3 }, "temperature"],
  ])("refuses the options %j", (options, message) => {
    const make = (): OpenAiBackend => new OpenAiBackend({ endpoint, model: "m", ...options });
    expect(make).toThrow(InputError);
    expect(make).toThrow(message);
    expect(make).not.toThrow(/two words|user:pass/);
  });
});
