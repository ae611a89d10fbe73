import { DomainError } from '../core/errors.js';

/** Ids of the hubs that sent a request's reports on to here, the first one first, with commas. */
export const VIA_HEADER = 'x-watchkeeper-via';
const MAX_HUBS = 8;
const UUIDS = /^[0-9a-f-]{36}(?:, ?[0-9a-f-]{36})*$/;

/**
 * Through which hubs reports came; empty when from their machine.
 * @throws DomainError `forwarding_loop` when this hub is one of them, or they are more than 8
 */
export function readVia(header: string | string[] | undefined, hubId: string): string {
  if (header === undefined) return '';
  const text = Array.isArray(header) ? header.join(',') : header;
  if (text.length > 1_000 || !UUIDS.test(text))
    throw new DomainError('invalid_input', `${VIA_HEADER} must be the ids of hubs, with commas.`);
  const ids = text.split(/, ?/);
  if (ids.includes(hubId) || ids.length > MAX_HUBS) {
    throw new DomainError(
      'forwarding_loop',
      'These reports came through this hub before, or through too many hubs: take the endpoint out of one of the monitors.',
    );
  }
  return ids.join(',');
}
