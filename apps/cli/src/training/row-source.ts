import { Rng, type PlanningEnvironment } from "@reverie/core";
import { createEnvironment } from "@reverie/manipulation";
import type { EpisodeSource, RowJob, TrainingRow } from "@reverie/training";
import { episodeRows } from "./episode-rows.ts";
import { Eyes, planRow, ShutEyes, type Sight } from "./row-views.ts";
import { descriptionOf, questionsOf } from "./row-texts.ts";
import { resetOptions, sourceSchema, type SourcePart, type SourceSettings } from "./source-settings.ts";

// Training rows from the tabletop suite. Workers import this file by its address and call `openSource`.

function* sceneRows(
  environment: PlanningEnvironment,
  eyes: Sight,
  job: RowJob,
  { questions, describe }: SourcePart,
  rng: Rng,
): Generator<TrainingRow> {
  const row = planRow(environment, eyes, job, [], environment.assignment.references[0] ?? []);
  yield row;
  const asked = rng.shuffle(questionsOf(environment)).slice(0, questions);
  if (describe) asked.push(descriptionOf(environment, rng));
  for (const { prompt, completion } of asked) {
    // Each row has pixels of its own: a thread hands them over.
    yield { ...row, kind: "question", images: row.images.slice(), patchClasses: row.patchClasses!.slice(), prompt, completion };
  }
}

class ManipulationSource implements EpisodeSource {
  readonly #settings: SourceSettings;
  readonly #environments: ReadonlyMap<string, PlanningEnvironment>;

  constructor(settings: SourceSettings, environments: ReadonlyMap<string, PlanningEnvironment>) {
    this.#settings = settings;
    this.#environments = environments;
  }

  *rows(job: RowJob): Generator<TrainingRow> {
    const part = this.#settings.parts[job.part]!;
    const environment = this.#environments.get(part.task)!;
    const { visual, plainShare } = this.#settings;
    const look = new Rng(job.seed).split("look").bernoulli(plainShare) ? "none" : visual;
    environment.reset({ seed: job.seed, options: resetOptions(part, job.split, look) });
    const rng = new Rng(job.seed).split(`rows ${job.part}`);
    const eyes = this.#settings.pictures ? new Eyes(environment) : new ShutEyes();
    if (part.rows === "scene") yield* sceneRows(environment, eyes, job, part, rng);
    else yield* episodeRows(environment, eyes, job, rng);
  }

  close(): void {
    for (const environment of this.#environments.values()) environment.close();
  }
}

/** @throws ZodError when the settings are not what `sourceSchema` says, UnknownIdError for an unknown task */
export async function openSource(settings: unknown): Promise<EpisodeSource> {
  const read = sourceSchema.parse(settings);
  const ids = [...new Set(Object.values(read.parts).map(({ task }) => task))];
  const environments = new Map<string, PlanningEnvironment>();
  for (const id of ids) environments.set(id, await createEnvironment(id));
  return new ManipulationSource(read, environments);
}
