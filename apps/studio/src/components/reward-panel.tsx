import type { ReactNode } from "react";
import { formatUnit, isActive, partLabel } from "../format.ts";
import { useStudio } from "../store.ts";
import { MatchDiagram } from "./match-diagram.tsx";

/** The score of the first plan: its value, its parts, and which step was matched to which. */
export function RewardPanel(): ReactNode {
  const session = useStudio((state) => state.session);
  const reward = session?.reward;
  const first = session?.steps.filter((step) => step.plan === 0) ?? [];
  return (
    <section className="panel reward" aria-labelledby="reward-title">
      <header className="panel-head">
        <h2 id="reward-title">Reward</h2>
        {reward !== undefined && <span className="faint">of the first plan</span>}
      </header>
      {reward === undefined ? (
        <p className="empty">
          {session === undefined || session.phase === "idle" || isActive(session.phase)
            ? "The plan is scored against a reference plan."
            : first.length === 0
              ? "No plan was made, so there is nothing to score."
              : "There is no reference plan to score against."}
        </p>
      ) : (
        <>
          <div className="reward-summary">
            <p className="reward-value number" aria-label={`Reward ${formatUnit(reward.value)} of 1`}>
              {formatUnit(reward.value)}
            </p>
            <dl className="parts">
              {Object.entries(reward.parts).map(([name, value]) => (
                <div key={name} className="part">
                  <dt>{partLabel(name)}</dt>
                  <dd>
                    <span className="part-bar" aria-hidden="true">
                      <span style={{ transform: `scaleX(${Math.min(1, Math.max(0, value))})` }} />
                    </span>
                    <span className="number">{formatUnit(value)}</span>
                  </dd>
                </div>
              ))}
            </dl>
          </div>
          <MatchDiagram predicted={first} reference={session?.reference ?? []} matches={reward.matches} />
        </>
      )}
    </section>
  );
}
