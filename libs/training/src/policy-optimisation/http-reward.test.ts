import { createServer } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { messageOf, PeerError, TimeoutError } from "@reverie/core";
import { afterEach, describe, expect, test } from "vitest";
import type { HttpRewardOptions } from "./http-reward.ts";
import { httpReward } from "./http-reward.ts";
import type { PolicySample } from "./policy.ts";
import type { RewardResult } from "./reward-source.ts";

interface Asked {
  readonly samples: readonly { readonly tokens: readonly number[] }[];
  readonly samplesPerPrompt: number;
}

const servers: Server[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

async function serve(answer: (asked: Asked, response: ServerResponse, request: IncomingMessage) => void): Promise<string> {
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (piece: Buffer) => (body += piece.toString()));
    request.on("end", () => answer(JSON.parse(body) as Asked, response, request));
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/score`;
}

const samples = Array.from({ length: 12 }, (_, i): PolicySample<string> => ({ prompt: "p", tokens: Int32Array.of(i, 1), finish: "end" }));

const source = (url: string, options: Partial<HttpRewardOptions<string>> = {}) =>
  httpReward<string>({ url, encode: ({ tokens }) => ({ tokens: [...tokens] }), retryDelayMs: 1, ...options });

const ask = async (
  url: string,
  options: Partial<HttpRewardOptions<string>> = {},
  signal = new AbortController().signal,
): Promise<RewardResult> => (await source(url, options)({ samples, samplesPerPrompt: 4, signal })) as RewardResult;

const firstTokens = ({ samples: asked }: Asked) => ({ scores: asked.map(({ tokens }) => tokens[0]! / 10) });

describe("httpReward", () => {
  test("posts whole groups in bounded batches and puts the scores back in order", async () => {
    const sizes: number[] = [];
    const tokens: (string | undefined)[] = [];
    const url = await serve((asked, response, request) => {
      sizes.push(asked.samples.length);
      tokens.push(request.headers.authorization);
      // Later batches answer sooner.
      setTimeout(() => response.end(JSON.stringify(firstTokens(asked))), 20 - asked.samples[0]!.tokens[0]!);
    });
    const { scores } = await ask(url, { batchSize: 6, token: "secret" });
    expect(scores).toEqual(samples.map((_, i) => i / 10));
    expect(sizes).toEqual([4, 4, 4]);
    expect(new Set(tokens)).toEqual(new Set(["Bearer secret"]));
  });

  test("advantages, masks and parts are taken over", async () => {
    const url = await serve(({ samples: asked }, response) => {
      const all = <T>(value: T): T[] => asked.map(() => value);
      response.end(JSON.stringify({ scores: all(1), advantages: all([0.5, -0.5]), mask: all(true), parts: all({ format: 1 }) }));
    });
    const result = await ask(url, { batchSize: 4 });
    expect([result.advantages?.length, result.mask?.length, result.parts?.[11]]).toEqual([12, 12, { format: 1 }]);
  });

  test("tries again after a server error, and gives up with its words but without the token", async () => {
    let calls = 0;
    const recovering = await serve((asked, response) => {
      if (++calls < 3) response.statusCode = 503;
      response.end(calls < 3 ? "busy" : JSON.stringify(firstTokens(asked)));
    });
    expect((await ask(recovering)).scores).toHaveLength(12);
    expect(calls).toBe(3);
    const broken = await serve((_, response) => response.writeHead(500).end("the token s3cret broke it"));
    const error = await ask(broken, { token: "s3cret", maxAttempts: 2 }).catch((cause: unknown) => cause);
    expect(error).toBeInstanceOf(PeerError);
    expect(messageOf(error)).toMatch(/^127\.0\.0\.1:\d+: answered with status 500: "the token \[token\] broke it" after 2 attempts\.$/);
  });

  test("a refusal is not repeated; a missing server is a PeerError", async () => {
    let calls = 0;
    const url = await serve((_, response) => {
      calls++;
      response.writeHead(401).end("who are you");
    });
    await expect(ask(url)).rejects.toThrow('answered with status 401: "who are you".');
    expect(calls).toBe(1);
    await expect(ask("http://127.0.0.1:9/score", { maxAttempts: 1 })).rejects.toThrow(PeerError);
  });

  test.each([
    ["no json", "which is no JSON"],
    ["[]", "scores: expected a list"],
    ['{"scores":[1]}', "expected one for each of the 12 samples, got 1"],
    [JSON.stringify({ scores: samples.map((_, i) => (i === 2 ? "high" : 1)) }), "scores[2] is of the wrong type"],
    [`{"scores":[${samples.map(() => "1e999").join()}]}`, "reward.scores[0]: expected a finite number, got Infinity"],
    [JSON.stringify({ scores: samples.map(() => 1), advantages: samples.map(() => [1]) }), "expected one for each of the 2 tokens, got 1"],
  ])("the answer %s is refused", async (body, problem) => {
    const url = await serve((_, response) => response.end(body));
    const error = await ask(url).catch((cause: unknown) => cause);
    expect(error).toBeInstanceOf(PeerError);
    expect(messageOf(error)).toContain(problem);
  });

  test("a request that fails for good ends the others", async () => {
    const asked: number[] = [];
    const closed: Promise<unknown>[] = [];
    const url = await serve(({ samples: own }, response) => {
      asked.push(own[0]!.tokens[0]!);
      if (own[0]!.tokens[0] === 0) setTimeout(() => response.writeHead(403).end("no"), 20);
      else closed.push(new Promise((resolve) => response.once("close", () => resolve(undefined))));
    });
    await expect(ask(url, { batchSize: 4, concurrency: 2 })).rejects.toThrow("answered with status 403");
    await Promise.all(closed);
    expect(asked.sort((a, b) => a - b)).toEqual([0, 4]);
  });

  test("an endless answer is cut off", async () => {
    const url = await serve((_, response) => {
      const piece = "x".repeat(1_000_000);
      const write = (): void => {
        if (response.destroyed) return;
        if (response.write(piece)) setImmediate(write);
        else response.once("drain", write);
      };
      write();
    });
    await expect(ask(url)).rejects.toThrow("sent an answer larger than 16000000 bytes");
  });

  test("a silent server is a TimeoutError; the signal ends the wait at once", async () => {
    const url = await serve(() => undefined);
    await expect(ask(url, { timeoutMs: 30 })).rejects.toThrow(TimeoutError);
    const controller = new AbortController();
    const waiting = ask(url, {}, controller.signal);
    setTimeout(() => controller.abort(new Error("enough")), 20);
    await expect(waiting).rejects.toThrow("enough");
  });

  test("senseless options are named", () => {
    expect(() => source("ftp://host")).toThrow("url: expected an http or https address");
    expect(() => source("http://host", { batchSize: 0 })).toThrow("batchSize: expected a whole number of 1 or more");
  });
});
