import { randomBytes } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { crc32 } from 'node:zlib';

const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
/** Report key of one monitor, personal access token, enrolment token. */
export type SecretPrefix = 'wk_' | 'wkp_' | 'wke_';

const SECRET_BYTES = 32;
/** 62^43 is the first power above 2^256. */
const SECRET_LENGTH = 43;
/** 62^6 is the first power above 2^32. */
const CHECKSUM_LENGTH = 6;
const TAIL_LENGTH = SECRET_LENGTH + CHECKSUM_LENGTH;
const TAIL_FORM = /^[0-9A-Za-z]{49}$/;
const API_KEY_LENGTH = 'wk_'.length + TAIL_LENGTH;

/**
 * A new secret: its prefix, 256 random bits as 43 base62 digits, and the CRC-32 of all that as 6 more
 * (the scheme of GitHub's tokens: a typing error or a scanner's false find is told without a database).
 */
export function createSecretText(prefix: SecretPrefix, secret: Buffer = randomBytes(SECRET_BYTES)): string {
  const body = prefix + encodeBase62(BigInt(`0x${secret.toString('hex')}`), SECRET_LENGTH);
  return body + encodeChecksum(body);
}

/** Whether form and checksum are right. Says nothing about whether such a secret was ever given out. */
export function isWellFormedSecret(prefix: SecretPrefix, text: string): boolean {
  if (!text.startsWith(prefix) || !TAIL_FORM.test(text.slice(prefix.length))) return false;
  const body = text.slice(0, -CHECKSUM_LENGTH);
  return encodeChecksum(body) === text.slice(-CHECKSUM_LENGTH);
}

/** A new report key. */
export function createApiKeyText(secret?: Buffer): string {
  return createSecretText('wk_', secret);
}

/** The cheap half of the check, for the path on which nearly every key is a known one. */
export function mayBeApiKey(text: string): boolean {
  return text.length === API_KEY_LENGTH && text.startsWith('wk_');
}

export function isWellFormedApiKey(text: string): boolean {
  return isWellFormedSecret('wk_', text);
}

/** The key that a request shows, in `X-API-Key` or as a bearer token; unchecked. */
export function readPresentedKey(headers: IncomingHttpHeaders): string | undefined {
  const own = headers['x-api-key'];
  if (own !== undefined) return typeof own === 'string' ? own : own[0];
  return readBearer(headers);
}

/** The token behind `Authorization: Bearer`, whatever it is. */
export function readBearer(headers: IncomingHttpHeaders): string | undefined {
  const { authorization } = headers;
  if (authorization === undefined || authorization.length < 8) return undefined;
  return authorization.slice(0, 7).toLowerCase() === 'bearer ' ? authorization.slice(7).trim() : undefined;
}

function encodeChecksum(body: string): string {
  return encodeBase62(BigInt(crc32(body)), CHECKSUM_LENGTH);
}

function encodeBase62(value: bigint, length: number): string {
  let digits = '';
  for (let rest = value; rest > 0n; rest /= 62n) digits = DIGITS[Number(rest % 62n)] + digits;
  return digits.padStart(length, '0');
}
