import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer, request, type IncomingHttpHeaders, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { serveFiles } from "./static-files.ts";

let folder = "";
let server: Server;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "reverie-studio-"));
  const root = join(folder, "studio");
  mkdirSync(join(root, "assets"), { recursive: true });
  writeFileSync(join(folder, "secret.txt"), "secret");
  writeFileSync(join(root, "index.html"), "<p>studio</p>");
  writeFileSync(join(root, ".env"), "secret");
  writeFileSync(join(root, "assets", "index-B1a2C3d4.js"), "export {};");
  symlinkSync(join(folder, "secret.txt"), join(root, "link.txt"));
  server = createServer((incoming, response) => void serveFiles(root, incoming, response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
});
afterAll(() => {
  server.close();
  rmSync(folder, { recursive: true });
});

/** Asks with the path exactly as given; `fetch` would tidy it up first. */
function ask(path: string, method = "GET"): Promise<{ status: number | undefined; body: string; headers: IncomingHttpHeaders }> {
  return new Promise((resolve, reject) => {
    const { port } = server.address() as AddressInfo;
    const asked = request({ host: "127.0.0.1", port, path, method }, (response) => {
      let body = "";
      response.on("data", (chunk: Buffer) => (body += chunk.toString()));
      response.on("end", () => resolve({ status: response.statusCode, body, headers: response.headers }));
    });
    asked.on("error", reject);
    asked.end();
  });
}

describe("serveFiles", () => {
  test("serves the page with a policy, and for addresses of its own too", async () => {
    for (const path of ["/", "/index.html", "/episodes/7?x=1"]) {
      const { status, body, headers } = await ask(path);
      expect([status, body]).toEqual([200, "<p>studio</p>"]);
      expect(headers["content-type"]).toBe("text/html; charset=utf-8");
      expect(headers["content-security-policy"]).toContain("default-src 'self'");
      expect(headers["content-security-policy"]).not.toContain("'unsafe-eval'");
      expect(headers["cache-control"]).toBe("no-cache");
    }
  });

  test("serves scripts with their type and lets hashed names be cached", async () => {
    const { status, headers } = await ask("/assets/index-B1a2C3d4.js");
    expect(status).toBe(200);
    expect(headers["content-type"]).toBe("text/javascript; charset=utf-8");
    expect(headers["cache-control"]).toContain("immutable");
    expect(headers["x-content-type-options"]).toBe("nosniff");
  });

  test.each([
    "/../secret.txt",
    "/..%2fsecret.txt",
    "/%2e%2e/secret.txt",
    "/assets/../../secret.txt",
    "/..\\secret.txt",
    "/.env",
    "/link.txt",
    "/index.html%00.txt",
    "/%zz",
    "//secret.txt",
    "/assets/missing.js",
  ])("does not serve %s", async (path) => {
    const { status, body } = await ask(path);
    expect([400, 404]).toContain(status);
    expect(body).not.toContain("secret");
  });

  test("answers HEAD without a body and refuses other methods", async () => {
    expect(await ask("/", "HEAD")).toMatchObject({ status: 200, body: "" });
    expect(await ask("/", "POST")).toMatchObject({ status: 405 });
  });
});
