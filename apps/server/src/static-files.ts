import { createReadStream } from "node:fs";
import { realpath, stat } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import { extname, join, sep } from "node:path";

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".mjs": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".json": "application/json; charset=utf-8",
  ".map": "application/json; charset=utf-8",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".jpg": "image/jpeg",
  ".ico": "image/x-icon",
  ".webp": "image/webp",
  ".wasm": "application/wasm",
  ".woff2": "font/woff2",
  ".txt": "text/plain; charset=utf-8",
  ".webmanifest": "application/manifest+json",
};

/** Sent with every answer: the page may load only what this server serves, and nobody may frame it. */
export const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  "Content-Security-Policy": [
    "default-src 'self'",
    "script-src 'self' 'wasm-unsafe-eval'",
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data: blob:",
    "worker-src 'self' blob:",
    "connect-src 'self'",
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join("; "),
  "X-Content-Type-Options": "nosniff",
  "Referrer-Policy": "no-referrer",
  "Cross-Origin-Opener-Policy": "same-origin",
};

/** Answers with a short text. */
export function sendText(response: ServerResponse, status: number, text: string, type = "text/plain; charset=utf-8"): void {
  response.writeHead(status, { ...SECURITY_HEADERS, "Content-Type": type, "Cache-Control": "no-store" });
  response.end(text);
}

/** The path that a URL names below the root, or undefined when it tries to leave it or is no path at all. */
function safePath(url: string): string | undefined {
  let path: string;
  try {
    path = decodeURIComponent(url.split(/[?#]/u, 1)[0] ?? "/");
  } catch (error) {
    if (error instanceof URIError) return undefined;
    throw error;
  }
  if (!path.startsWith("/") || path.includes("\0") || path.includes("\\")) return undefined;
  const parts = path.split("/").filter((part) => part !== "" && part !== ".");
  return parts.some((part) => part.startsWith(".")) ? undefined : parts.join("/");
}

async function findFile(root: string, path: string): Promise<{ path: string; size: number } | undefined> {
  try {
    const found = await realpath(join(root, path));
    if (found !== root && !found.startsWith(root + sep)) return undefined;
    const info = await stat(found);
    return info.isFile() ? { path: found, size: info.size } : undefined;
  } catch {
    // Whatever keeps a file from being read, the visitor is told that it is not there.
    return undefined;
  }
}

/**
 * Serves a built web page: its files, and `index.html` for paths that name no file (the page has its own addresses).
 * Nothing outside `root`, behind a symbolic link out of it, or with a dot at the start of its name is served.
 */
export async function serveFiles(root: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (request.method !== "GET" && request.method !== "HEAD") {
    sendText(response, 405, "Only GET and HEAD are allowed.");
    return;
  }
  const path = safePath(request.url ?? "/");
  if (path === undefined) {
    sendText(response, 400, "This is not a path.");
    return;
  }
  const base = await realpath(root).catch(() => undefined);
  if (base === undefined) {
    sendText(response, 404, "The studio is not built. Build it, or open the sockets directly.");
    return;
  }
  const file =
    (await findFile(base, path === "" ? "index.html" : path)) ?? (extname(path) === "" ? await findFile(base, "index.html") : undefined);
  if (file === undefined) {
    sendText(response, 404, "Not found.");
    return;
  }
  // Built files carry a hash of their content in their name; the page itself does not.
  const lasting = /-[\w-]{8,}\.\w+$/u.test(path);
  response.writeHead(200, {
    ...SECURITY_HEADERS,
    "Content-Type": TYPES[extname(file.path).toLowerCase()] ?? "application/octet-stream",
    "Content-Length": file.size,
    "Cache-Control": lasting ? "public, max-age=31536000, immutable" : "no-cache",
  });
  if (request.method === "HEAD") {
    response.end();
    return;
  }
  const stream = createReadStream(file.path);
  stream.on("error", () => response.destroy());
  stream.pipe(response);
}
