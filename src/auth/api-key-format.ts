import { randomBytes } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { crc32 } from 'node:zlib';

const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const PREFIX = 'wk_';
const SECRET_BYTES = 32;
/** 62^43 is the first power above 2^256. */
const SECRET_LENGTH = 43;
/** 62^6 is the first power above 2^32. */
const CHECKSUM_LENGTH = 6;
const KEY_LENGTH = PREFIX.length + SECRET_LENGTH + CHECKSUM_LENGTH;
const KEY_FORM = /^wk_[0-9A-Za-z]{49}$/;

/**
 * A new API key: `wk_`, 256 random bits as 43 base62 digits, and the CRC-32 of all that as 6 more
 * (the scheme of GitHub's tokens: a typing error or a scanner's false find is told without a database).
 */
export function createApiKeyText(secret: Buffer = randomBytes(SECRET_BYTES)): string {
  const body = PREFIX + encodeBase62(BigInt(`0x${secret.toString('hex')}`), SECRET_LENGTH);
  return body + encodeChecksum(body);
}

/** The cheap half of the check, for the path on which nearly every key is a known one. */
export function mayBeApiKey(text: string): boolean {
  return text.length === KEY_LENGTH && text.startsWith(PREFIX);
}

/** Whether form and checksum are right. Says nothing about whether such a key was ever given out. */
export function isWellFormedApiKey(text: string): boolean {
  if (!KEY_FORM.test(text)) return false;
  const body = text.slice(0, KEY_LENGTH - CHECKSUM_LENGTH);
  return encodeChecksum(body) === text.slice(KEY_LENGTH - CHECKSUM_LENGTH);
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
