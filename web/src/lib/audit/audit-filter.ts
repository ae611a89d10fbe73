import type { AuditFilter } from '../graphql/generated/graphql.ts';

/** As the form holds it: empty = not narrowed. */
export interface AuditFilterValues {
  /** What was done with: the part of an action before the dot. */
  thing: string;
  actor: string;
  /** Days where the browser is, `2026-01-31`. */
  fromDay: string;
  toDay: string;
}

export const noFilter = (): AuditFilterValues => ({ thing: '', actor: '', fromDay: '', toDay: '' });

/** Both days belong to it, whole. */
export function toAuditFilter({ thing, actor, fromDay, toDay }: AuditFilterValues): AuditFilter {
  return {
    ...(thing && { action: thing }),
    ...(actor.trim() && { actor: actor.trim() }),
    ...(fromDay && { from: new Date(`${fromDay}T00:00:00`).toISOString() }),
    ...(toDay && { to: startOfNextDay(toDay).toISOString() }),
  };
}

/** Not a day's milliseconds later: twice a year a day has 23 or 25 hours. */
function startOfNextDay(day: string): Date {
  const start = new Date(`${day}T00:00:00`);
  start.setDate(start.getDate() + 1);
  return start;
}

/** The filter as the query of the export's address. */
export function toExportQuery(values: AuditFilterValues): string {
  return new URLSearchParams(toAuditFilter(values) as Record<string, string>).toString();
}
