/** What a method does in the pipeline. */
export type RewardRole =
  | "term"
  | "transform"
  | "combiner"
  | "process"
  | "group rule"
  | "advantage modifier"
  | "preference"
  | "reward model"
  | "judge"
  | "rules"
  | "regulariser"
  | "diagnostic"
  | "search";

/** How sure we are that the mechanism is the paper's. */
export type RowEvidence = "verified" | "from memory" | "our choice";

/** One method of the literature, and where it lives here. */
export interface RewardRow {
  /** Kebab case, from the paper's name, such as "preference-as-reward". */
  readonly id: string;
  readonly paper: string;
  readonly year: number;
  /** https://arxiv.org/abs/... */
  readonly url?: string;
  readonly role: RewardRole;
  /** What the package exports for it. */
  readonly exports: readonly string[];
  readonly evidence: RowEvidence;
  /** What is the paper's and what is ours, in one or two sentences. */
  readonly note: string;
  /** Test files, from the package's folder. */
  readonly tests: readonly string[];
  /** "later" for what needs a learning loop that is not here yet. */
  readonly status: "here" | "later";
}
