import { createEnvironment } from "@reverie/manipulation";
import { InputError, Rng, sampleSpace, sha256Hex, StateError } from "@reverie/core";
import { connectEnvironments, type EnvironmentsConnection } from "@reverie/wire";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Stage, TASK } from "./test-support.ts";

const stage = new Stage();
const open: EnvironmentsConnection[] = [];

function connect(): EnvironmentsConnection {
  const connection = connectEnvironments(stage.server.url);
  open.push(connection);
  return connection;
}

async function health(): Promise<{ environments: number }> {
  return (await (await fetch(`${stage.server.url}/healthz`)).json()) as { environments: number };
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
