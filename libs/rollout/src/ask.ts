import { messageOf, ReverieError, TimeoutError } from "@reverie/core";

/** Why an episode could not be carried through, as it is recorded. */
export interface EpisodeFailure {
  readonly code: string;
  readonly message: string;
}

/** Carries a failure up to where the episode is finished. Never leaves this package. */
export class EpisodeEnded extends Error {
  readonly failure: EpisodeFailure;
  constructor(failure: EpisodeFailure, cause?: unknown) {
    super(failure.message, cause === undefined ? undefined : { cause });
    this.failure = failure;
  }
}

/** The failure that a stopped episode is recorded with. */
export function stopFailure(signal: AbortSignal): EpisodeFailure {
  const reason: unknown = signal.reason;
  return reason instanceof ReverieError
    ? { code: reason.code, message: reason.message }
    : { code: "stopped", message: "The episode was stopped." };
}

/**
 * Asks the planner, within its time.
 *
 * @param who - names planner and question in the failure, for example `planner symbolic, plan`
 * @param call - gets a signal that aborts when time is up or the episode is stopped
 * @throws EpisodeEnded when the planner throws, is too slow, or the episode is stopped meanwhile
 */
export async function askPlanner<T>(
  who: string,
  timeoutMs: number,
  episodeSignal: AbortSignal | undefined,
  call: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  const stop = (): void => controller.abort(episodeSignal?.reason);
  if (episodeSignal?.aborted) throw new EpisodeEnded(stopFailure(episodeSignal));
  episodeSignal?.addEventListener("abort", stop, { once: true });
  const timer = setTimeout(() => controller.abort(new TimeoutError(who, timeoutMs)), timeoutMs);
  // A planner that ignores its signal must not hold the episode: the race ends with the signal either way.
  const aborted = new Promise<never>((_resolve, reject) => {
    controller.signal.addEventListener("abort", () => reject(controller.signal.reason), { once: true });
  });
  try {
    return await Promise.race([call(controller.signal), aborted]);
  } catch (error) {
    if (episodeSignal?.aborted) throw new EpisodeEnded(stopFailure(episodeSignal), error);
    if (error instanceof ReverieError) {
      const named = error.message.startsWith("planner") ? error.message : `${who}: ${error.message}`;
      throw new EpisodeEnded({ code: error.code, message: named }, error);
    }
    throw new EpisodeEnded({ code: "planner-error", message: `${who}: ${messageOf(error)}` }, error);
  } finally {
    clearTimeout(timer);
    episodeSignal?.removeEventListener("abort", stop);
  }
}
