export { runEpisode } from "./run-episode.ts";
export { DEFAULT_LIMITS, resolveLimits } from "./options.ts";
export { assignInstruction } from "./assign.ts";

export type { EpisodeLimits, EpisodeOptions } from "./options.ts";
export type { EpisodeEvent, EpisodeObserver, EpisodePhase, PlanReading } from "./events.ts";
