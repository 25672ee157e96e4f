import { useSyncExternalStore, type ReactNode } from "react";
import { formatLatency } from "../format.ts";
import { useStudio, type LinkStatus } from "../store.ts";
import { chooseTheme, currentTheme, watchTheme } from "../theme.ts";
import { KeyboardIcon, MoonIcon, SunIcon } from "./icons.tsx";

const LINK_WORDS: Readonly<Record<LinkStatus, string>> = {
  connecting: "Connecting",
  connected: "Connected",
  reconnecting: "Reconnecting",
  refused: "Not connected",
};

const SHORTCUTS: readonly (readonly [key: string, action: string])[] = [
  ["Space", "Play or pause"],
  ["s", "Run one plan step"],
  ["r", "Reset the episode"],
  ["/", "Type an instruction"],
  ["Enter", "Run the typed instruction"],
];

function ConnectionBadge(): ReactNode {
  const link = useStudio((state) => state.link);
  const latencyMs = useStudio((state) => state.latencyMs);
  return (
    <span className="connection" data-link={link} title="Connection to the server and the round trip of its socket">
      <span className="dot" aria-hidden="true" />
      <span role="status">{LINK_WORDS[link]}</span>
      {latencyMs !== undefined && link === "connected" && <span className="number connection-latency">{formatLatency(latencyMs)}</span>}
      {link === "refused" && (
        <button type="button" className="button-small" onClick={() => location.reload()}>
          Try again
        </button>
      )}
    </span>
  );
}

function ThemeToggle(): ReactNode {
  const theme = useSyncExternalStore(watchTheme, currentTheme);
  const other = theme === "dark" ? "light" : "dark";
  return (
    <button
      type="button"
      className="button-quiet"
      aria-label={`Use the ${other} theme`}
      title={`Use the ${other} theme`}
      onClick={() => chooseTheme(other)}
    >
      {theme === "dark" ? <SunIcon /> : <MoonIcon />}
    </button>
  );
}

export function Wordmark(): ReactNode {
  return (
    <h1 className="wordmark">
      <svg className="wordmark-sign" viewBox="0 0 20 20" aria-hidden="true" focusable="false">
        <path d="M4 4v12M4 10h7M16 4c0 4-1.6 6-4.6 6 3 0 4.6 2 4.6 6" />
      </svg>
      Reverie
    </h1>
  );
}

/** Connection, keys and theme. */
export function PageTools(): ReactNode {
  return (
    <div className="page-tools">
      <ConnectionBadge />
      <button
        type="button"
        className="button-quiet only-wide"
        popoverTarget="shortcuts"
        aria-label="Keyboard shortcuts"
        title="Keyboard shortcuts"
      >
        <KeyboardIcon />
      </button>
      <ThemeToggle />
      <div id="shortcuts" popover="auto" className="popover">
        <h2>Keyboard</h2>
        <dl>
          {SHORTCUTS.map(([key, action]) => (
            <div key={key}>
              <dt>
                <kbd>{key}</kbd>
              </dt>
              <dd>{action}</dd>
            </div>
          ))}
        </dl>
      </div>
    </div>
  );
}
