// A world that lives on a server, stepped over a socket. `node docs/examples/remote-world.mjs http://127.0.0.1:4870`

import { connectEnvironments } from "@reverie/wire";

const [url = "http://127.0.0.1:4870"] = process.argv.slice(2);
const print = (text) => process.stdout.write(`${text}\n`);
const token = process.env.REVERIE_TOKEN;

const client = connectEnvironments(url, token === undefined ? {} : { token });
const world = await client.create("manipulation/pick-cube");
print(`${world.id}: ${world.controlHz} control steps a second, cameras ${world.cameras.join(", ")}`);

const { observation } = await world.reset(3);
const { snapshot, sha256 } = await world.snapshot();
const action = new Float32Array([...observation.proprioception.subarray(0, 7), 0]);
for (let i = 0; i < 20; i++) await world.step(action);
const image = await world.render("wrist", { width: 64, height: 64 });
print(`after 20 steps: a ${image.width}x${image.height} picture, ${image.rgb.length} bytes`);

await world.restore(snapshot);
const again = await world.snapshot();
print(`back at the start: ${again.sha256 === sha256 ? "the same state, bit for bit" : "another state"}`);
client.close();
