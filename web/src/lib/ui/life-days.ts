const DAY_MS = 86_400_000;
/** A moment short of the hub's limit, as its clock may be behind this one. */
const MARGIN_MS = 60_000;

/** When something ends that is made now and lives for so many days; null: never. */
export function endOfLife(days: number, now = Date.now()): string | null {
  return days === 0 ? null : new Date(now + days * DAY_MS - MARGIN_MS).toISOString();
}
