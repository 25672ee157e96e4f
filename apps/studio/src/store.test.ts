import { expect, test } from "vitest";
import { episodeWith, sessionWith } from "./test-support.ts";
import { chosenCamera, chosenSeed, chosenTask, createStudioStore, HISTORY_LIMIT } from "./store.ts";

const scene = { episode: 1, scene: { bodies: [], joints: [], cameras: [] }, objects: [], cameras: ["overhead", "wrist"] };

test("task and seed follow the session until the person chooses their own", () => {
  const store = createStudioStore();
  expect(chosenTask(store.getState())).toBeUndefined();
  store.getState().stateReceived(sessionWith({ task: "manipulation/a", seed: 3 }));
  expect([chosenTask(store.getState()), chosenSeed(store.getState())]).toEqual(["manipulation/a", "3"]);
  store.getState().draftChanged({ task: "manipulation/b", seed: "" });
  store.getState().stateReceived(sessionWith({ task: "manipulation/c", seed: 4 }));
  expect([chosenTask(store.getState()), chosenSeed(store.getState())]).toEqual(["manipulation/b", ""]);
});

test("the camera is the scene's first until one is chosen that the scene has; none stays none", () => {
  const store = createStudioStore();
  expect(chosenCamera(store.getState())).toBeNull();
  store.getState().sceneReceived(scene);
  expect(chosenCamera(store.getState())).toBe("overhead");
  store.getState().cameraChosen("wrist");
  expect(chosenCamera(store.getState())).toBe("wrist");
  store.getState().sceneReceived({ ...scene, cameras: ["front"] });
  expect(chosenCamera(store.getState())).toBe("front");
  store.getState().cameraChosen(null);
  expect(chosenCamera(store.getState())).toBeNull();
});

test("an error stays until the person types or the next request begins", () => {
  const store = createStudioStore();
  const error = { code: "invalid-input", message: "instruction: too long" };
  store.getState().requestBegan("start");
  expect(store.getState().starting).toBe(true);
  store.getState().requestEnded(error);
  expect([store.getState().starting, store.getState().error]).toEqual([false, error]);
  store.getState().stateReceived(sessionWith());
  expect(store.getState().error).toEqual(error);
  store.getState().draftChanged({ instruction: "put" });
  expect(store.getState().error).toBeUndefined();
  store.getState().requestEnded(error);
  store.getState().requestBegan("other");
  expect(store.getState().error).toBeUndefined();
});

test("losing the connection forgets the round trip and frees the Run button", () => {
  const store = createStudioStore();
  store.getState().linkChanged("connected");
  store.getState().latencyMeasured(12);
  store.getState().requestBegan("start");
  store.getState().linkChanged("reconnecting");
  const { link, latencyMs, starting } = store.getState();
  expect([link, latencyMs, starting]).toEqual(["reconnecting", undefined, false]);
  expect(store.getState().draftChanged).toBeTypeOf("function");
});

test("history holds the newest episodes first and never more than its limit", () => {
  const store = createStudioStore();
  for (let seed = 0; seed < HISTORY_LIMIT + 5; seed++) store.getState().episodeFinished(episodeWith({ seed }));
  const { history } = store.getState();
  expect(history).toHaveLength(HISTORY_LIMIT);
  expect(history[0]).toMatchObject({ seed: HISTORY_LIMIT + 4, key: HISTORY_LIMIT + 5 });
  expect(new Set(history.map((row) => row.key)).size).toBe(HISTORY_LIMIT);
});

test("history keeps reward and failure only where an episode has them", () => {
  const store = createStudioStore();
  store.getState().episodeFinished(episodeWith({ reward: { value: 0.5, parts: {}, matches: [], reference: 0 } }));
  store.getState().episodeFinished(episodeWith({ success: false, failure: { code: "timeout", message: "The planner was silent." } }));
  const [failed, rewarded] = store.getState().history;
  expect(rewarded).toMatchObject({ reward: 0.5 });
  expect(rewarded).not.toHaveProperty("failure");
  expect(failed).toMatchObject({ failure: "The planner was silent.", success: false });
});
