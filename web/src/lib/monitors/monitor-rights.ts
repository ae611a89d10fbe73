import type { MonitorRight } from '../graphql/generated/graphql.ts';

interface Judged {
  readonly rights: readonly MonitorRight[];
}

/** What a user may not do with a monitor is not offered. */
export const may = ({ rights }: Judged, right: MonitorRight): boolean => rights.includes(right);

/** Whether the menu of a monitor has anything in it for this user. */
export const hasActions = (monitor: Judged): boolean =>
  (['CHANGE', 'MANAGE_KEYS', 'SHARE', 'DELETE'] as const).some((right) => may(monitor, right));
