import type { ApiKeyFieldsFragment, UpdateApiKeyInput } from '../graphql/generated/graphql.ts';

export interface KeyFormValues {
  name: string;
  /** The last day on which the key works, `2026-01-31`; empty = it never expires. */
  lastDay: string;
  /** Addresses and networks, parted by anything. */
  addresses: string;
}

export const newKeyValues = (): KeyFormValues => ({ name: '', lastDay: '', addresses: '' });

export function toKeyValues(key: ApiKeyFieldsFragment): KeyFormValues {
  return {
    name: key.name ?? '',
    lastDay: key.expiresAt ? toDay(Date.parse(key.expiresAt)) : '',
    addresses: key.allowedAddresses?.join('\n') ?? '',
  };
}

/** With `before`, a day that was not touched keeps its very instant. */
export function toKeyInput(values: KeyFormValues, before?: ApiKeyFieldsFragment): UpdateApiKeyInput {
  const isDayKept = before !== undefined && values.lastDay === toKeyValues(before).lastDay;
  const allowedAddresses = values.addresses.split(/[\s,;]+/).filter((address) => address !== '');
  return {
    name: values.name.trim() || null,
    ...(!isDayKept && { expiresAt: values.lastDay ? toEndOfDay(values.lastDay) : null }),
    allowedAddresses: allowedAddresses.length > 0 ? allowedAddresses : null,
  };
}

/** The day of an instant where the browser is, as a date field takes it. */
export function toDay(atMs: number): string {
  const at = new Date(atMs);
  const part = (value: number) => String(value).padStart(2, '0');
  return `${at.getFullYear()}-${part(at.getMonth() + 1)}-${part(at.getDate())}`;
}

/** The last moment of a day where the browser is. */
export function toEndOfDay(day: string): string {
  return new Date(`${day}T23:59:59.999`).toISOString();
}
