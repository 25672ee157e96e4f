import { createConnection, type Socket } from "node:net";
import { createEnvironment } from "@reverie/manipulation";
import { InputError, Rng, sampleSpace, sha256Hex, StateError } from "@reverie/core";
import { connectEnvironments, type EnvironmentsConnection } from "@reverie/wire";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Stage, TASK } from "./test-support.ts";

const stage = new Stage();
const open: { close(): void }[] = [];

function connect(): EnvironmentsConnection {
  const connection = connectEnvironments(stage.server.url);
  open.push(connection);
  return connection;
}

async function health(): Promise<{ environments: number }> {
  return (await (await fetch(`${stage.server.url}/healthz`)).json()) as { environments: number };
}

/** A client that speaks the socket's protocol by hand, so that it can leave its replies unread. */
class SilentClient {
  readonly #socket: Socket;
  readonly #received: Buffer[] = [];

  constructor(url: string) {
    const { hostname, port } = new URL(url);
    this.#socket = createConnection(Number(port), hostname);
    this.#socket.on("data", (chunk) => this.#received.push(chunk));
    this.#socket.write(
      `GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: ${hostname}:${port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
        "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n",
    );
  }

  /** Sends one text frame, masked with zeros (RFC 6455, section 5.2). */
  say(text: string): void {
    const payload = Buffer.from(text);
    const length = payload.length < 126 ? [0x80 | payload.length] : [0x80 | 126, payload.length >> 8, payload.length & 0xff];
    this.#socket.write(Buffer.concat([Buffer.from([0x81, ...length, 0, 0, 0, 0]), payload]));
  }

  stopReading(): void {
    this.#socket.pause();
  }

  readOn(): void {
    this.#socket.resume();
  }

  get bytes(): number {
    return this.#received.reduce((sum, { length }) => sum + length, 0);
  }

  get text(): string {
    return Buffer.concat(this.#received).toString("latin1");
  }

  close(): void {
    this.#socket.destroy();
  }
}

beforeEach(() => stage.serve());
afterEach(async () => {
  for (const connection of open.splice(0)) connection.close();
  await stage.closeAll();
});

describe("/environments", () => {
  test("steps to the same bits as the same steps here", async () => {
    const remote = await connect().create(TASK);
    const local = await createEnvironment(TASK);
    expect(remote).toMatchObject({ id: TASK, version: local.version, controlHz: local.controlHz, maxSteps: local.maxSteps });
    expect(remote.actionSpace).toEqual(local.actionSpace);
    expect(remote.observationSpace).toEqual(local.observationSpace);
    expect(await remote.reset(11)).toEqual(local.reset({ seed: 11 }));
    const rng = new Rng(5);
    for (let i = 0; i < 20; i++) {
      const action = sampleSpace(local.actionSpace, rng) as Float32Array;
      expect(await remote.step(action)).toEqual(local.step(action));
    }
    const { snapshot, sha256 } = await remote.snapshot();
    expect(sha256).toBe(sha256Hex(local.snapshot()));
    expect(sha256Hex(snapshot)).toBe(sha256);
    const camera = remote.cameras[0]!;
    const options = { width: 64, height: 48, depth: true, segmentation: true };
    expect(await remote.render(camera, options)).toEqual(local.render(camera, options));

    const action = sampleSpace(local.actionSpace, rng) as Float32Array;
    await remote.step(action);
    const ahead = await remote.snapshot();
    await remote.restore(snapshot);
    await remote.step(action);
    expect((await remote.snapshot()).sha256).toBe(ahead.sha256);
    local.close();
  });

  test("refuses what makes no sense, naming the field", async () => {
    const connection = connect();
    await expect(connection.create("manipulation/stack-cube")).rejects.toThrow(/did you mean "manipulation\/stack-cubes"\?/);
    const world = await connection.create(TASK);
    await expect(world.step(new Float32Array(7))).rejects.toThrow(StateError);
    await world.reset(0);
    await expect(world.step(new Float32Array(2))).rejects.toMatchObject({ path: "action" });
    await expect(world.step(new Float32Array(100).fill(NaN))).rejects.toThrow(InputError);
    await expect(world.render("moon")).rejects.toThrow(/Unknown camera "moon"/);
    await expect(world.render(world.cameras[0]!, { width: 100_000 })).rejects.toMatchObject({ path: "width" });
    const { snapshot } = await world.snapshot();
    const forged = snapshot.slice();
    forged[forged.length >> 1]! ^= 1;
    await expect(world.restore(forged)).rejects.toThrow(/^snapshot: is none of the 10000 newest that this server gave/);
    await world.restore(snapshot);
    await expect(connection.connection.request("environment.reset", { environment: "env-99" })).rejects.toThrow(
      'environment: "env-99" is no environment of this client. Open: env-1.',
    );
    await expect(connection.connection.request("environment.step", { environment: "env-1", action: [0] as never })).rejects.toMatchObject({
      path: "action",
    });
  });

  test("draws no picture that is larger than a message", async () => {
    const world = await connect().create(TASK);
    await world.reset(0);
    const camera = world.cameras[0]!;
    await expect(world.render(camera, { width: 2048, height: 2048, depth: true, segmentation: true })).rejects.toThrow(
      "width: width times height may be at most 465578 pixels with these channels (9 bytes a pixel), got 2048 x 2048.",
    );
    expect((await world.render(camera, { width: 1024, height: 1024 })).rgb).toHaveLength(1024 * 1024 * 3);
  });

  test("makes no more pictures for a client that does not read them", async () => {
    const other = await connect().create(TASK);
    await other.reset(0);
    const silent = new SilentClient(stage.server.url);
    open.push(silent);
    silent.say("40/environments,");
    await expect.poll(() => silent.text).toContain("40/environments,{");
    silent.say(`42/environments,0${JSON.stringify(["environment.create", { task: TASK }])}`);
    await expect.poll(() => silent.text).toContain('"environment":"env-1"');
    silent.stopReading();
    silent.say(`42/environments,1${JSON.stringify(["environment.reset", { environment: "env-1" }])}`);
    const picture = { environment: "env-1", camera: other.cameras[0]!, width: 1024, height: 1024 };
    for (let i = 0; i < 40; i++) {
      silent.say(`42/environments,${i + 2}${JSON.stringify(["environment.render", picture])}`);
      if (i % 4 === 0) await new Promise((resolve) => setTimeout(resolve, 10));
    }
    // Others are served meanwhile.
    expect((await other.snapshot()).sha256).toHaveLength(64);
    silent.readOn();
    await expect.poll(() => silent.text).toContain("/environments,41[");
    expect(silent.text).toContain("are on their way to this client; read those replies before asking for more.");
    expect(silent.bytes).toBeGreaterThan(1024 * 1024 * 3);
    expect(silent.bytes).toBeLessThan(24 * 1024 * 1024);
  });

  test("keeps clients apart, limits them, and frees their worlds when they go", async () => {
    const first = connect();
    for (let i = 0; i < 8; i++) await first.create(TASK);
    await expect(first.create(TASK)).rejects.toThrow("A client may have 8 environments; close one first.");
    const second = connect();
    const world = await second.create(TASK);
    expect(await health()).toMatchObject({ environments: 9 });
    await world.close();
    await expect(world.reset(0)).rejects.toThrow("Open: none.");
    first.close();
    await expect.poll(health).toMatchObject({ environments: 0 });
  });
});
