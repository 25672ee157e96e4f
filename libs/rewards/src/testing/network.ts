import * as dgram from "node:dgram";
import * as net from "node:net";

/** Globals that open connections, where the platform has them. */
const GLOBAL_DOORS = ["fetch", "WebSocket", "EventSource", "XMLHttpRequest"];

/** Everything that goes out of a process: http, https, http2 and tls all end in a socket's `connect`. */
const doors = (): [holder: object, name: string][] => [
  ...GLOBAL_DOORS.filter((name) => name in globalThis).map((name): [object, string] => [globalThis, name]),
  [net.Socket.prototype, "connect"],
  [dgram.Socket.prototype, "send"],
];

/** Closes every door and returns what opens them again and tells which were tried. */
function closeDoors(): () => readonly string[] {
  const tried: string[] = [];
  const closed = doors().map(([holder, name]) => {
    const before = Object.getOwnPropertyDescriptor(holder, name)!;
    const refuse = (): never => {
      tried.push(name);
      throw new Error(`The network is closed: ${name} was called.`);
    };
    Object.defineProperty(holder, name, { configurable: true, writable: true, value: refuse });
    return { holder, name, before };
  });
  return () => {
    for (const { holder, name, before } of closed) Object.defineProperty(holder, name, before);
    return tried;
  };
}

function requireUntried(tried: readonly string[]): void {
  if (tried.length > 0) throw new Error(`no network is used: ${[...new Set(tried)].join(", ")} was called.`);
}

/**
 * Runs `work` with every way to the network closed.
 *
 * @throws Error when one was tried, also where the work kept the refusal to itself
 */
export function withoutNetwork<T>(work: () => T): T {
  const open = closeDoors();
  try {
    return work();
  } finally {
    requireUntried(open());
  }
}

/** As `withoutNetwork`, until the promise settles. */
export async function withoutNetworkUntil<T>(work: () => Promise<T>): Promise<T> {
  const open = closeDoors();
  try {
    return await work();
  } finally {
    requireUntried(open());
  }
}
