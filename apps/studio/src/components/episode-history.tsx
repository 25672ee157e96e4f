import type { ReactNode } from "react";
import { formatUnit, taskTitle } from "../format.ts";
import { HISTORY_LIMIT, studio, useStudio, type PastEpisode } from "../store.ts";
import { CheckIcon, CrossIcon } from "./icons.tsx";

/** Puts the episode's task, seed and words back into the command bar. */
function reuse(episode: PastEpisode): void {
  studio.getState().draftChanged({ task: episode.task, seed: String(episode.seed), instruction: episode.instruction });
  document.getElementById("instruction")?.focus();
}

/** Finished episodes of this page, newest first. */
export function EpisodeHistory(): ReactNode {
  const history = useStudio((state) => state.history);
  return (
    <section className="panel panel-history" aria-labelledby="history-title">
      <header className="panel-head">
        <h2 id="history-title">Episodes</h2>
        {history.length > 0 && (
          <span className="number faint">{history.length === HISTORY_LIMIT ? `last ${HISTORY_LIMIT}` : history.length}</span>
        )}
      </header>
      {history.length === 0 ? (
        <p className="empty">Finished episodes are listed here.</p>
      ) : (
        <ol className="history">
          {history.map((episode) => (
            <li key={episode.key}>
              <button type="button" title={episode.failure ?? "Use this task, seed and instruction again"} onClick={() => reuse(episode)}>
                <span className="history-mark" data-tone={episode.success ? "success" : "failure"}>
                  {episode.success ? <CheckIcon /> : <CrossIcon />}
                  <span className="visually-hidden">{episode.success ? "Goal reached" : "Goal not reached"}</span>
                </span>
                <span className="history-words">
                  <span className="history-instruction">{episode.instruction}</span>
                  <span className="faint">
                    {taskTitle(episode.task)} · seed <span className="number">{episode.seed}</span>
                  </span>
                </span>
                <span className="number history-reward" title="Reward">
                  {episode.reward === undefined ? "–" : formatUnit(episode.reward)}
                </span>
              </button>
            </li>
          ))}
        </ol>
      )}
    </section>
  );
}
