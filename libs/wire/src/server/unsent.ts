/** The parts of a connection that hold what is on its way out; neither library's types declare all of them. */
interface Outbox {
  /** Packets that wait for the transport. */
  readonly writeBuffer?: readonly { readonly data?: unknown }[];
  /** What the transport was handed and the network has not taken. A polling transport keeps nothing. */
  readonly transport?: { readonly socket?: { readonly bufferedAmount?: number; terminate?(): void } };
}

function sizeOf(data: unknown): number {
  if (typeof data === "string") return data.length;
  return data instanceof ArrayBuffer || ArrayBuffer.isView(data) ? data.byteLength : 0;
}

/** Ends a connection at once. What waits for it is discarded: an orderly farewell would wait behind it. */
export function cutOff(connection: { close(discard: boolean): unknown }): void {
  const { transport } = connection as Outbox;
  connection.close(true);
  transport?.socket?.terminate?.();
}

/** Bytes that were sent on a connection of the socket library and that its other end has not taken yet. */
export function bytesUnsent(connection: object): number {
  const { writeBuffer = [], transport } = connection as Outbox;
  let bytes = transport?.socket?.bufferedAmount ?? 0;
  for (const { data } of writeBuffer) bytes += sizeOf(data);
  return bytes;
}
