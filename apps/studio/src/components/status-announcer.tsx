import type { ReactNode } from "react";
import { announcement } from "../format.ts";
import { useStudio } from "../store.ts";

/** Says to screen readers what sighted people see change. */
export function StatusAnnouncer(): ReactNode {
  const text = useStudio((state) => (state.session === undefined ? "" : announcement(state.session)));
  return (
    <p className="visually-hidden" aria-live="polite" role="status">
      {text}
    </p>
  );
}
