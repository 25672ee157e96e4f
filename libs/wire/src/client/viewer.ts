import type { ServerToViewer, ViewerToServer } from "../messages/viewers.ts";
import { Connection, type ConnectOptions } from "./connection.ts";

/** A viewer's end of `/viewers`: watch with `on`, steer with `request`. */
export type ViewerConnection = Connection<ServerToViewer, ViewerToServer>;

/**
 * Connects a page (or any other onlooker) to a server's session. State and scene arrive without being asked for.
 * A handler of `frame.poses` or `frame.camera` must call its second argument: the next frame waits for it.
 *
 * @param url - the server, for example `http://127.0.0.1:4870`
 * @throws InputError when `url` is no address
 */
export function connectViewer(url: string, options: ConnectOptions = {}): ViewerConnection {
  return new Connection<ServerToViewer, ViewerToServer>(url, "/viewers", options);
}
