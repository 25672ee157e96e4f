import type { ReactNode } from "react";
import { useStudio } from "../store.ts";
import { CheckIcon, PendingIcon } from "./icons.tsx";

/** The facts that must hold in the end, and whether each holds now. */
export function GoalPanel(): ReactNode {
  const goal = useStudio((state) => state.session?.goal);
  const held = goal?.filter((literal) => literal.holds).length ?? 0;
  return (
    <section className="panel panel-goal" aria-labelledby="goal-title">
      <header className="panel-head">
        <h2 id="goal-title">Goal</h2>
        {goal !== undefined && goal.length > 0 && (
          <span className="number faint">
            {held} / {goal.length}
          </span>
        )}
      </header>
      {goal === undefined || goal.length === 0 ? (
        <p className="empty">The facts that must hold in the world appear here.</p>
      ) : (
        <ul className="goal">
          {goal.map((literal) => (
            <li key={literal.text} data-holds={literal.holds}>
              {literal.holds ? <CheckIcon /> : <PendingIcon />}
              <code>{literal.text}</code>
              <span className="visually-hidden">{literal.holds ? "holds" : "does not hold yet"}</span>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}
