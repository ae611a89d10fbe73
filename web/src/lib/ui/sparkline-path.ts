export interface SparklineFrame {
  readonly fromMs: number;
  readonly toMs: number;
  readonly gapMs: number;
  readonly top?: number | undefined;
  readonly width: number;
  readonly height: number;
}

/** SVG paths of a small line and the area below it; a gap ends one run and begins another. */
export function drawSparkline(
  points: readonly (readonly [number, number | null])[],
  { fromMs, toMs, gapMs, top, width, height }: SparklineFrame,
): { line: string; area: string } {
  const highest = top ?? Math.max(1e-9, ...points.map(([, value]) => value ?? 0));
  const runs: [number, number][][] = [];
  let previousAt = -Infinity;
  for (const [at, value] of points) {
    if (value === null || at < fromMs || at > toMs) continue;
    const x = ((at - fromMs) / (toMs - fromMs)) * width;
    const y = height - 1 - (Math.min(value, highest) / highest) * (height - 3);
    if (at - previousAt > gapMs) runs.push([]);
    runs.at(-1)!.push([round(x), round(y)]);
    previousAt = at;
  }
  const trace = (run: [number, number][]) => run.map(([x, y]) => `${x} ${y}`).join('L');
  const area = (run: [number, number][]) =>
    `M${run[0]![0]} ${height}L${trace(run)}L${run.at(-1)![0]} ${height}Z`;
  return {
    line: runs.map((run) => `M${trace(run)}`).join(''),
    area: runs.map(area).join(''),
  };
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
