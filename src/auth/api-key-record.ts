import type { ApiKeyEntity } from './api-key.entity.js';

/** `rotating`: works until `expiresAt`, its successor works already. */
export type ApiKeyState = 'active' | 'rotating' | 'expired' | 'revoked';

/** A key as it may be shown: nothing of its secret. */
export interface ApiKeyRecord {
  readonly id: string;
  readonly monitorId: string;
  readonly name: string | null;
  /** First 8 hex digits of the key's SHA-256: tells keys apart. */
  readonly prefix: string;
  readonly state: ApiKeyState;
  readonly createdAt: Date;
  /** At most a minute behind. */
  readonly lastUsedAt: Date | null;
  readonly lastUsedIp: string | null;
  readonly expiresAt: Date | null;
  /** IP addresses and CIDRs; null = works from everywhere. */
  readonly allowedAddresses: readonly string[] | null;
  /** The id of the key that takes its place. */
  readonly replacedBy: string | null;
  readonly revokedAt: Date | null;
}

/** @param now epoch ms */
export function toRecord({ keyHash, ...shown }: ApiKeyEntity, now: number): ApiKeyRecord {
  return { ...shown, prefix: keyHash.toString('hex', 0, 4), state: readState(shown, now) };
}

export function isLive(key: Pick<ApiKeyEntity, 'revokedAt' | 'expiresAt'>, now: number): boolean {
  return !key.revokedAt && (!key.expiresAt || now < key.expiresAt.getTime());
}

function readState(
  key: Pick<ApiKeyEntity, 'revokedAt' | 'expiresAt' | 'replacedBy'>,
  now: number,
): ApiKeyState {
  if (key.revokedAt) return 'revoked';
  if (!isLive(key, now)) return 'expired';
  return key.replacedBy ? 'rotating' : 'active';
}
