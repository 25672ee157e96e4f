// What each preset makes of three answers to one task. `node docs/examples/presets.mjs`

import { buildReward, rewardPresets } from "@reverie/rewards";

const step = (skill, object) => ({ skill, args: { object } });
const reference = [step("open", "drawer"), step("pick", "cube"), step("place", "drawer")];
const GOAL = ["open(drawer)", "in(cube, drawer)"];

/** An answer whose replay reached the first `facts` facts of the goal. */
const answer = (predicted, facts, violations = []) => ({
  taskId: "tidy",
  format: true,
  predicted,
  references: [reference],
  goal: GOAL,
  rollout: {
    steps: predicted.map(({ skill }, i) => ({ skill, succeeded: i < 3, progress: Math.min(facts / 2, (i + 1) / 3) })),
    success: facts === 2,
    progress: facts / 2,
    violations,
    facts: GOAL.slice(0, facts),
  },
});
const answers = {
  whole: answer(reference, 2),
  half: answer(reference.slice(0, 2), 1),
  crashed: answer(reference, 2, ["collision"]),
};

const show = (value) => String(Number(value.toFixed(4)));
for (const preset of rewardPresets) {
  const reward = buildReward(preset);
  const { scores, advantages, stepRewards } = reward.scoreGroup(Object.values(answers));
  process.stdout.write(`${preset.id}\n`);
  Object.keys(answers).forEach((name, i) => {
    const { value, parts = {}, vetoed } = scores[i];
    const made = vetoed
      ? "vetoed"
      : Object.entries(parts)
          .map(([part, share]) => `${part} ${show(share)}`)
          .join(", ");
    const steps = stepRewards === undefined ? "" : `; steps ${stepRewards[i].map(show).join(", ")}`;
    process.stdout.write(`  ${name.padEnd(8)} ${show(value).padEnd(6)} advantage ${show(advantages[i]).padEnd(7)} (${made}${steps})\n`);
  });
}
