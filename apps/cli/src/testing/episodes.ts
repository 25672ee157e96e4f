import { createEnvironment } from "@reverie/manipulation";
import { PlannerAgent, SymbolicBackend } from "@reverie/planning";
import { runEpisode } from "@reverie/rollout";

// Runs in Node and in a browser: whole episodes of the symbolic planner, and what they came to.

/** `[success, match reward, control steps, SHA-256 of the final snapshot]` for each seed. */
export async function episodeDigests(task: string, seeds: readonly number[]): Promise<[boolean, number, number, string][]> {
  const environment = await createEnvironment(task);
  const digests: [boolean, number, number, string][] = [];
  for (const seed of seeds) {
    const episode = await runEpisode({ environment, planner: new PlannerAgent(new SymbolicBackend()), seed });
    digests.push([episode.success, episode.reward?.value ?? -1, episode.simSteps, episode.stateHash]);
  }
  environment.close();
  return digests;
}
