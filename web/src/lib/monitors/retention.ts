import type { RetentionEstimateQuery, RetentionInput } from '../graphql/generated/graphql.ts';

export type RetentionEstimate = RetentionEstimateQuery['retentionEstimate'];
export type Days = RetentionEstimate['most'];

/** In the order of the resolutions, finest first. */
export const RETENTION_FIELDS = ['rawDays', 'oneMinuteDays', 'fifteenMinuteDays', 'fourHourDays'] as const;

/** Days as they are typed; null where the field is empty. */
export type TypedDays = Record<keyof Days, number | null>;

export function toTypedDays(estimate: RetentionEstimate): TypedDays {
  const days = estimate.tiers.map((tier) => tier.days);
  const [rawDays = null, oneMinuteDays = null, fifteenMinuteDays = null, fourHourDays = null] = days;
  return { rawDays, oneMinuteDays, fifteenMinuteDays, fourHourDays };
}

/** What to ask the hub for: nothing where it is left to the hub, so that it follows when the hub keeps more. */
export function toRetentionInput(typed: TypedDays, most: Days): RetentionInput {
  const pick = (field: keyof Days): number | null => (typed[field] === most[field] ? null : typed[field]);
  return {
    rawDays: pick('rawDays'),
    oneMinuteDays: pick('oneMinuteDays'),
    fifteenMinuteDays: pick('fifteenMinuteDays'),
    fourHourDays: pick('fourHourDays'),
  };
}

/** What all of it takes when it is full; null while no part of it is known. */
export function sumExpected(estimate: RetentionEstimate): { bytes: number; isWhole: boolean } | null {
  const known = estimate.tiers.flatMap(({ expectedBytes }) => expectedBytes ?? []);
  if (known.length === 0) return null;
  return {
    bytes: known.reduce((sum, bytes) => sum + bytes, 0),
    isWhole: known.length === estimate.tiers.length,
  };
}
