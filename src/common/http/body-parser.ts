import type { IncomingMessage } from 'node:http';
import type { FastifyRequest } from 'fastify';
import { DomainError } from '../../core/errors.js';
import {
  type BodyDone,
  buildTooLargeError,
  inflateArrivingBody,
  inflateSmallBody,
  isGzipEncoded,
  MAX_DECODED_BYTES,
} from './gzip-body.js';
import { lingerBeforeClose } from './lingering-close.js';
import { checkJsonContentType, readJsonBody } from './json-body.js';

/** What a request body may take on the wire, bytes; a route may set less by its `bodyLimit`. */
export const MAX_WIRE_BYTES = 1024 * 1024;

/** A body announced to be no longer than this is decompressed in one synchronous call. */
const SMALL_GZIP_BYTES = 8 * 1024;

declare module 'fastify' {
  interface FastifyContextConfig {
    /** This route's handler gets the body's bytes, decompressed, and calls `readJsonBody` itself. */
    takesBytes?: boolean;
  }
}

/** Fastify's parser for every content type: JSON or nothing, within the limits, plain or gzip. */
export function parseJsonBody(
  request: FastifyRequest,
  payload: IncomingMessage,
  done: (error: Error | null, body?: unknown) => void,
): void {
  parseBufferBody(request, payload, (error, body) => {
    if (error || !body) {
      // Whoever sends too much is still at it.
      if (!payload.readableEnded) lingerBeforeClose(payload.socket);
      done(error);
      return;
    }
    if (request.routeOptions.config.takesBytes) {
      done(null, body);
      return;
    }
    let value: unknown;
    try {
      value = readJsonBody(body);
    } catch (fault) {
      done(fault as DomainError);
      return;
    }
    done(null, value);
  });
}

/** The same up to the decompressed bytes. */
function parseBufferBody(request: FastifyRequest, payload: IncomingMessage, done: BodyDone): void {
  const routeLimit = request.routeOptions.bodyLimit ?? MAX_WIRE_BYTES;
  const limits = {
    wireBytes: Math.min(routeLimit, MAX_WIRE_BYTES),
    // A route with a small limit has it for the decompressed body too.
    decodedBytes: routeLimit < MAX_WIRE_BYTES ? routeLimit : MAX_DECODED_BYTES,
  };
  let isGzip: boolean;
  try {
    checkJsonContentType(request.headers['content-type']);
    isGzip = isGzipEncoded(request.headers['content-encoding']);
  } catch (fault) {
    done(fault as DomainError);
    return;
  }
  const announcedBytes = Number(request.headers['content-length']);
  if (announcedBytes > limits.wireBytes) done(buildTooLargeError());
  else if (!isGzip) readArrivingBody(payload, limits.wireBytes, done);
  else if (announcedBytes <= SMALL_GZIP_BYTES) {
    readArrivingBody(payload, limits.wireBytes, (error, wire) => {
      if (error || !wire) {
        done(error);
        return;
      }
      let body: Buffer;
      try {
        body = inflateSmallBody(wire, limits);
      } catch (fault) {
        done(fault as DomainError);
        return;
      }
      done(null, body);
    });
  } else inflateArrivingBody(payload, limits, done);
}

function readArrivingBody(payload: IncomingMessage, maxBytes: number, done: BodyDone): void {
  const chunks: Buffer[] = [];
  let receivedBytes = 0;
  const finish = (error: DomainError | null): void => {
    payload.off('data', onData).off('end', onEnd).off('error', onBroken).off('close', onBroken);
    if (error) done(error);
    else done(null, chunks.length === 1 ? chunks[0] : Buffer.concat(chunks, receivedBytes));
  };
  const onData = (chunk: Buffer): void => {
    receivedBytes += chunk.length;
    if (receivedBytes > maxBytes) finish(buildTooLargeError());
    else chunks.push(chunk);
  };
  const onEnd = (): void => finish(null);
  const onBroken = (): void =>
    finish(new DomainError('bad_encoding', 'The body ended before its announced end.'));
  payload.on('data', onData).on('end', onEnd).on('error', onBroken).on('close', onBroken);
}
