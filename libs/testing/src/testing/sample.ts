import { ANSWER } from "./answer.ts";

/** Runs in a page: adds to an imported number and says whether there is a document. */
export function sample(more: number): { sum: number; browser: boolean } {
  return { sum: ANSWER + more, browser: typeof document === "object" };
}
