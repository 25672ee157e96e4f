import { Contender } from "../contender.mjs";
import { MODEL, NEW_TOKENS } from "../contenders.mjs";

/** Ours goes through the batch in this many parts within a step; the peers have no such thing. */
const MICRO_BATCHES = 2;
const TOKENS = MODEL.batch * MODEL.length;
const NAME = `${MODEL.layers} layers, width ${MODEL.width}, ${MODEL.heads} heads, batch ${MODEL.batch} x ${MODEL.length} tokens, AdamW, clipping, float32`;

/** Turns that everybody gets, whatever the time asked for. */
const TURNS = 5;
/** A contender whose step takes longer than this has one timed step: it would hold the others up for minutes. */
const SLOW_MS = 10_000;
/** Each turn lasts about so long for each contender. */
const TURN_MS = 1500;

/** Starts contenders, lets each make one step untimed, then takes turns, so that a slow moment of the machine hits all. */
async function inTurns(entries, seconds) {
  const contenders = [];
  try {
    for (const [name, options] of entries) {
      const contender = await Contender.start(name, options);
      contenders.push(contender);
      await contender.run(1);
      contender.stepsPerTurn = Math.max(1, Math.round(TURN_MS / contender.milliseconds[0]));
      contender.forgetTimes();
    }
    const turns = Math.max(TURNS, Math.round((seconds * 1000) / TURN_MS));
    for (let turn = 0; turn < turns; turn++) {
      for (const contender of contenders) {
        if (contender.milliseconds.length === 0 || contender.median < SLOW_MS) await contender.run(contender.stepsPerTurn);
      }
    }
    return contenders;
  } finally {
    for (const contender of contenders) contender.stop();
  }
}

const tokenRate = ({ median }) => (TOKENS * 1000) / median;
const gigaflops = ({ facts, median }) => facts.flops / median / 1e6;

/** Share of ONNX Runtime's own rate for one large matrix product, and tokens per second, on so many threads. */
async function trainingShare(name, threads, seconds) {
  // Waiting threads spin, for both alike: a thousand calls in a step hand work to the second thread.
  const spin = threads > 1;
  const [ours, product] = await inTurns(
    [
      ["ours", { threads, spin, microBatches: MICRO_BATCHES }],
      ["product", { threads, spin }],
    ],
    seconds,
  );
  return {
    name,
    unit: "GFLOP/s in matrix products of whole training steps",
    ours: gigaflops(ours),
    peers: { "ONNX Runtime, one 2048 x 2048 product": gigaflops(product) },
    ratio: { "ONNX Runtime, one 2048 x 2048 product": gigaflops(ours) / gigaflops(product) },
    note: `${NAME}; ${threads === 1 ? "1 thread" : `${threads} threads that spin while they wait`}; ${MICRO_BATCHES} micro-batches in a step; ${Math.round(tokenRate(ours))} tokens/s, medians of ${ours.milliseconds.length} steps; peak memory ${(ours.peakBytes / 2 ** 30).toFixed(2)} GiB`,
  };
}

export const suites = {
  "train-1-thread": (seconds) => trainingShare("train-1-thread", 1, seconds),
  "train-2-threads": (seconds) => trainingShare("train-2-threads", 2, seconds),
  "train-peers": async (seconds) => {
    const threads = { "jax-js": 1, tfjs: 1, "tfjs, gradients tuned by hand": 1 };
    const [ours, ...peers] = await inTurns(
      [
        ["ours", { threads: 1, microBatches: MICRO_BATCHES }],
        ...Object.entries(threads).map(([name, count]) => [name, { threads: count }]),
      ],
      seconds,
    );
    const rates = Object.fromEntries(Object.keys(threads).map((name, i) => [name, tokenRate(peers[i])]));
    const first = [ours, ...peers].map(({ losses }) => losses[0].toFixed(4));
    return {
      name: "train-peers",
      unit: "tokens/s in training, one thread each",
      ours: tokenRate(ours),
      peers: rates,
      ratio: Object.fromEntries(Object.entries(rates).map(([name, value]) => [name, tokenRate(ours) / value])),
      note: `${NAME}; the same starting weights and batch: first losses ${first.join(", ")}; neither peer uses threads in Node as installed; tfjs once with its own gradients, once with gradients written by hand around its slow products; medians, one step only for what takes over 10 s`,
    };
  },
  "decode-16": async (seconds) => {
    const [decoder] = await inTurns([["decoder", { threads: 1 }]], seconds);
    return {
      name: "decode-16",
      unit: "tokens/s sampled with a key-value cache",
      ours: (MODEL.batch * NEW_TOKENS * 1000) / decoder.median,
      peers: {},
      ratio: {},
      note: `the model of the training measurements, ${MODEL.batch} sequences continued by ${NEW_TOKENS} tokens each, one thread`,
    };
  },
};
