import { StateError } from "@reverie/core";
import type { BodyVisibility } from "@reverie/core";
import { parentPort, workerData } from "node:worker_threads";
import { Rasteriser } from "../rasteriser.ts";
import { SceneGraph } from "../scene-graph.ts";
import { describeFailure, FIRST_HELD, NEXT_JOB, VISIBILITY_SIZE } from "./pool-messages.ts";
import type { FromWorker, JobFailure, SharedJob, ToWorker } from "./pool-messages.ts";

// A thread of a RenderPool: takes jobs from the batch's shared counter until none is left.

const rasteriser = new Rasteriser();
const graphs = new Map<number, SceneGraph>();

function graphOf(scene: number): SceneGraph {
  const graph = graphs.get(scene);
  if (graph === undefined) throw new StateError(`Scene ${scene} was not added to this thread.`);
  return graph;
}

function writeVisibility(visibility: readonly BodyVisibility[], out: Int32Array): void {
  visibility.forEach(({ visiblePixels, unoccludedPixels, box }, body) => {
    out.set([visiblePixels, unoccludedPixels, box?.x ?? 0, box?.y ?? 0, box?.width ?? 0, box?.height ?? 0], body * VISIBILITY_SIZE);
  });
}

function draw({ scene, camera, options, poses, previousPoses, image, visibility }: SharedJob): void {
  const graph = graphOf(scene);
  if (previousPoses !== undefined) graph.setPoses(previousPoses);
  graph.setPoses(poses);
  // Which job this thread drew before is chance.
  if (previousPoses === undefined) graph.setPreviousPoses(undefined);
  const drawn = rasteriser.render(graph, camera, { ...options, into: image });
  if (visibility !== undefined && drawn.visibility !== undefined) writeVisibility(drawn.visibility, visibility);
}

function work(control: Int32Array, held: number, jobs: readonly SharedJob[]): JobFailure[] {
  const failures: JobFailure[] = [];
  for (;;) {
    const job = Atomics.add(control, NEXT_JOB, 1);
    if (job >= jobs.length) return failures;
    Atomics.store(control, held, job + 1);
    try {
      draw(jobs[job]);
    } catch (error) {
      failures.push({ job, ...describeFailure(error) });
    }
    Atomics.store(control, held, 0);
  }
}

function answer(message: ToWorker, held: number): FromWorker | undefined {
  if (message.kind === "batch") return { kind: "batch", batch: message.batch, failures: work(message.control, held, message.jobs) };
  const { scene } = message;
  if (message.kind === "remove-scene") {
    graphs.get(scene)?.dispose();
    graphs.delete(scene);
    return undefined;
  }
  try {
    graphs.set(scene, new SceneGraph(message.description));
    return { kind: "scene", scene };
  } catch (error) {
    return { kind: "scene", scene, failure: describeFailure(error) };
  }
}

function start(): void {
  if (parentPort === null) throw new StateError("This file runs as a thread of a RenderPool only; call RenderPool.create().");
  const port = parentPort;
  const held = FIRST_HELD + (workerData as { readonly seat: number }).seat;
  port.on("message", (message: ToWorker) => {
    const reply = answer(message, held);
    if (reply !== undefined) port.postMessage(reply);
  });
  port.postMessage({ kind: "ready" } satisfies FromWorker);
}

start();
