// A planner of your own, complete: npm install socket.io-client, then
// node docs/examples/my-planner.mjs http://127.0.0.1:4870
// It reads the instruction's words: the object named first goes onto the one named second.

import { io } from "socket.io-client";

const [url = "http://127.0.0.1:4870"] = process.argv.slice(2);
const print = (text) => process.stdout.write(`${text}\n`);
const socket = io(`${url}/planners`, { transports: ["websocket"], auth: { token: process.env.REVERIE_TOKEN } });

socket.on("connect", async () => {
  const reply = await socket.emitWithAck("planner.register", { name: "my-planner", privileged: false, protocolVersion: 1 });
  print(reply.ok ? `registered at ${url}` : `refused: ${reply.error.message}`);
});
socket.on("connect_error", (error) => print(`cannot connect: ${error.message}`));

// "What should the robot do?"
socket.on("planner.plan", async ({ requestId, instruction, objects }, reply) => {
  const start = performance.now();
  const { images } = await socket.emitWithAck("planner.observe", { requestId });
  print(`"${instruction}", seen by ${images.map(({ camera, width, height }) => `${camera} ${width}x${height}`).join(", ")}`);
  // This planner does not look at the pixels (images[0].rgb); yours may.
  const place = ({ description }) => instruction.toLowerCase().indexOf(description.split(" ")[0]);
  const [first, second] = objects.filter((object) => place(object) >= 0).toSorted((a, b) => place(a) - place(b));
  if (second === undefined) {
    reply({ ok: false, error: { code: "not-understood", message: `I need two objects, got "${instruction}".` } });
    return;
  }
  const text = `<think>${first.id} goes onto ${second.id}.</think>
<answer>1. pick(${first.id})
2. place(${first.id}, ${second.id})</answer>`;
  reply({ ok: true, text, usage: { latencyMs: performance.now() - start, attempts: 1 } });
});

// "Is this step complete?" The world's facts judge as well, and both verdicts are kept.
socket.on("planner.verify", (_request, reply) => {
  reply({ ok: true, complete: true, explanation: "I believe so.", usage: { latencyMs: 0, attempts: 1 } });
});
