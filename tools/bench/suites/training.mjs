import { Contender } from "../contender.mjs";
import { MODEL, NEW_TOKENS } from "../contenders.mjs";

const TOKENS = MODEL.batch * MODEL.length;
const NAME = `${MODEL.layers} layers, width ${MODEL.width}, ${MODEL.heads} heads, batch ${MODEL.batch} x ${MODEL.length} tokens, AdamW, clipping, float32`;

/** Starts contenders, lets each run once untimed, then in turns for about so long each, so that a slow moment hits all. */
async function inTurns(entries, seconds) {
  const contenders = [];
  try {
    for (const [name, options] of entries) {
      const contender = await Contender.start(name, options);
      contenders.push(contender);
      await contender.run(1);
      contender.forgetTimes();
    }
    const start = performance.now();
    for (let turn = 0; turn < 3 || performance.now() - start < seconds * 1000 * entries.length; turn++) {
      // A slow peer that has its three steps need not hold the others up.
      for (const contender of contenders) if (turn < 3 || contender.median < 1000) await contender.run(1);
    }
    return contenders;
  } finally {
    for (const contender of contenders) contender.stop();
  }
}

const gigaflops = ({ facts, median }) => facts.flops / median / 1e6;

/** Share of ONNX Runtime's own rate for one large matrix product, and tokens per second, on so many threads. */
async function trainingShare(name, threads, seconds) {
  const [ours, product] = await inTurns(
    [
      ["ours", { threads }],
      ["product", { threads }],
    ],
    seconds,
  );
  return {
    name,
    unit: "GFLOP/s in matrix products of whole training steps",
    ours: gigaflops(ours),
    peers: { "ONNX Runtime, one 2048 x 2048 product": gigaflops(product) },
    ratio: { "ONNX Runtime, one 2048 x 2048 product": gigaflops(ours) / gigaflops(product) },
    note: `${NAME}; ${threads} thread${threads === 1 ? "" : "s"}; ${Math.round((TOKENS * 1000) / ours.median)} tokens/s, medians of ${ours.milliseconds.length} steps; peak memory ${(ours.peakBytes / 2 ** 30).toFixed(2)} GiB`,
  };
}

export const suites = {
  "train-1-thread": (seconds) => trainingShare("train-1-thread", 1, seconds),
  "train-2-threads": (seconds) => trainingShare("train-2-threads", 2, seconds),
  "train-peers": async (seconds) => {
    const threads = { "jax-js": 1, tfjs: 1, "tfjs, gradients tuned by hand": 1 };
    const [ours, ...peers] = await inTurns(
      [["ours", { threads: 1 }], ...Object.entries(threads).map(([name, count]) => [name, { threads: count }])],
      seconds,
    );
    const rate = ({ median }) => (TOKENS * 1000) / median;
    const rates = Object.fromEntries(Object.keys(threads).map((name, i) => [name, rate(peers[i])]));
    const first = [ours, ...peers].map(({ losses }) => losses[0].toFixed(4));
    return {
      name: "train-peers",
      unit: "tokens/s in training, one thread each",
      ours: rate(ours),
      peers: rates,
      ratio: Object.fromEntries(Object.entries(rates).map(([name, value]) => [name, rate(ours) / value])),
      note: `${NAME}; the same starting weights and batch: first losses ${first.join(", ")}; neither peer uses threads in Node as installed; tfjs with its own gradients, and with gradients written around its slow products`,
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
