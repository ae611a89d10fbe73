/**
 * The steps between which a kill must cost nothing: tests end the hub at each of them.
 * Named by the work and by what has just been done.
 */
export const STEPS = [
  'commit.taken',
  'commit.half-done',
  'commit.done',
  'block.written',
  'seal.late-deleted',
  'seal.mark-written',
  'seal.done',
  'merge.late-deleted',
  'merge.done',
  'rollup.partition-made',
  'rollup.block-written',
  'rollup.mark-written',
  'rollup.done',
  'remake.block-written',
  'remake.due-deleted',
  'remake.done',
  'partition.checked',
  'partition.dropped',
  'retention.dropped',
] as const;

export type Step = (typeof STEPS)[number];

/** Where a test's own module, loaded before the hub (`node --import`), leaves what shall happen at a step. */
const WATCHER = Symbol.for('watchkeeper.step');

/**
 * Says that a step has been reached. In the product nobody listens, and nothing outside the process can make
 * anyone listen: no setting, no variable and no request leads here, only code that is loaded before the hub.
 */
export const reach: (step: Step) => void =
  ((globalThis as Record<symbol, unknown>)[WATCHER] as ((step: Step) => void) | undefined) ??
  (() => undefined);
