import type { StepStatus } from "@reverie/core";
import type { SessionStep } from "@reverie/wire";
import type { ReactNode } from "react";
import { monitorWords, statusWord } from "../format.ts";
import { studio } from "../store.ts";
import { CallText } from "./call-text.tsx";
import { CheckIcon, CrossIcon, DashIcon, PendingIcon, RunningIcon } from "./icons.tsx";

const STATUS_ICONS: Readonly<Record<StepStatus, () => ReactNode>> = {
  pending: PendingIcon,
  running: RunningIcon,
  done: CheckIcon,
  failed: CrossIcon,
  skipped: DashIcon,
};

function Verdict({ verdict }: { readonly verdict: NonNullable<SessionStep["monitor"]> }): ReactNode {
  const words = monitorWords(verdict);
  return (
    <p className="verdict" title={verdict.explanation}>
      {words.planner}
      <span className="verdict-world" data-tone={words.agrees ? "success" : "failure"}>
        {words.agrees ? <CheckIcon /> : <CrossIcon />}
        {words.world}
      </span>
    </p>
  );
}

/** One plan step: the call, what became of it and why, what the monitor said. Pointing at it marks its objects in the scene. */
export function StepRow({ step, number }: { readonly step: SessionStep; readonly number: number }): ReactNode {
  const StatusIcon = STATUS_ICONS[step.status];
  const { objectsPointed } = studio.getState();
  return (
    <li
      className="step"
      data-status={step.status}
      aria-current={step.status === "running" ? "step" : undefined}
      onPointerEnter={() => objectsPointed(Object.values(step.args))}
      onPointerLeave={() => objectsPointed(undefined)}
    >
      <span className="step-number number" aria-hidden="true">
        {number}
      </span>
      <div className="step-words">
        <CallText skill={step.skill} args={step.args} />
        {step.reason !== undefined && <p className="step-reason">{step.reason}</p>}
        {step.monitor !== undefined && <Verdict verdict={step.monitor} />}
      </div>
      <span className="step-status">
        <StatusIcon />
        {statusWord(step.status)}
      </span>
    </li>
  );
}
