import type { CameraImage } from "@reverie/core";
import { InputError, PeerError } from "@reverie/core";
import * as z from "zod";
import { closedObject, planJsonSchema } from "../language/plan-schema.ts";
import type { Completion, GenerateRequest, PlannerBackend } from "../planner.ts";
import type { AnswerForm, Prompt } from "../prompts.ts";
import { buildPlanPrompt, buildVerifyPrompt } from "../prompts.ts";
import type { ChatHttpOptions } from "./chat-http.ts";
import { describeFailure, postChat } from "./chat-http.ts";

/** Bytes of an encoded image, for example a PNG. */
export interface EncodedImage {
  readonly mimeType: string;
  readonly bytes: Uint8Array;
}

export type EncodeImage = (image: CameraImage) => EncodedImage | Promise<EncodedImage>;

export interface OpenAiOptions {
  /** Base address of the API, `/chat/completions` is appended. @defaultValue https://api.openai.com/v1 */
  readonly endpoint?: string | undefined;
  readonly model: string;
  readonly apiKey?: string | undefined;
  /** Turns pixels into an image file. Without it the model sees no images. */
  readonly encodeImage?: EncodeImage | undefined;
  /** In [0, 2]; absent = the model's own. @defaultValue 0 */
  readonly temperature?: number | undefined;
  readonly seed?: number | undefined;
  /** Most tokens of an answer. @defaultValue 2048 */
  readonly maxTokens?: number | undefined;
  /** Limit of one attempt. @defaultValue 60_000 */
  readonly timeoutMs?: number | undefined;
  /** @defaultValue 4 */
  readonly maxAttempts?: number | undefined;
  /** Wait before the second attempt; doubles each time. @defaultValue 500 */
  readonly retryDelayMs?: number | undefined;
}

const optionsSchema = z.object({
  endpoint: z.url({ protocol: /^https?$/, error: "expected an http or https address" }).default("https://api.openai.com/v1"),
  model: z.string().min(1, "expected the name of a model").max(200),
  // Visible ASCII only: anything else would make fetch fail with a message that holds the key.
  apiKey: z
    .string()
    .regex(/^[\x21-\x7e]{1,1000}$/, "expected visible ASCII characters without spaces")
    .optional(),
  temperature: z.number().min(0).max(2).default(0),
  seed: z.int().min(0).optional(),
  maxTokens: z.int().min(1).max(1_000_000).default(2048),
  timeoutMs: z.number().min(1).max(3_600_000).default(60_000),
  maxAttempts: z.int().min(1).max(10).default(4),
  retryDelayMs: z.number().min(0).max(30_000).default(500),
});

const replySchema = z.object({
  choices: z
    .array(
      z.object({
        message: z.object({
          content: z.union([z.string(), z.array(z.object({ text: z.string().optional() }))]).nullish(),
          refusal: z.string().nullish(),
          tool_calls: z.array(z.unknown()).nullish(),
        }),
      }),
    )
    .min(1),
  usage: z.object({ prompt_tokens: z.number().optional(), completion_tokens: z.number().optional() }).nullish(),
});

/** What an endpoint was found to understand, best first. */
type ResponseFormat = "json_schema" | "json_object" | "none";

const NEXT_FORMAT: Readonly<Record<ResponseFormat, ResponseFormat | undefined>> = {
  json_schema: "json_object",
  json_object: "none",
  none: undefined,
};

type ContentPart =
  | { readonly type: "text"; readonly text: string }
  | { readonly type: "image_url"; readonly image_url: { readonly url: string } };

/**
 * A planner behind any endpoint that speaks the chat-completions API (https://platform.openai.com/docs/api-reference/chat).
 * Asks for structured output; an endpoint that refuses it is asked for plain JSON, then for the line form, and that is
 * remembered. Structured answers are brought to the plan format, so that every planner is parsed alike.
 */
export class OpenAiBackend implements PlannerBackend {
  readonly name = "openai";
  readonly privileged = false;
  readonly #options: z.output<typeof optionsSchema>;
  readonly #encodeImage: EncodeImage | undefined;
  readonly #http: ChatHttpOptions;
  #format: ResponseFormat = "json_schema";
  #tokenField: "max_tokens" | "max_completion_tokens" = "max_tokens";

  /** @throws InputError naming the option that is not what is allowed; the key itself is never shown */
  constructor(options: OpenAiOptions) {
    const parsed = optionsSchema.safeParse(options);
    if (!parsed.success) {
      const issue = parsed.error.issues[0]!;
      throw new InputError(issue.path.join("."), `${issue.message}.`);
    }
    const url = new URL(parsed.data.endpoint);
    if (url.username !== "" || url.password !== "") throw new InputError("endpoint", "expected an address without user name and password.");
    url.pathname = `${url.pathname.replace(/\/{1,8}$/, "")}/chat/completions`;
    this.#options = parsed.data;
    this.#encodeImage = options.encodeImage;
    const { apiKey, timeoutMs, maxAttempts, retryDelayMs } = parsed.data;
    this.#http = { url, apiKey, timeoutMs, maxAttempts, retryDelayMs };
  }

  /**
   * @throws PeerError naming host and status when the endpoint fails
   * @throws TimeoutError when an attempt is too slow
   */
  async generate(request: GenerateRequest, signal: AbortSignal): Promise<Completion> {
    const start = performance.now();
    const images = this.#encodeImage === undefined ? [] : await this.#images(request, this.#encodeImage);
    let attempts = 0;
    for (;;) {
      const format = this.#format;
      const reply = await postChat(this.#body(request, images, format), this.#http, signal);
      attempts += reply.attempts;
      if (reply.status >= 200 && reply.status < 300) {
        const { text, usage } = this.#read(reply.body);
        const answer = request.kind === "plan" && format !== "none" ? toPlanFormat(text) : text;
        return { text: answer, usage: { latencyMs: performance.now() - start, attempts, ...usage } };
      }
      if (!this.#adapt(reply.status, reply.body)) {
        throw new PeerError(this.#http.url.host, `${describeFailure(reply.status, reply.body, this.#http.apiKey)}.`);
      }
    }
  }

  /** Learns from a refusal what the endpoint does not understand; false when it says no such thing. */
  #adapt(status: number, body: string): boolean {
    if (status !== 400 && status !== 422) return false;
    if (this.#tokenField === "max_tokens" && body.includes("max_completion_tokens")) {
      this.#tokenField = "max_completion_tokens";
      return true;
    }
    const next = NEXT_FORMAT[this.#format];
    if (next === undefined || !/response_format|json_schema|json_object/i.test(body)) return false;
    this.#format = next;
    return true;
  }

  async #images(request: GenerateRequest, encode: EncodeImage): Promise<ContentPart[]> {
    const named: [string, CameraImage][] = [];
    if (request.kind === "plan") {
      for (const image of await request.plan.observe()) named.push([`Camera ${image.camera}:`, image]);
    } else {
      const { before, after } = await request.verify.observe();
      for (const image of before) named.push([`Before the step, camera ${image.camera}:`, image]);
      for (const image of after) named.push([`Now, camera ${image.camera}:`, image]);
    }
    const parts: ContentPart[] = [];
    for (const [label, image] of named) {
      const { mimeType, bytes } = await encode(image);
      parts.push({ type: "text", text: label }, { type: "image_url", image_url: { url: `data:${mimeType};base64,${base64(bytes)}` } });
    }
    return parts;
  }

  #body(request: GenerateRequest, images: readonly ContentPart[], format: ResponseFormat): string {
    const form: AnswerForm = format === "none" ? "line" : "json";
    const prompt: Prompt = request.kind === "plan" ? buildPlanPrompt(request.plan, form) : buildVerifyPrompt(request.verify, form);
    const { model, temperature, seed, maxTokens } = this.#options;
    return JSON.stringify({
      model,
      messages: [
        { role: "system", content: prompt.system },
        { role: "user", content: images.length === 0 ? prompt.user : [{ type: "text", text: prompt.user }, ...images] },
      ],
      temperature,
      ...(seed === undefined ? {} : { seed }),
      [this.#tokenField]: maxTokens,
      ...responseFormat(request, format),
    });
  }

  #read(body: string): { readonly text: string; readonly usage: { promptTokens?: number; completionTokens?: number } } {
    const host = this.#http.url.host;
    let json: unknown;
    try {
      json = JSON.parse(body);
    } catch (cause) {
      throw new PeerError(host, `${describeFailure(200, body, this.#http.apiKey)}, which is no JSON.`, { cause });
    }
    const parsed = replySchema.safeParse(json);
    if (!parsed.success) {
      const issue = parsed.error.issues[0]!;
      throw new PeerError(host, `the answer is no chat completion: ${issue.path.join(".") || "it"}: ${issue.message}.`);
    }
    const { message } = parsed.data.choices[0]!;
    const { content } = message;
    const said = Array.isArray(content) ? content.map((part) => part.text ?? "").join("") : (content ?? "");
    const calls = message.tool_calls ?? [];
    const text = said === "" && calls.length > 0 ? JSON.stringify(calls) : said === "" ? (message.refusal ?? "") : said;
    const { prompt_tokens: promptTokens, completion_tokens: completionTokens } = parsed.data.usage ?? {};
    return {
      text,
      usage: { ...(promptTokens === undefined ? {} : { promptTokens }), ...(completionTokens === undefined ? {} : { completionTokens }) },
    };
  }
}

function responseFormat(request: GenerateRequest, format: ResponseFormat): object {
  if (format === "none") return {};
  if (format === "json_object") return { response_format: { type: "json_object" } };
  const schema =
    request.kind === "plan"
      ? planJsonSchema(request.plan.skills, request.plan.objects)
      : closedObject({ complete: { type: "boolean" }, explanation: { type: "string" } });
  return { response_format: { type: "json_schema", json_schema: { name: request.kind, strict: true, schema } } };
}

const structuredPlan = z.strictObject({ thinking: z.string(), steps: z.array(z.unknown()) });

/** Puts an exact structured answer into the tags of the plan format; any other text is left for the parser to judge. */
function toPlanFormat(text: string): string {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return text;
  }
  const plan = structuredPlan.safeParse(json);
  if (!plan.success) return text;
  // JSON needs no "<": written as an escape it cannot be taken for a tag.
  const steps = JSON.stringify(plan.data.steps).replaceAll("<", String.raw`\u003c`);
  return `<think>${plan.data.thinking.replaceAll("<", "(")}</think>\n<answer>${steps}</answer>`;
}

function base64(bytes: Uint8Array): string {
  let binary = "";
  for (let from = 0; from < bytes.length; from += 8192) binary += String.fromCharCode(...bytes.subarray(from, from + 8192));
  return btoa(binary);
}
