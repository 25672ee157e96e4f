import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { StudioPage } from "./components/studio-page.tsx";
import { openConnection } from "./connection.ts";
import { startShortcuts } from "./shortcuts.ts";
import { startTheme } from "./theme.ts";
import { takeToken } from "./token.ts";
import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/controls.css";
import "./styles/layout.css";
import "./styles/panels.css";
import "./styles/plan.css";
import "./styles/reward.css";

startTheme();
startShortcuts();
openConnection(location.origin, takeToken());
createRoot(document.getElementById("root")!).render(
  <StrictMode>
    <StudioPage />
  </StrictMode>,
);
