import { stepText, type PlanStep, type StepMatch } from "@reverie/core";
import type { ReactNode } from "react";
import { formatUnit } from "../format.ts";
import { layoutMatches } from "../match-layout.ts";
import { studio } from "../store.ts";

const ROW_HEIGHT = 36;
const GAP = 48;

interface ColumnProps {
  readonly title: string;
  readonly steps: readonly PlanStep[];
  readonly matched: readonly boolean[];
  /** What a step without a partner is called. */
  readonly lonely: string;
}

function Column({ title, steps, matched, lonely }: ColumnProps): ReactNode {
  const { objectsPointed } = studio.getState();
  return (
    <div className="match-column">
      <h3>{title}</h3>
      <ol>
        {steps.map((step, index) => (
          <li
            key={index}
            style={{ height: ROW_HEIGHT }}
            data-matched={matched[index]}
            title={stepText(step)}
            onPointerEnter={() => objectsPointed(Object.values(step.args))}
            onPointerLeave={() => objectsPointed(undefined)}
          >
            <code className="call-skill">{step.skill}</code>
            <code className="match-args">{Object.values(step.args).join(", ")}</code>
            {!(matched[index] ?? false) && <span className="match-lonely">{lonely}</span>}
          </li>
        ))}
      </ol>
    </div>
  );
}

interface MatchDiagramProps {
  readonly predicted: readonly PlanStep[];
  readonly reference: readonly PlanStep[];
  readonly matches: readonly StepMatch[];
}

/** Predicted steps beside reference steps, a line for each matched pair: thicker and darker the more alike they are. */
export function MatchDiagram({ predicted, reference, matches }: MatchDiagramProps): ReactNode {
  const layout = layoutMatches({ predicted: predicted.length, reference: reference.length, matches, rowHeight: ROW_HEIGHT, gap: GAP });
  return (
    <figure className="match" aria-label="Predicted steps matched to reference steps">
      <Column title="Predicted" steps={predicted} matched={layout.predictedMatched} lonely="extra" />
      <svg
        className="match-lines"
        width={GAP}
        height={layout.height}
        viewBox={`0 0 ${GAP} ${layout.height}`}
        role="list"
        aria-label="Matched pairs"
      >
        {layout.lines.map((line) => (
          <g
            key={`${line.predicted}-${line.reference}`}
            role="listitem"
            aria-label={`Predicted ${line.predicted + 1} matches reference ${line.reference + 1}, similarity ${formatUnit(line.similarity)}`}
            opacity={line.opacity}
          >
            <title>{`Similarity ${formatUnit(line.similarity)}`}</title>
            <path d={line.path} strokeWidth={line.width} className="match-line" />
            <path d={line.path} className="match-target" />
            <circle cx={0} cy={line.fromY} r={3} />
            <circle cx={GAP} cy={line.toY} r={3} />
          </g>
        ))}
      </svg>
      <Column title="Reference" steps={reference} matched={layout.referenceMatched} lonely="missing" />
    </figure>
  );
}
