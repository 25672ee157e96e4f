import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { StudioPage } from "./components/studio-page.tsx";
import { openConnection } from "./connection.ts";
import { startShortcuts } from "./shortcuts.ts";
import { startTheme } from "./theme.ts";
import { takeToken } from "./token.ts";

startTheme();
startShortcuts();
openConnection(location.origin, takeToken());
createRoot(document.getElementById("root")!).render(
  <StrictMode>
    <StudioPage />
  </StrictMode>,
);
