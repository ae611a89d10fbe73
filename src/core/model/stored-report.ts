import type { Layout } from './layout.js';

/** A report as it is kept: the numbers in the order of its layout, everything textual taken out. */
export interface StoredReport {
  /** Epoch milliseconds. */
  readonly at: number;
  readonly bootId: string | null;
  readonly intervalMs: number;
  readonly layout: Layout;
  /** values[i] belongs to layout.seriesKeys[i]. */
  readonly values: Float64Array;
}
