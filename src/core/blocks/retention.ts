/** For how many days each tier of samples is kept. */
export interface RetentionDays {
  readonly rawDays: number;
  readonly oneMinuteDays: number;
  readonly fifteenMinuteDays: number;
  readonly fourHourDays: number;
}

/** In the order of the tiers, finest first. */
export const RETENTION_FIELDS = ['rawDays', 'oneMinuteDays', 'fifteenMinuteDays', 'fourHourDays'] as const;
export type RetentionField = (typeof RETENTION_FIELDS)[number];

/** Of the hub where nothing else is set. */
export const DEFAULT_RETENTION: RetentionDays = {
  rawDays: 10,
  oneMinuteDays: 30,
  fifteenMinuteDays: 366,
  fourHourDays: 5 * 366,
};

/**
 * A report may come eight days late and changes every tier then. Each is made from the one before it, a whole
 * block at a time (6 hours, 2 and 16 days): with less than this a late report would find half of that gone.
 */
export const LEAST_RETENTION: RetentionDays = {
  rawDays: 10,
  oneMinuteDays: 14,
  fifteenMinuteDays: 30,
  fourHourDays: 30,
};

export const MOST_RETENTION_DAYS = 36_500;

const DAY_MS = 86_400_000;

export function retentionMsOf(retention: RetentionDays, tier: number): number {
  return retention[RETENTION_FIELDS[tier]!] * DAY_MS;
}

/** What holds for a monitor: its own wishes within what the hub keeps at all. */
export function applyRetention(own: Partial<RetentionDays>, hub: RetentionDays): RetentionDays {
  const days = RETENTION_FIELDS.map((field) => Math.min(own[field] ?? hub[field], hub[field]));
  return toRetention(days);
}

export interface RetentionFault {
  readonly field: RetentionField;
  readonly message: string;
}

/** What is wrong with these wishes, if anything: too short, longer than `limit`, or a coarser tier gone before a finer one. */
export function findRetentionFault(
  own: Partial<RetentionDays>,
  limit: RetentionDays,
): RetentionFault | undefined {
  const days = applyRetention(own, limit);
  for (const [tier, field] of RETENTION_FIELDS.entries()) {
    const given = own[field];
    if (given !== undefined && (given < LEAST_RETENTION[field] || given > limit[field]))
      return { field, message: `must be from ${LEAST_RETENTION[field]} to ${limit[field]} days` };
    const finer = RETENTION_FIELDS[tier - 1];
    if (finer && days[field] < days[finer])
      return { field, message: `must not be shorter than ${finer}, which is ${days[finer]}` };
  }
  return undefined;
}

export function toRetention(days: readonly number[]): RetentionDays {
  const [rawDays, oneMinuteDays, fifteenMinuteDays, fourHourDays] = days as [number, number, number, number];
  return { rawDays, oneMinuteDays, fifteenMinuteDays, fourHourDays };
}
