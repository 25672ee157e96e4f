import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import * as z from "zod";

const requestSchema = z.object({
  messages: z.array(
    z.object({
      role: z.string(),
      content: z.union([z.string(), z.array(z.looseObject({ type: z.string(), text: z.string().optional() }))]),
    }),
  ),
});

/**
 * A chat-completions endpoint for commands that need a model server: stacks the object that the instruction names first onto
 * the one it names second, and says that every step is complete. It counts the pictures that it was sent.
 */
export async function startModelEndpoint(): Promise<{ readonly port: number; readonly pictures: () => number; close(): Promise<void> }> {
  let pictures = 0;
  const server = createServer((request, response) => {
    let body = "";
    request.setEncoding("utf8");
    request.on("data", (chunk: string) => (body += chunk));
    request.on("end", () => {
      const { messages } = requestSchema.parse(JSON.parse(body));
      const parts = messages.flatMap(({ content }) => (typeof content === "string" ? [{ type: "text", text: content }] : content));
      pictures += parts.filter(({ type }) => type === "image_url").length;
      const content = JSON.stringify(answer(parts.map(({ text }) => text ?? "").join("\n")));
      response.writeHead(200, { "content-type": "application/json" });
      response.end(JSON.stringify({ choices: [{ index: 0, message: { role: "assistant", content }, finish_reason: "stop" }] }));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    pictures: () => pictures,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function answer(prompt: string): object {
  if (prompt.includes("Is the step complete?")) return { complete: true, explanation: "It looks so." };
  const instruction = /^Instruction: (.*)$/m.exec(prompt)?.[1] ?? "";
  const [object, target] = [...instruction.matchAll(/\b(\w+) (?:cube|block)\b/g)].map(([, color]) => `${color}_cube`);
  return {
    thinking: `${object} goes onto ${target}.`,
    steps: [
      { skill: "pick", args: { object } },
      { skill: "place", args: { object, target } },
    ],
  };
}
