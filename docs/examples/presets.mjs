// What a preset makes of a few answers. `node docs/examples/presets.mjs <preset>`; without a name, all of them.

import {
  AdditiveRewardModel,
  buildReward,
  fitCentroids,
  judgeTrainingRows,
  learnedReward,
  OccupancyDiscriminator,
  PLAN_FEATURES,
  planFeatures,
  rewardPresets,
} from "@reverie/rewards";

const step = (skill, object) => ({ skill, args: { object } });
const reference = [step("open", "drawer"), step("pick", "cube"), step("place", "drawer")];
const GOAL = ["open(drawer)", "in(cube, drawer)"];

/** An answer to "put the cube into the drawer" whose replay reached the first `facts` facts of the goal. */
const answer = (predicted, facts, { violations = [], measures } = {}) => ({
  taskId: "tidy",
  instruction: "put the cube into the drawer",
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
    ...(measures && { measures }),
  },
});
const answers = {
  whole: answer(reference, 2),
  half: answer(reference.slice(0, 2), 1),
  crashed: answer(reference, 2, { violations: ["collision"] }),
};

const show = (value) => String(Number(value.toFixed(4)));
const list = (numbers) => numbers.map(show).join(", ");
const say = (line) => process.stdout.write(`  ${line}\n`);
const partsOf = ({ parts = {}, vetoed }) =>
  vetoed
    ? "vetoed"
    : Object.entries(parts)
        .map(([part, share]) => `${part} ${show(share)}`)
        .join(", ");

/** A group as a table: value, advantage, parts and what else there is. */
function table(names, group) {
  names.forEach((name, i) => {
    const more = Object.entries({ steps: group.stepRewards?.[i], weight: group.weights && [group.weights[i]] })
      .map(([label, numbers]) => (numbers ? `; ${label} ${list(numbers)}` : ""))
      .join("");
    const { value } = group.scores[i];
    const kept = group.mask[i] ? show(group.advantages[i]) : "left out";
    say(`${name.padEnd(8)} ${show(value).padEnd(6)} advantage ${kept.padEnd(8)} (${partsOf(group.scores[i])}${more})`);
  });
}

/** A token that pulls towards right answers (1) or away from them (-1). */
const token = (sign) => ({ ids: [0, 1], values: [sign / 2, -sign / 2] });
const response = (correct, ...signs) => ({ correct, g: signs.map(token), h: signs.map(() => [1, 0]) });

const features = (sample) => PLAN_FEATURES.map((name) => planFeatures(sample)[name]);

/** Where the gripper was, one feature for each state. */
const states = ({ rollout }) => rollout.steps.map(({ progress }) => [progress]);

/** A verdict on three answers. */
const text = (...scores) => {
  const order = scores.map((_, i) => i).sort((a, b) => scores[b] - scores[a]);
  const named = Object.fromEntries(scores.map((score, i) => [`model-${i + 1}`, score]));
  return JSON.stringify({ scores: named, "best-to-worst": order.map((i) => `model-${i + 1}`) });
};

const examples = {
  "manipulation.default"(spec) {
    const reward = buildReward(spec);
    const group = Object.values(answers);
    table(Object.keys(answers), reward.scoreGroup(group));
    reward.learnReferences([answers.half]);
    say("after learnReferences of half the plan:");
    table(Object.keys(answers), reward.scoreGroup(group));
    // The first token of the wrong answer is one that right answers need too.
    const hidden = [response(true, 1), response(false, 1, -1)];
    for (const progress of [0.1, 0.9]) {
      const { advantages, tokenAdvantages } = reward.scoreGroup(group.slice(0, 2), { hidden, progress });
      say(`progress ${progress}: half ${show(advantages[1])}, its tokens ${list(tokenAdvantages[1])}`);
    }
  },

  async "manipulation.photo"(spec) {
    const photos = { whole: reference, half: reference.slice(0, 2), thrice: reference.flatMap((own) => [own, own, own]) };
    const group = Object.values(photos).map((predicted) => {
      const { rollout: _, ...photo } = answer(predicted, 0);
      return { ...photo, references: [] };
    });
    // Stands for a model trained on pairs: repeated steps cost 2, wherever they come from.
    const trained = new AdditiveRewardModel([{ feature: "redundantSteps", knots: [0, 4], rises: [-2] }], 1);
    // Stands for a model behind a socket: sure of the whole plan, of two minds about the others.
    let calls = 0;
    const judge = async ({ samples }) => ({ text: samples[0] === group[0] ? "[[9]]" : `[[${[2, 6, 10][calls++ % 3]}]]` });
    const confidence = { centroids: fitCentroids([features(group[0])], { k: 1 }) };
    const bare = buildReward(spec);
    for (const line of bare.fallbacks()) say(line);
    const reward = buildReward(spec, { model: learnedReward(trained), judge, confidence, concurrency: 1 });
    table(Object.keys(photos), await reward.scoreGroupAsync(group));
  },

  "sparse.default"(spec) {
    table(Object.keys(answers), buildReward(spec).scoreGroup(Object.values(answers)));
    // The base policy stays near 0, the policy in training is found near 1.
    const discriminator = new OccupancyDiscriminator();
    discriminator.fit([[1], [0.9], [0.2]], [[0], [0.1], [0.8]]);
    const reward = buildReward(spec, { occupancy: { discriminator, states, correlation: 0.8 } });
    const group = reward.scoreGroup(Object.values(answers));
    say(`with the occupancy penalty ${list(group.penalties)}:`);
    table(Object.keys(answers), group);
  },

  "uav.default"(spec) {
    const measures = { safety: 0.9, coverage: 0.8, energy: 0.6, time: 0.7, geofence: 1, clearance: 1 };
    const flights = {
      calm: answer(reference, 2, { measures }),
      close: answer(reference, 2, { measures: { ...measures, coverage: 1, clearance: 0.9 } }),
      unsafe: answer(reference, 2, { measures: { ...measures, coverage: 1, safety: 0.4 } }),
    };
    const reward = buildReward(spec);
    table(Object.keys(flights), reward.scoreGroup(Object.values(flights)));
    for (let batch = 0; batch < 1000; batch++) reward.update([reward.scoreGroup(Object.values(flights))]);
    say(
      `multipliers after 1000 batches: ${Object.entries(reward.multipliers())
        .map(([part, weight]) => `${part} ${show(weight)}`)
        .join(", ")}`,
    );
    table(Object.keys(flights), reward.scoreGroup(Object.values(flights)));
  },

  "unlabelled.default"(spec) {
    const reward = buildReward(spec);
    const { whole, half } = answers;
    // Of the task two of three answer the whole plan, of its other view two of three half of it.
    const group = reward.scoreGroup([whole, whole, half], { view: { samples: [half, half, whole] } });
    say(`task: majority share ${show(group.majorityShare)}`);
    table(["whole", "whole", "half"], group);
    say(`view: majority share ${show(group.view.majorityShare)}`);
    table(["half", "half", "whole"], group.view);
    const rounds = [
      { majorityShare: 0.6, passRate: 0.5 },
      { majorityShare: 0.98, passRate: 0.3 },
    ];
    say(`collapsed: ${reward.collapsed(rounds.slice(0, 1))}, then ${reward.collapsed(rounds)}`);
  },

  "judge.train"(spec) {
    const reward = buildReward(spec);
    const pairs = [
      { taskId: "tidy", chosen: answers.whole, rejected: answers.half, source: "simulator" },
      ...reward.augment([answers.whole]),
    ];
    const rows = judgeTrainingRows(pairs);
    say(`${pairs.length} pairs, ${rows.length} prompts, better: ${rows.map(({ label }) => label).join(", ")}`);
    const verdicts = { right: "A keeps the order. <answer>[[A]]</answer>", wrong: "<answer>[[B]]</answer>", both: "[[A]] or [[B]]" };
    const samples = Object.values(verdicts).map((text) => ({ predicted: undefined, format: true, references: [], text, truth: "A" }));
    table(Object.keys(verdicts), reward.scoreGroup(samples));
  },

  "judge.train-listwise"(spec) {
    const reward = buildReward(spec);
    // The replays of three answers reached progress 1, 0.5 and 0: true scores 1 + 4 x progress.
    const truth = [5, 3, 1];
    const verdicts = { right: text(5, 3, 1), swapped: text(3, 5, 1), silent: "" };
    const samples = Object.values(verdicts).map((own) => ({ predicted: undefined, format: true, references: [], text: own, truth }));
    table(Object.keys(verdicts), reward.scoreGroup(samples));
  },
};

const [wanted] = process.argv.slice(2);
for (const spec of wanted === undefined ? rewardPresets : [rewardPresets.get(wanted)]) {
  process.stdout.write(`${spec.id}\n`);
  await examples[spec.id](spec);
}
