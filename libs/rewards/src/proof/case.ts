/**
 * One comparison: the same world, base policy, seeds, updates and samples; only the device under test differs, and the learning rate where
 * the case gives each side its best. Success is that of one plan unless the question names more.
 */
export interface ProofCase {
  /** Kebab case. */
  readonly id: string;
  /** Row of the feature table, such as "1.21". */
  readonly row: string;
  /** What is compared, in words. */
  readonly question: string;
  /** What makes the signal without the device misleading, in a sentence. */
  readonly weakness: string;
  /** True success rate after training with the device, in [0, 1]. */
  readonly withDevice: (seed: number) => number;
  /** True success rate after training without it, in [0, 1]. */
  readonly without: (seed: number) => number;
}
