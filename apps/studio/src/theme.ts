// Light or dark: the system's preference until the person chooses, then their choice, remembered.

export type Theme = "light" | "dark";

const KEY = "reverie.theme";
const preference = (): MediaQueryList => window.matchMedia("(prefers-color-scheme: dark)");

/** The remembered choice; undefined when there is none or storage is closed to us (private windows may refuse it). */
function remembered(): Theme | undefined {
  try {
    const value = localStorage.getItem(KEY);
    return value === "light" || value === "dark" ? value : undefined;
  } catch (error) {
    if (error instanceof DOMException) return undefined;
    throw error;
  }
}

/** What the page shows now. */
export function currentTheme(): Theme {
  const shown = document.documentElement.dataset["theme"];
  if (shown === "light" || shown === "dark") return shown;
  return preference().matches ? "dark" : "light";
}

const listeners = new Set<() => void>();

/** Applies the remembered choice and follows the system otherwise. Called once, before the first render. */
export function startTheme(): void {
  const choice = remembered();
  if (choice !== undefined) document.documentElement.dataset["theme"] = choice;
  preference().addEventListener("change", () => {
    for (const listener of listeners) listener();
  });
}

/** Shows a theme and remembers it where storage allows. */
export function chooseTheme(theme: Theme): void {
  document.documentElement.dataset["theme"] = theme;
  try {
    localStorage.setItem(KEY, theme);
  } catch (error) {
    if (!(error instanceof DOMException)) throw error;
  }
  for (const listener of listeners) listener();
}

/** Calls `listener` after every change. Returns how to stop. */
export function watchTheme(listener: () => void): () => void {
  listeners.add(listener);
  return () => void listeners.delete(listener);
}
