import type { ReactNode } from "react";
import { CameraPanel } from "./camera-panel.tsx";
import { CommandBar } from "./command-bar.tsx";
import { EpisodeHistory } from "./episode-history.tsx";
import { GoalPanel } from "./goal-panel.tsx";
import { PlanPanel } from "./plan-panel.tsx";
import { RewardPanel } from "./reward-panel.tsx";
import { Stage } from "./stage.tsx";
import { StatusAnnouncer } from "./status-announcer.tsx";
import { PageTools, Wordmark } from "./page-head.tsx";
import { Transport } from "./transport.tsx";

/** The whole page: what to do on top, what happens in the middle, how to steer it at the bottom. */
export function StudioPage(): ReactNode {
  return (
    <div className="page">
      <header className="head">
        <Wordmark />
        <CommandBar />
        <PageTools />
      </header>
      <main className="workspace">
        <Stage />
        <div className="rail rail-world">
          <CameraPanel />
          <GoalPanel />
          <EpisodeHistory />
        </div>
        <div className="rail rail-plan">
          <PlanPanel />
          <RewardPanel />
        </div>
      </main>
      <Transport />
      <StatusAnnouncer />
    </div>
  );
}
