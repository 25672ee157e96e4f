import { control, playOrPause } from "./commands.ts";
import { studio } from "./store.ts";

/** Whether the focused element has its own use for a key: typing, choosing, or being pressed. */
function takesKeys(target: EventTarget | null, key: string): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target.isContentEditable || target.matches("textarea, select, input:not([type=radio], [type=checkbox])")) return true;
  return key === " " && target.matches("button, summary, a[href], input");
}

function onKey(event: KeyboardEvent): void {
  if (event.defaultPrevented || event.repeat || event.ctrlKey || event.metaKey || event.altKey || takesKeys(event.target, event.key))
    return;
  const { link, session } = studio.getState();
  if (event.key === "/") {
    event.preventDefault();
    const field = document.getElementById("instruction");
    if (field instanceof HTMLInputElement) {
      field.focus();
      field.select();
    }
    return;
  }
  if (link !== "connected" || session === undefined) return;
  if (event.key === " ") {
    event.preventDefault();
    void playOrPause();
  } else if (event.key === "s" && session.phase !== "finished" && session.phase !== "failed") {
    void control("step");
  } else if (event.key === "r") {
    void control("reset");
  }
}

/** Listens to the page's keys for as long as the page lives: space play/pause, s step, r reset, / instruction. */
export function startShortcuts(): void {
  document.addEventListener("keydown", onKey);
}
