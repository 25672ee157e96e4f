import { createEnvironment } from "@reverie/manipulation";
import { measureInTurns } from "../measure.mjs";

async function environmentAt(seed) {
  const environment = await createEnvironment("manipulation/stack-cubes");
  environment.reset({ seed });
  return environment;
}

/** Costs around the step loop; no peer in JavaScript offers the same, so these stand alone. */
export const suites = {
  "snapshot-restore": async (seconds) => {
    const environment = await environmentAt(1);
    const bytes = environment.snapshot();
    const { round } = measureInTurns({ round: () => environment.restore(environment.snapshot()) }, seconds);
    return {
      name: "snapshot-restore",
      unit: "round trips/s",
      ours: round,
      peers: {},
      ratio: {},
      note: `whole environment, ${bytes.length} bytes`,
    };
  },
  "camera-128": async (seconds) => {
    const environment = await environmentAt(1);
    const { frames } = measureInTurns({ frames: () => void environment.render("overview", { width: 128, height: 128 }) }, seconds);
    return {
      name: "camera-128",
      unit: "frames/s",
      ours: frames,
      peers: {},
      ratio: {},
      note: "128x128 RGB of stack-cubes on the CPU, one thread",
    };
  },
  reset: async (seconds) => {
    const environment = await environmentAt(1);
    let seed = 0;
    const { resets } = measureInTurns({ resets: () => void environment.reset({ seed: seed++ % 100 }) }, seconds);
    return {
      name: "reset",
      unit: "resets/s",
      ours: resets,
      peers: {},
      ratio: {},
      note: "stack-cubes: sampling, world building, 24 settling steps",
    };
  },
};
