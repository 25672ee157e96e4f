import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { Pacer } from "./pacer.ts";

/** Runs plan steps of `controlSteps` each through a pacer and writes down what happens. */
function drive(pacer: Pacer, planSteps: number, controlSteps: number, signal: AbortSignal): { trace: string[]; done: Promise<void> } {
  const trace: string[] = [];
  async function go(): Promise<void> {
    for (let step = 1; step <= planSteps; step++) {
      await pacer.pass("plan-step", 0.01, signal);
      if (signal.aborted) return;
      trace.push(`begin ${step}`);
      for (let i = 0; i < controlSteps; i++) {
        await pacer.pass("control-step", 0.01, signal);
        if (signal.aborted) return;
      }
      trace.push(`end ${step}`);
    }
  }
  return { trace, done: go() };
}

describe("Pacer", () => {
  const never = new AbortController().signal;

  test.each([
    [1, 200],
    [4, 50],
  ])("at speed %d lets 0.2 simulated seconds take no less than about %d ms", async (speed, expected) => {
    const pacer = new Pacer(() => undefined);
    pacer.speed = speed;
    const started = performance.now();
    await drive(pacer, 1, 20, never).done;
    const took = performance.now() - started;
    expect(took).toBeGreaterThan(expected * 0.9);
  });

  test("gives way to others however fast it runs", async () => {
    const pacer = new Pacer(() => undefined);
    pacer.speed = 1e9;
    const breaths: number[] = [];
    const timer = setInterval(() => breaths.push(performance.now()), 1);
    const end = performance.now() + 10_000;
    while (breaths.length < 4 && performance.now() < end) await pacer.pass("control-step", 0.01, never);
    clearInterval(timer);
    expect(breaths.length).toBeGreaterThan(3);
  });

  test("runs one plan step at a time, then holds and says so", async () => {
    let held = 0;
    const pacer = new Pacer(() => held++);
    pacer.speed = 50;
    pacer.stepOnce();
    const { trace, done } = drive(pacer, 3, 2, never);
    await expect.poll(() => held).toBe(1);
    expect(trace).toEqual(["begin 1", "end 1"]);
    expect(pacer.paused).toBe(true);
    pacer.stepOnce();
    await expect.poll(() => held).toBe(2);
    expect(trace.at(-1)).toBe("end 2");
    pacer.resume();
    await done;
    expect(trace.at(-1)).toBe("end 3");
    expect(held).toBe(2);
  });

  test("a step asked for in the middle of one is the rest of that one", async () => {
    let held = 0;
    const pacer = new Pacer(() => held++);
    const { trace } = drive(pacer, 3, 100, never);
    await expect.poll(() => trace).toEqual(["begin 1"]);
    pacer.pause();
    pacer.speed = 50;
    await sleep(30);
    expect(trace).toEqual(["begin 1"]);
    pacer.stepOnce();
    await expect.poll(() => held).toBe(1);
    expect(trace).toEqual(["begin 1", "end 1"]);
  });

  test("holds while paused and is let go by the signal", async () => {
    const controller = new AbortController();
    const pacer = new Pacer(() => undefined);
    pacer.pause();
    const { trace, done } = drive(pacer, 2, 1, controller.signal);
    await sleep(30);
    expect(trace).toEqual([]);
    controller.abort();
    await done;
    expect(trace).toEqual([]);
  });
});
