import type { PlanStep } from "@reverie/core";
import type { ReactNode } from "react";

/** A call in code type: the skill stands out, the arguments follow. */
export function CallText({ skill, args }: PlanStep): ReactNode {
  return (
    <code className="call">
      <span className="call-skill">{skill}</span>
      <span className="call-args">({Object.values(args).join(", ")})</span>
    </code>
  );
}
