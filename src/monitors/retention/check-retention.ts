import { findRetentionFault, RETENTION_FIELDS, type RetentionDays } from '../../core/blocks/retention.js';
import { DomainError } from '../../core/errors.js';
import type { RetentionInput } from './retention.model.js';

/** What was wished for, without what is as the hub has it. @throws DomainError `invalid_input` */
export function checkRetention(input: RetentionInput, hub: RetentionDays): Partial<RetentionDays> {
  const given = RETENTION_FIELDS.flatMap((field) => {
    const days = input[field];
    return days === undefined || days === null ? [] : [[field, days] as const];
  });
  const own: Partial<RetentionDays> = Object.fromEntries(given);
  const fault = findRetentionFault(own, hub);
  if (fault)
    throw new DomainError('invalid_input', `${fault.field} ${fault.message}.`, `retention.${fault.field}`);
  return own;
}

/** The same, or what was there before where both say the same: Postgres gives its fields in an order of its own. */
export function changeRetention(
  current: Partial<RetentionDays>,
  input: RetentionInput,
  hub: RetentionDays,
): Partial<RetentionDays> {
  const changed = checkRetention(input, hub);
  return RETENTION_FIELDS.every((field) => changed[field] === current[field]) ? current : changed;
}
