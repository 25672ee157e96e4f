import type { Viewport } from "@reverie/render/web";
import { messageOf } from "@reverie/core";
import { useEffect, useRef, useState, type ReactNode } from "react";
import { poseFrames } from "../connection.ts";
import { taskTitle } from "../format.ts";
import { useStudio, type LinkStatus, type StudioState } from "../store.ts";
import { currentTheme, watchTheme } from "../theme.ts";

type View = "perspective" | "top" | "front";
const STAGE_WORDS: Readonly<Record<LinkStatus, string>> = {
  connecting: "Connecting to the server",
  connected: "Waiting for a scene",
  reconnecting: "Connecting to the server again",
  refused: "The server did not let this page in",
};
const VIEWS: readonly (readonly [view: View, label: string])[] = [
  ["perspective", "Orbit"],
  ["top", "Top"],
  ["front", "Front"],
];

/** Objects to mark: those under the pointer, else those of the step that runs now. Joined, so that equal lists are equal. */
function markedObjects(state: StudioState): string {
  const running = state.session?.steps.find((step) => step.status === "running");
  return (state.pointedObjects ?? Object.values(running?.args ?? {})).join("\n");
}

/** The 3D scene, driven by streamed poses. */
export function Stage(): ReactNode {
  const container = useRef<HTMLDivElement>(null);
  const [viewport, setViewport] = useState<Viewport>();
  const [problem, setProblem] = useState<string>();
  const [view, setView] = useState<string>("perspective");
  const scene = useStudio((state) => state.scene);
  const link = useStudio((state) => state.link);
  const marked = useStudio(markedObjects);
  const card = useStudio((state) => state.tasks.find((task) => task.id === state.session?.task));

  useEffect(() => {
    let made: Viewport | undefined;
    let gone = false;
    async function open(): Promise<void> {
      const { Viewport: ViewportClass } = await import("@reverie/render/web");
      // Starting WebGL can hold the whole page up for a while: everything else is shown first.
      await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
      if (gone) return;
      made = new ViewportClass(container.current!, { theme: currentTheme() });
      setViewport(made);
    }
    open().catch((error: unknown) => setProblem(messageOf(error)));
    const unwatch = watchTheme(() => made?.setTheme(currentTheme()));
    return () => {
      gone = true;
      unwatch();
      made?.dispose();
      setViewport(undefined);
    };
  }, []);

  useEffect(() => {
    if (viewport === undefined || scene === undefined) return;
    viewport.setScene(scene.scene);
    return poseFrames.subscribe((frame) => {
      if (frame.episode === scene.episode) viewport.setPoses(frame.poses);
    });
  }, [viewport, scene]);

  useEffect(() => {
    if (viewport === undefined || scene === undefined) return;
    const bodies = new Set(scene.scene.bodies.map((body) => body.id));
    viewport.highlight(marked.split("\n").filter((id) => bodies.has(id)));
  }, [viewport, scene, marked]);

  // A camera that is called like a view gives way to it.
  const cameras = (scene?.cameras ?? []).filter((camera) => !VIEWS.some(([id]) => id === camera));
  const shownView = VIEWS.some(([id]) => id === view) || cameras.includes(view) ? view : "perspective";
  // Not on every new scene: the eye stays where the person turned it.
  useEffect(() => viewport?.setView(shownView), [viewport, shownView]);

  const waiting = scene === undefined ? STAGE_WORDS[link] : undefined;
  return (
    <section className="stage" aria-label="Scene">
      <div className="stage-canvas" ref={container} />
      {(problem ?? waiting) !== undefined && (
        <p className="stage-message">{problem === undefined ? waiting : `The 3D view could not be opened: ${problem}`}</p>
      )}
      {card !== undefined && (
        <p className="stage-caption" title={card.description}>
          {taskTitle(card.id)}
        </p>
      )}
      {scene !== undefined && problem === undefined && (
        <fieldset className="segments stage-views">
          <legend className="visually-hidden">View</legend>
          {[...VIEWS, ...cameras.map((id) => [id, id] as const)].map(([id, label]) => (
            <label
              key={id}
              className="segment"
              data-camera={cameras.includes(id)}
              title={cameras.includes(id) ? `Through camera ${id}` : undefined}
            >
              <input type="radio" name="view" value={id} checked={shownView === id} onChange={() => setView(id)} />
              {label}
            </label>
          ))}
        </fieldset>
      )}
    </section>
  );
}
