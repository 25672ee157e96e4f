import { useState, type FormEvent, type ReactNode } from "react";
import { startEpisode } from "../commands.ts";
import { errorSentence, groupBySuite, readSeed, taskTitle } from "../format.ts";
import { chosenSeed, chosenTask, studio, useStudio } from "../store.ts";
import { AlertIcon, DiceIcon } from "./icons.tsx";

/** A seed short enough to be read out and typed again. */
function newSeed(): string {
  return String(crypto.getRandomValues(new Uint32Array(1))[0]! % 100_000);
}

function TaskPicker(): ReactNode {
  const tasks = useStudio((state) => state.tasks);
  const chosen = useStudio(chosenTask);
  const known = tasks.some((card) => card.id === chosen);
  return (
    <label className="field field-task picker">
      <span className="field-label">Task</span>
      <select
        value={chosen ?? ""}
        disabled={tasks.length === 0}
        title={tasks.find((card) => card.id === chosen)?.description}
        onChange={(event) => studio.getState().draftChanged({ task: event.target.value })}
      >
        {!known && <option value={chosen ?? ""}>{chosen === undefined ? "No tasks yet" : taskTitle(chosen)}</option>}
        {groupBySuite(tasks).map(({ suite, cards }) => (
          <optgroup key={suite} label={taskTitle(suite)}>
            {cards.map((card) => (
              <option key={card.id} value={card.id} title={card.description}>
                {taskTitle(card.id)}
              </option>
            ))}
          </optgroup>
        ))}
      </select>
    </label>
  );
}

/** What the next episode is: task, words, seed; and the button that starts it. */
export function CommandBar(): ReactNode {
  const card = useStudio((state) => state.tasks.find((task) => task.id === chosenTask(state)));
  /** What the scene on stage was asked, or, for a task that is not on stage, its example. */
  const example = useStudio((state) =>
    state.session !== undefined && chosenTask(state) === state.session.task ? state.session.instruction : card?.instruction,
  );
  const instruction = useStudio((state) => state.draft.instruction);
  const seed = useStudio(chosenSeed);
  const error = useStudio((state) => state.error);
  const ready = useStudio((state) => state.link === "connected" && !state.starting);
  /** The chosen task is not the one on stage: say what it is. */
  const isNext = useStudio((state) => state.session !== undefined && chosenTask(state) !== state.session.task);
  const [seedProblem, setSeedProblem] = useState<string>();
  const problem = seedProblem ?? (error === undefined ? undefined : errorSentence(error));

  function run(event: FormEvent): void {
    event.preventDefault();
    const { problem: found, ...request } = readSeed(seed);
    setSeedProblem(found);
    if (found === undefined && ready) void startEpisode(request);
  }

  function changeSeed(text: string): void {
    setSeedProblem(readSeed(text).problem);
    studio.getState().draftChanged({ seed: text });
  }

  return (
    <form className="command-bar" onSubmit={run} noValidate aria-label="Next episode">
      <TaskPicker />
      <label className="field field-instruction">
        <span className="visually-hidden">Instruction</span>
        <input
          id="instruction"
          type="text"
          value={instruction}
          placeholder={example ?? "Tell the robot what to do"}
          maxLength={500}
          autoComplete="off"
          spellCheck={false}
          enterKeyHint="go"
          aria-describedby="command-message"
          aria-invalid={error?.path === "instruction" && seedProblem === undefined}
          onChange={(event) => studio.getState().draftChanged({ instruction: event.target.value })}
        />
      </label>
      <div className="field field-seed">
        <label className="field-label" htmlFor="seed">
          Seed
        </label>
        <input
          id="seed"
          className="number"
          type="text"
          inputMode="numeric"
          value={seed}
          placeholder="0"
          maxLength={10}
          autoComplete="off"
          aria-describedby="command-message"
          aria-invalid={seedProblem !== undefined}
          onChange={(event) => changeSeed(event.target.value)}
        />
        <button type="button" className="button-quiet" aria-label="New seed" title="New seed" onClick={() => changeSeed(newSeed())}>
          <DiceIcon />
        </button>
      </div>
      <button type="submit" className="button-primary" disabled={!ready}>
        Run
      </button>
      <p id="command-message" className="command-message" data-tone="failure" role="alert">
        {problem !== undefined && (
          <>
            <AlertIcon />
            {problem}
          </>
        )}
      </p>
      {problem === undefined && isNext && <p className="command-message">{card?.description}</p>}
    </form>
  );
}
