const KEY = "reverie.token";

/**
 * Takes the server's secret from the address (`#token=...`) and out of sight: it moves into this tab's storage, so that a
 * reload still has it and neither the address bar nor a screenshot shows it. Undefined when none was ever given.
 */
export function takeToken(): string | undefined {
  const fragment = new URLSearchParams(location.hash.slice(1));
  const given = fragment.get("token");
  try {
    if (given === null) return sessionStorage.getItem(KEY) ?? undefined;
    sessionStorage.setItem(KEY, given);
  } catch (error) {
    // Storage may be closed to the page; the secret then stays in the address, where a reload finds it.
    if (error instanceof DOMException) return given ?? undefined;
    throw error;
  }
  fragment.delete("token");
  const rest = fragment.toString();
  history.replaceState(history.state, "", `${location.pathname}${location.search}${rest === "" ? "" : `#${rest}`}`);
  return given;
}
