import { Rng } from "@reverie/core";
import { parsePlanLoose } from "@reverie/planning";
import { PlanMatcher, scorePlan } from "@reverie/rewards";
import { skills } from "@reverie/skills";
import { linearSumAssignment } from "linear-sum-assignment";
import { measureInTurns } from "../measure.mjs";

const SIGNATURES = [...skills].map(({ signature }) => signature);
const OBJECTS = ["red_cube", "green_cube", "blue_cube", "bin", "drawer"];
const PAIRS = 64;

function randomPlans(length, seed) {
  const rng = new Rng(seed);
  const step = () => {
    const signature = rng.choice(SIGNATURES);
    return { skill: signature.name, args: Object.fromEntries(signature.parameters.map(({ name }) => [name, rng.choice(OBJECTS)])) };
  };
  return Array.from({ length: PAIRS }, () => ({
    predicted: Array.from({ length }, step),
    reference: Array.from({ length }, step),
  }));
}

/** Ordered matching of parsed plans, beside the unordered matching of the same similarities by a package. */
async function matching(length, seconds) {
  const pairs = randomPlans(length, 1);
  const matcher = new PlanMatcher();
  const interned = pairs.map(({ predicted, reference }) => [matcher.intern(predicted), matcher.intern(reference)]);
  const costs = pairs.map(({ predicted, reference }) =>
    predicted.map((a) =>
      reference.map((b) => (a.skill === b.skill ? -(0.4 + 0.6 * Number(JSON.stringify(a.args) === JSON.stringify(b.args))) : 0)),
    ),
  );
  let [i, k] = [0, 0];
  let sum = 0;
  const rates = measureInTurns(
    {
      ours: () => {
        const [predicted, reference] = interned[i++ % PAIRS];
        sum += matcher.orderedScore(predicted, reference);
      },
      assignment: () => {
        sum += linearSumAssignment(costs[k++ % PAIRS], { maximaze: false }).gain;
      },
    },
    seconds,
  );
  if (!Number.isFinite(sum)) throw new Error("A score was not a number.");
  return {
    name: `match-${length}`,
    unit: `ordered-match scores/s at ${length} x ${length} steps`,
    ours: rates.ours,
    peers: { "linear-sum-assignment": rates.assignment },
    ratio: { "linear-sum-assignment": rates.ours / rates.assignment },
    note: `${PAIRS} random pairs of plans over ${SIGNATURES.length} skills; ours compares steps and matches in order; the package gets the similarities ready made and matches without order`,
  };
}

export const suites = {
  "match-10": (seconds) => matching(10, seconds),
  "match-40": (seconds) => matching(40, seconds),
  "score-text": async (seconds) => {
    const pairs = randomPlans(4, 2);
    const texts = pairs.map(({ predicted }) => {
      const lines = predicted.map(({ skill, args }, n) => `${n + 1}. ${skill}(${Object.values(args).join(", ")})`);
      return `<think>first one thing, then the other</think><answer>${lines.join("\n")}</answer>`;
    });
    let i = 0;
    const { ours } = measureInTurns(
      {
        ours: () => {
          const n = i++ % PAIRS;
          const { plan, format } = parsePlanLoose(texts[n], { skills: SIGNATURES });
          scorePlan({ predicted: plan?.steps, format, references: [pairs[n].reference] });
        },
      },
      seconds,
    );
    return {
      name: "score-text",
      unit: "plan texts parsed, scored and explained/s",
      ours,
      peers: {},
      ratio: {},
      note: "4 steps with reasoning, one reference, one thread",
    };
  },
};
