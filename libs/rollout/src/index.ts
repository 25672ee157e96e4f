export { runEpisode } from "./run-episode.ts";
export { DEFAULT_LIMITS, MONITOR_MODES, resolveLimits } from "./options.ts";
export { assignInstruction } from "./assign.ts";

export type { EpisodeLimits, EpisodeOptions, MonitorMode } from "./options.ts";
export type { EpisodeEvent, EpisodeObserver, EpisodePhase, PlanReading } from "./events.ts";
