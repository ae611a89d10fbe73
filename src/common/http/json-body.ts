import { isUtf8 } from 'node:buffer';
import secureJson from 'secure-json-parse';
import { DomainError } from '../../core/errors.js';

export const MAX_JSON_DEPTH = 16;

const JSON_CONTENT_TYPE = /^application\/json(?:[ \t]*;[ \t]*charset=(?:utf-8|"utf-8"))?$/i;
const SECURE_PARSE_REFUSAL = 'Object contains forbidden prototype property';

/** Refuses (`unsupported_media_type`) all but `application/json`, with `charset=utf-8` or nothing behind it. */
export function checkJsonContentType(header: string | undefined): void {
  if (header === 'application/json') return;
  if (header === undefined || !JSON_CONTENT_TYPE.test(header)) {
    throw new DomainError('unsupported_media_type', 'Send the body as Content-Type: application/json.');
  }
}

/**
 * Parses a body once, for every JSON route. Throws `malformed_json`, `too_deep` or `forbidden_key`;
 * no message repeats any of the body.
 */
export function readJsonBody(body: Buffer): unknown {
  // Before the parse: a million brackets would hold the event loop for hundreds of milliseconds in it.
  if (isDeeperThan(body, MAX_JSON_DEPTH)) {
    throw new DomainError('too_deep', `The body may be nested ${MAX_JSON_DEPTH} levels deep, not more.`);
  }
  const hasByteOrderMark = body[0] === 0xef && body[1] === 0xbb;
  if (body.length === 0 || hasByteOrderMark || !isUtf8(body)) throw malformedJson();
  try {
    return secureJson.parse(body.toString('utf8'), { protoAction: 'error', constructorAction: 'error' });
  } catch (error) {
    if (error instanceof Error && error.message === SECURE_PARSE_REFUSAL) {
      throw new DomainError(
        'forbidden_key',
        'The keys __proto__ and constructor.prototype are not accepted.',
      );
    }
    throw malformedJson();
  }
}

function malformedJson(): DomainError {
  return new DomainError(
    'malformed_json',
    'The body must be one JSON value in UTF-8, without a byte order mark.',
  );
}

/** Whether brackets outside of strings nest deeper than `maxDepth`. On broken JSON any answer is right: the parser refuses it. */
export function isDeeperThan(body: Buffer, maxDepth: number): boolean {
  let depth = 0;
  let isInString = false;
  for (let index = 0; index < body.length; index++) {
    const byte = body[index];
    if (isInString) {
      if (byte === 0x5c) index++;
      else if (byte === 0x22) isInString = false;
    } else if (byte === 0x22) {
      isInString = true;
    } else if (byte === 0x5b || byte === 0x7b) {
      if (++depth > maxDepth) return true;
    } else if (byte === 0x5d || byte === 0x7d) {
      depth--;
    }
  }
  return false;
}
