import { useEffect, useRef, type ReactNode } from "react";
import { control, playOrPause, setSpeed } from "../commands.ts";
import { poseFrames } from "../connection.ts";
import { formatSeconds, isActive, phaseWord } from "../format.ts";
import { useStudio } from "../store.ts";
import { PauseIcon, PlayIcon, ResetIcon, StepIcon, StopIcon } from "./icons.tsx";

const SPEEDS = [0.25, 0.5, 1, 2, 4, 8] as const;

function SpeedControl(): ReactNode {
  const speed = useStudio((state) => state.session?.speed);
  const connected = useStudio((state) => state.link === "connected");
  return (
    <fieldset className="segments" disabled={speed === undefined || !connected}>
      <legend className="visually-hidden">Speed: simulated seconds per second</legend>
      {SPEEDS.map((option) => (
        <label key={option} className="segment number" title={`${option} simulated seconds per second`}>
          <input type="radio" name="speed" value={option} checked={speed === option} onChange={() => void setSpeed(option)} />
          {option}x
        </label>
      ))}
    </fieldset>
  );
}

/** Step and time of the newest frame; written past React, at the rate of the frames. */
function Clock(): ReactNode {
  const session = useStudio((state) => state.session);
  const step = useRef<HTMLSpanElement>(null);
  const time = useRef<HTMLSpanElement>(null);
  const bar = useRef<HTMLSpanElement>(null);
  const episode = session?.episode;
  const maxSteps = session?.maxSteps ?? 0;

  useEffect(() => {
    function show(stepCount: number, simSeconds: number): void {
      step.current!.textContent = String(stepCount);
      time.current!.textContent = formatSeconds(simSeconds);
      bar.current!.style.transform = `scaleX(${maxSteps > 0 ? Math.min(1, stepCount / maxSteps) : 0})`;
    }
    show(session?.stepCount ?? 0, session?.simSeconds ?? 0);
    return poseFrames.subscribe((frame) => {
      if (frame.episode === episode && frame.step >= (session?.stepCount ?? 0)) show(frame.step, frame.simSeconds);
    });
  }, [session, episode, maxSteps]);

  return (
    <div className="clock">
      <span className="clock-item" title="Control steps taken, and the limit of this task">
        <span className="clock-label">
          <span className="clock-sim">Sim </span>step
        </span>
        <span className="number">
          <span ref={step}>0</span>
          <span className="faint"> / {maxSteps > 0 ? maxSteps : "–"}</span>
        </span>
      </span>
      <span className="clock-item" title="Simulated time of this episode">
        <span className="clock-label">
          <span className="clock-sim">Sim </span>time
        </span>
        <span className="number clock-time" ref={time} />
      </span>
      <span className="clock-bar" aria-hidden="true">
        <span ref={bar} />
      </span>
    </div>
  );
}

/** Play, pause, step, reset, stop, speed, and where the episode is. */
export function Transport(): ReactNode {
  const session = useStudio((state) => state.session);
  const connected = useStudio((state) => state.link === "connected");
  const active = session !== undefined && isActive(session.phase);
  const playing = active && !session.paused;
  const over = session !== undefined && (session.phase === "finished" || session.phase === "failed");
  const usable = connected && session !== undefined;
  const playLabel = playing ? "Pause" : over ? "Run again" : "Play";

  return (
    <footer className="transport" aria-label="Episode controls">
      <div className="transport-buttons">
        <button type="button" className="button-main" disabled={!usable} title={`${playLabel} (Space)`} onClick={() => void playOrPause()}>
          {playing ? <PauseIcon /> : <PlayIcon />}
          <span>{playLabel}</span>
        </button>
        <button type="button" disabled={!usable || over} title="Run one plan step, then hold (s)" onClick={() => void control("step")}>
          <StepIcon />
          <span>Step</span>
        </button>
        <button type="button" disabled={!usable} title="Same task and seed from the beginning (r)" onClick={() => void control("reset")}>
          <ResetIcon />
          <span>Reset</span>
        </button>
        <button
          type="button"
          className="button-stop"
          disabled={!usable || !active}
          title="End the episode now"
          onClick={() => void control("stop")}
        >
          <StopIcon />
          <span>Stop</span>
        </button>
      </div>
      <SpeedControl />
      <span className="phase" data-phase={session?.phase ?? "idle"} data-paused={active && session.paused}>
        <span className="dot" aria-hidden="true" />
        {session === undefined ? "No session" : phaseWord(session)}
      </span>
      <Clock />
    </footer>
  );
}
