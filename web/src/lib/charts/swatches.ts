/** The palette as classes, in the order of `--series-n`. */
export const SWATCHES = ['bg-series-1', 'bg-series-2', 'bg-series-3', 'bg-series-4', 'bg-series-5'] as const;
