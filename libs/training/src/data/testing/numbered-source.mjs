// A source of rows whose pictures and words follow from the job alone. Threads import it as it is, so it is JavaScript.

const IMAGE_BYTES = 2 * 128 * 128 * 3;

/** @param {{ fail?: number }} settings - `fail`: seeds with this remainder by 97 throw */
export async function openSource(settings) {
  return {
    *rows({ part, split, seed }) {
      if (settings.fail !== undefined && seed % 97 === settings.fail) throw new Error(`seed ${seed} is not for here`);
      // None, one or two rows for a job.
      for (let i = 0; i < seed % 3; i++) {
        yield {
          kind: "plan",
          images: new Uint8Array(IMAGE_BYTES).fill((seed + i) % 251),
          prompt: `task: ${part} ${seed % 5}\n`,
          completion: `answer ${i} ${seed % 7}`,
          patchClasses: new Uint8Array(256).fill(seed % 4),
          task: `test/${part}`,
          split,
          seed,
        };
      }
    },
  };
}
