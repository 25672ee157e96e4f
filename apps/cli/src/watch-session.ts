import type { Episode } from "@reverie/core";
import type { SessionState, ViewerConnection } from "@reverie/wire";
import type { CommandIo } from "./define-command.ts";

const WORD: Readonly<Record<string, string>> = { done: "done", failed: "failed", skipped: "skipped" };

/** Tells what happens in a server's session on the terminal: the plan once, each step when it ends, the score. */
export function narrate(viewer: ViewerConnection, io: CommandIo): void {
  let episode = 0;
  let told = 0;
  let announced = new Set<string>();
  let plan = -1;
  let failure: string | undefined;
  viewer.on("session.state", (state: SessionState) => {
    if (state.episode !== episode) {
      episode = state.episode;
      announced = new Set();
      plan = -1;
      failure = undefined;
    }
    if (state.phase === "planning" && !announced.has("instruction")) {
      announced.add("instruction");
      io.print(`\nEpisode ${++told}: ${state.task}, seed ${state.seed}`);
      io.print(`  Instruction: ${state.instruction}`);
    }
    const latest = Math.max(-1, ...state.steps.map((step) => step.plan));
    if (latest > plan) {
      plan = latest;
      const privileged = state.planner.privileged ? " (privileged: it reads the world's facts)" : "";
      io.print(`  ${latest === 0 ? "Plan" : `New plan ${latest}`} by ${state.planner.name}${privileged}:`);
      state.steps.filter((step) => step.plan === latest).forEach((step, i) => io.print(`    ${i + 1}. ${step.text}`));
    }
    state.steps.forEach((step, i) => {
      const word = WORD[step.status];
      const key = `${i}:${step.text}:${step.status}`;
      if (word === undefined || announced.has(key)) return;
      announced.add(key);
      const seen = step.monitor === undefined ? "" : `, monitor: ${step.monitor.complete ? "complete" : "not complete"}`;
      io.print(`  [${i + 1}/${state.steps.length}] ${step.text} ${word}${seen}${step.reason === undefined ? "" : ` (${step.reason})`}`);
    });
    if (state.failure !== undefined && state.failure.message !== failure) {
      failure = state.failure.message;
      io.say(`  ${failure}`);
    }
  });
  viewer.on("episode.finished", (finished: Episode) => {
    const reward =
      finished.reward === undefined ? "no reference plan to score against" : `match reward ${finished.reward.value.toFixed(3)}`;
    io.print(`  ${finished.success ? "Success" : "No success"} in ${finished.simSteps} control steps; ${reward}.`);
  });
}
