import type { IncomingMessage } from 'node:http';
import { createGunzip, gunzipSync } from 'node:zlib';
import { DomainError } from '../../core/errors.js';

/** What a decompressed body may grow to, bytes. */
export const MAX_DECODED_BYTES = 8 * 1024 * 1024;
/** Beyond `RATIO_FREE_BYTES` of output, more than this many times the input is a bomb, not a report. */
export const MAX_RATIO = 100;
export const RATIO_FREE_BYTES = 64 * 1024;

const OUTPUT_CHUNK_BYTES = 16 * 1024;

export type BodyDone = (error: DomainError | null, body?: Buffer) => void;

export interface BodyLimits {
  readonly wireBytes: number;
  readonly decodedBytes: number;
}

/** Refuses (`unsupported_media_type`) every coding but a single gzip; tells whether there is one. */
export function isGzipEncoded(contentEncoding: string | undefined): boolean {
  if (contentEncoding === undefined) return false;
  const coding = contentEncoding.toLowerCase();
  if (coding === 'gzip') return true;
  if (coding === 'identity') return false;
  throw new DomainError('unsupported_media_type', 'Content-Encoding may be gzip, once, or absent.');
}

export function buildTooLargeError(): DomainError {
  return new DomainError('body_too_large', 'The body is larger than this address accepts.');
}

function buildBadEncodingError(): DomainError {
  return new DomainError('bad_encoding', 'The body is not complete, valid gzip.');
}

/** Decompresses a small body in one call: cheaper than a stream's trips through the thread pool. */
export function inflateSmallBody(wire: Buffer, limits: BodyLimits): Buffer {
  const maxOutputLength = Math.min(limits.decodedBytes, Math.max(RATIO_FREE_BYTES, wire.length * MAX_RATIO));
  try {
    return gunzipSync(wire, { maxOutputLength });
  } catch (error) {
    const isTooLarge = (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE';
    throw isTooLarge ? buildTooLargeError() : buildBadEncodingError();
  }
}

/**
 * Decompresses while the body arrives and gives up at the first limit, so that a bomb costs what its
 * first kilobytes cost, never its size.
 */
export function inflateArrivingBody(payload: IncomingMessage, limits: BodyLimits, done: BodyDone): void {
  const gunzip = createGunzip({ chunkSize: OUTPUT_CHUNK_BYTES });
  const chunks: Buffer[] = [];
  let wireBytes = 0;
  let decodedBytes = 0;
  let isOver = false;
  const finish = (error: DomainError | null): void => {
    if (isOver) return;
    isOver = true;
    payload.off('data', onWire).off('end', onWireEnd).off('close', onBroken).resume();
    gunzip.destroy();
    if (error) done(error);
    else done(null, Buffer.concat(chunks, decodedBytes));
  };
  const onWire = (chunk: Buffer): void => {
    wireBytes += chunk.length;
    if (wireBytes > limits.wireBytes) finish(buildTooLargeError());
    else if (!gunzip.write(chunk)) payload.pause();
  };
  const onBroken = (): void => finish(buildBadEncodingError());
  const onWireEnd = (): void => {
    // A request closes when it has ended, which is before all of it is unpacked.
    payload.off('close', onBroken);
    gunzip.end();
  };
  payload.on('data', onWire).on('end', onWireEnd).on('close', onBroken).on('error', onBroken);
  gunzip.on('drain', () => payload.resume());
  gunzip.on('data', (chunk: Buffer) => {
    decodedBytes += chunk.length;
    // bytesWritten is what inflate has consumed so far, not what waits: a bomb shows itself in its first chunks.
    const isBomb = decodedBytes > RATIO_FREE_BYTES && decodedBytes > gunzip.bytesWritten * MAX_RATIO;
    if (isBomb || decodedBytes > limits.decodedBytes) finish(buildTooLargeError());
    else chunks.push(chunk);
  });
  gunzip.on('error', onBroken);
  gunzip.on('end', () => finish(null));
}
