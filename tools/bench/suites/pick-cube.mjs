import loadMujoco from "@mujoco/mujoco";
import { createEnvironment } from "@reverie/manipulation";
import { measureInTurns } from "../measure.mjs";
import { sceneToMjcf } from "../scene-to-mjcf.mjs";

const TASK = "manipulation/pick-cube";
const SEED = 1;
const SUBSTEPS = 6;
const TIMESTEP = 1 / 120;

/** Joint targets and opening for every control step of the reference plan: what both engines are driven with. */
async function recordActions() {
  const environment = await createEnvironment(TASK);
  environment.reset({ seed: SEED });
  const actions = [];
  const step = environment.step.bind(environment);
  environment.step = (action) => {
    actions.push(Float32Array.from(action));
    return step(action);
  };
  const run = environment.execute(environment.assignment.references[0][0]);
  while (!run.next().done);
  const { scene } = environment;
  environment.close();
  return { actions, scene };
}

/** Our environment, stepped through the actions again and again; `look` renders after every step. */
async function ours(actions, look) {
  const environment = await createEnvironment(TASK);
  environment.reset({ seed: SEED });
  // An episode's reset is left out of the figure on both sides: a snapshot brings the start back.
  const start = environment.snapshot();
  let i = 0;
  return () => {
    if (i === actions.length || environment.ended) {
      environment.restore(start);
      i = 0;
    }
    environment.step(actions[i++]);
    if (look) environment.render("overview", { width: 128, height: 128 });
  };
}

async function mujoco(actions, scene) {
  const engine = await loadMujoco();
  const { xml, controls } = sceneToMjcf(scene, TIMESTEP);
  const model = engine.MjModel.from_xml_string(xml);
  const data = new engine.MjData(model);
  const start = new Map(scene.joints.map((joint) => [joint.id, joint.motor?.target ?? 0]));
  const reset = () => {
    engine.mj_resetData(model, data);
    // Hinges and slides come first in depth-first order of our scenes: arm joints, fingers, then the cubes' free joints.
    const order = scene.joints.map((joint) => start.get(joint.id));
    data.qpos.set(order.slice(0, 9), 0);
    engine.mj_forward(model, data);
  };
  reset();
  const ctrl = new Float64Array(controls.length);
  const proprioception = new Float32Array(22);
  let i = 0;
  return () => {
    if (i === actions.length) {
      reset();
      i = 0;
    }
    const action = actions[i++];
    for (let j = 0; j < 7; j++) ctrl[j] = action[j];
    ctrl[7] = ctrl[8] = action[7] / 2;
    data.ctrl.set(ctrl);
    for (let k = 0; k < SUBSTEPS; k++) engine.mj_step(model, data);
    const { qpos, qvel } = data;
    for (let j = 0; j < 9; j++) {
      proprioception[j] = qpos[j];
      proprioception[j + 9] = qvel[j];
    }
    if (!Number.isFinite(proprioception[0])) throw new Error("MuJoCo's state is not finite: the scenes are not equal.");
  };
}

const NOTE = `${TASK}, seed ${SEED}, actions of the reference plan, 20 Hz control, ${SUBSTEPS} physics steps of 1/120 s each, one thread; ours includes observation, goal check and action validation; each engine with its own defaults otherwise (in ours, resting cubes sleep)`;

/** Control steps per second without and with a camera, beside MuJoCo's WASM build in the same run. */
export const suites = {
  "pick-cube-state": async (seconds) => {
    const { actions, scene } = await recordActions();
    const rates = measureInTurns({ ours: await ours(actions, false), mujoco: await mujoco(actions, scene) }, seconds);
    return {
      name: "pick-cube-state",
      unit: "control steps/s",
      ours: rates.ours,
      peers: { "mujoco-wasm": rates.mujoco },
      ratio: { "mujoco-wasm": rates.ours / rates.mujoco },
      note: NOTE,
    };
  },
  "pick-cube-camera": async (seconds) => {
    const { actions, scene } = await recordActions();
    const rates = measureInTurns({ ours: await ours(actions, true), mujoco: await mujoco(actions, scene) }, seconds);
    return {
      name: "pick-cube-camera",
      unit: "control steps/s with a 128x128 RGB image each",
      ours: rates.ours,
      peers: { "mujoco-wasm (no camera)": rates.mujoco },
      ratio: { "mujoco-wasm (no camera)": rates.ours / rates.mujoco },
      note: `${NOTE}; MuJoCo's WASM build has no renderer that runs without a GPU or browser, so its figure is without pictures`,
    };
  },
};
