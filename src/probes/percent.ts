/** `part` of `whole` in percent, within 0–100 and to two decimals: finer is noise in a clock of 10 ms ticks. */
export function toPercent(part: number, whole: number): number {
  const percent = (part / whole) * 100;
  return Math.round(Math.min(100, Math.max(0, percent)) * 100) / 100;
}
