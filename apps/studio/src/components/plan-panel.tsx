import type { SessionState, SessionStep } from "@reverie/wire";
import type { ReactNode } from "react";
import { countStatuses, groupByPlan, isActive, outcomeOf } from "../format.ts";
import { useStudio } from "../store.ts";
import { AlertIcon, CheckIcon, ChevronIcon } from "./icons.tsx";
import { StepRow } from "./step-row.tsx";

const PRIVILEGED =
  "This planner is given facts that no camera shows, such as what is on what, and which goal the words stand for. Its results say nothing about seeing.";

function PlannerBadge({ planner }: { readonly planner: SessionState["planner"] }): ReactNode {
  return (
    <span className="planner">
      <span className="tag number" data-tone={planner.connected ? undefined : "failure"}>
        {planner.name}
        {!planner.connected && " (not connected)"}
      </span>
      {planner.privileged && (
        <span className="tag tag-warn hint" tabIndex={0} role="note" aria-label={`Privileged. ${PRIVILEGED}`}>
          privileged
          <span className="hint-text" aria-hidden="true">
            {PRIVILEGED}
          </span>
        </span>
      )}
    </span>
  );
}

function OutcomeBanner({ session }: { readonly session: SessionState }): ReactNode {
  const outcome = outcomeOf(session);
  if (outcome === undefined) return null;
  return (
    <div className="banner" data-tone={outcome.tone}>
      {outcome.tone === "success" ? <CheckIcon /> : <AlertIcon />}
      <div>
        <strong>{outcome.title}</strong>
        <span>{outcome.detail}</span>
      </div>
    </div>
  );
}

function StepList({ steps, label }: { readonly steps: readonly SessionStep[]; readonly label: string }): ReactNode {
  return (
    <ol className="steps" aria-label={label}>
      {steps.map((step, index) => (
        <StepRow key={`${step.plan}-${index}`} step={step} number={index + 1} />
      ))}
    </ol>
  );
}

/** The planner's own words: what it thought, wrote, and what had to be repaired. */
function PlannerWords({ session }: { readonly session: SessionState }): ReactNode {
  const { reasoning, planText, repairs } = session;
  if (reasoning === undefined && planText === undefined && repairs.length === 0) return null;
  return (
    <details className="fold">
      <summary>
        <ChevronIcon />
        Planner’s reasoning
        {repairs.length > 0 && <span className="tag tag-warn">{repairs.length === 1 ? "1 repair" : `${repairs.length} repairs`}</span>}
      </summary>
      <div className="fold-body">
        {reasoning !== undefined && <p className="reasoning">{reasoning}</p>}
        {planText !== undefined && (
          <>
            <h3>Plan as written</h3>
            <pre>{planText}</pre>
          </>
        )}
        {repairs.length > 0 && (
          <>
            <h3>Repaired while reading</h3>
            <ul className="repairs">
              {repairs.map((repair, index) => (
                <li key={index}>{repair}</li>
              ))}
            </ul>
          </>
        )}
      </div>
    </details>
  );
}

/** What stands where the steps will be. */
function EmptyPlan({ session }: { readonly session: SessionState | undefined }): ReactNode {
  const card = useStudio((state) => state.tasks.find((task) => task.id === session?.task));
  if (session?.phase === "planning") return <p className="empty">The planner looks at the scene and writes its plan.</p>;
  if (session !== undefined && isActive(session.phase)) return <p className="empty">The plan has no steps.</p>;
  return (
    <div className="empty">
      {card !== undefined && <p>{card.description}</p>}
      <p>Type an instruction and press Run. The plan appears here, step by step.</p>
    </div>
  );
}

/** The plan that runs now, what became of its steps, and the plans before it. */
export function PlanPanel(): ReactNode {
  const session = useStudio((state) => state.session);
  const plans = groupByPlan(session?.steps ?? []);
  const current = plans.at(-1);
  const planning = session?.phase === "planning" && !session.paused;
  return (
    <section className="panel plan" aria-labelledby="plan-title" data-busy={planning}>
      <header className="panel-head">
        <h2 id="plan-title">Plan</h2>
        {session !== undefined && <PlannerBadge planner={session.planner} />}
      </header>
      {session !== undefined && session.instruction !== "" && <p className="plan-instruction">{session.instruction}</p>}
      {session !== undefined && <OutcomeBanner session={session} />}
      {plans.slice(0, -1).map(({ plan, steps }) => (
        <details className="fold" key={plan}>
          <summary>
            <ChevronIcon />
            Plan {plan + 1}
            <span className="faint">{countStatuses(steps)}</span>
          </summary>
          <StepList steps={steps} label={`Steps of plan ${plan + 1}`} />
        </details>
      ))}
      {current !== undefined && plans.length > 1 && <h3 className="plan-current">Plan {current.plan + 1}</h3>}
      {current === undefined ? <EmptyPlan session={session} /> : <StepList steps={current.steps} label="Steps" />}
      {session !== undefined && <PlannerWords session={session} />}
    </section>
  );
}
