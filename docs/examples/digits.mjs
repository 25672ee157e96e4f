// Trains a classifier of noisy digits that are drawn on the fly, and saves it. `node docs/examples/digits.mjs`
import { Rng } from "@reverie/core";
import { hostTensor, nn, ops, optim, ParameterSet } from "@reverie/tensor";
import { compile, Trainer, writeModelFile } from "@reverie/tensor/node";

const GLYPHS = [31599, 11415, 29671, 29647, 23497, 31183, 31215, 29257, 31727, 31695]; // 3 x 5 pixels each, as bits
const rng = new Rng(1);
function draw(count) {
  const images = Float32Array.from({ length: count * 100 }, () => rng.normal(0, 0.15));
  const labels = Int32Array.from({ length: count }, () => rng.integer(0, 9));
  for (const [i, digit] of labels.entries()) {
    const corner = i * 100 + rng.integer(0, 5) * 10 + rng.integer(0, 7);
    for (let bit = 0; bit < 15; bit++) images[corner + Math.floor(bit / 3) * 10 + (bit % 3)] += (GLYPHS[digit] >> (14 - bit)) & 1;
  }
  return { images: hostTensor(images, [count, 1, 10, 10]), labels: hostTensor(labels) };
}

const parameters = new ParameterSet({ seed: 1 });
const features = new nn.Conv2d(parameters.scope("features"), 1, 16, 5);
const hidden = new nn.Linear(parameters.scope("hidden"), 16 * 6 * 6, 64);
const head = new nn.Linear(parameters.scope("head"), 64, 10);
const classify = (images) => head.apply(ops.relu(hidden.apply(ops.reshape(ops.relu(features.apply(images)), [-1, 16 * 6 * 6]))));

const inputs = { images: { dtype: "float32", shape: ["batch", 1, 10, 10] }, labels: { dtype: "int32", shape: ["batch"] } };
const loss = ({ images, labels }) => ops.crossEntropy(classify(images), labels);
const learningRate = optim.warmupCosine({ peak: 5e-3, warmupSteps: 100, totalSteps: 1500 });
const trainer = await Trainer.create({ parameters, inputs, loss, optimiser: optim.adamW({ learningRate }) });
for (let i = 0; i < 1500; i++) await trainer.step(draw(64));

const model = await compile({ inputs: { images: inputs.images }, outputs: ({ images }) => ({ digit: ops.argMax(classify(images)) }) });
const { images, labels } = draw(2000);
const { digit } = await model.run({ images });
const right = labels.data.filter((label, i) => label === Number(digit.data[i])).length;
process.stdout.write(`${((100 * right) / labels.data.length).toFixed(1)} % of 2000 new digits are read correctly\n`);
await writeModelFile("out/digits.onnx", model.model);
