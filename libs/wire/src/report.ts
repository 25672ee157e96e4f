import { InputError, PeerError, ReverieError, StateError } from "@reverie/core";
import type { ErrorReport } from "./messages/common.ts";

/** What a peer is told about an error: its code, its sentence, the field or peer at fault; never a stack. */
export function toReport(error: ReverieError): ErrorReport {
  const path = error instanceof InputError ? error.path : error instanceof PeerError ? error.peer : undefined;
  return { code: error.code, message: error.message, ...(path === undefined || path === "" ? {} : { path }) };
}

/** The error that a report stands for, as the caller of a request sees it. `peer` is who sent the report. */
export function toError(peer: string, report: ErrorReport): ReverieError {
  if (report.code === "invalid-input") {
    const path = report.path ?? "";
    const prefix = `${path}: `;
    return new InputError(path, report.message.startsWith(prefix) ? report.message.slice(prefix.length) : report.message);
  }
  if (report.code === "invalid-state") return new StateError(report.message);
  if (report.code === "peer") {
    const culprit = report.path ?? peer;
    const prefix = `${culprit}: `;
    return new PeerError(culprit, report.message.startsWith(prefix) ? report.message.slice(prefix.length) : report.message);
  }
  return new ReverieError(report.code, report.message);
}

/** Checked by hand: a page that only talks to its server need not carry the schema library. */
function isReport(value: unknown): value is ErrorReport {
  if (typeof value !== "object" || value === null) return false;
  const { code, message, path } = value as Record<string, unknown>;
  return typeof code === "string" && typeof message === "string" && (path === undefined || typeof path === "string");
}

/** Whether a value has the shape of a reply; what it carries is for the caller to judge. */
export function isReply(value: unknown): value is { ok: true } | { ok: false; error: ErrorReport } {
  if (typeof value !== "object" || value === null || !Object.hasOwn(value, "ok")) return false;
  const { ok, error } = value as { ok: unknown; error?: unknown };
  return ok === true || (ok === false && isReport(error));
}
