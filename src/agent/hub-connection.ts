import type { IncomingMessage } from 'node:http';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { limitConnecting } from './connect-limit.js';
import { type HubTransport, type HubTransportOptions, openHubTransport } from './hub-transport.js';

export interface HubConnectionOptions extends HubTransportOptions {
  /** The hub's address, with its sub-path if it has one. */
  url: URL;
  key: string;
  userAgent: string;
}

export interface HubResponse {
  status: number;
  /** What `Retry-After` asks for. */
  retryAfterMs?: number;
  /** The parsed body; undefined when it is no JSON. */
  body: unknown;
}

const TIMEOUT_MS = 30_000;
const MAX_ANSWER_BYTES = 1024 * 1024;
/** Below this, packing costs more than it saves. */
const GZIP_FROM_BYTES = 4_096;

const pack = promisify(gzip);

/**
 * One connection to the hub, kept open between reports: no limit on its idle time here, so that it
 * outlives any interval as long as the hub keeps it too. node:http and not fetch, which takes 20 MB more.
 */
export class HubConnection {
  private readonly target: URL;
  private transport: Promise<HubTransport> | undefined;

  constructor(private readonly options: HubConnectionOptions) {
    this.target = new URL('api/monitoring/data', options.url);
  }

  /** Sends a body of JSON. @throws Node's error when the hub cannot be reached or breaks off. */
  async post(json: string): Promise<HubResponse> {
    const isPacked = json.length >= GZIP_FROM_BYTES;
    const body = isPacked ? await pack(json) : Buffer.from(json);
    try {
      return await this.postOnce(body, isPacked);
    } catch (error) {
      // The hub closed the idle connection just as we used it; it has not read the request.
      if ((error as { isStale?: boolean }).isStale) return this.postOnce(body, isPacked);
      throw error;
    }
  }

  close(): void {
    void this.transport?.then(({ agent }) => agent.destroy());
  }

  private async postOnce(body: Buffer, isPacked: boolean): Promise<HubResponse> {
    this.transport ??= openHubTransport(this.target, this.options);
    const { request: send, agent } = await this.transport;
    return new Promise((resolve, reject) => {
      const request = send(this.target, {
        method: 'POST',
        agent,
        headers: {
          'Content-Type': 'application/json',
          'Content-Length': body.length,
          'User-Agent': this.options.userAgent,
          'X-API-Key': this.options.key,
          ...(isPacked ? { 'Content-Encoding': 'gzip' } : {}),
        },
      });
      const deadline = setTimeout(() => request.destroy(new Error('no answer in time')), TIMEOUT_MS);
      const fail = (error: Error): void => {
        clearTimeout(deadline);
        const isReset = (error as NodeJS.ErrnoException).code === 'ECONNRESET';
        reject(Object.assign(error, { isStale: request.reusedSocket && isReset }));
      };
      request.on('socket', (socket) => limitConnecting(socket, request.host));
      request.on('error', fail);
      request.on('response', (response) => {
        readAnswer(response).then((answer) => {
          clearTimeout(deadline);
          resolve(answer);
        }, fail);
      });
      request.end(body);
    });
  }
}

async function readAnswer(response: IncomingMessage): Promise<HubResponse> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of response as AsyncIterable<Buffer>) {
    bytes += part.length;
    if (bytes > MAX_ANSWER_BYTES) throw new Error('the answer is too long');
    parts.push(part);
  }
  return {
    status: response.statusCode ?? 0,
    retryAfterMs: parseRetryAfter(response.headers['retry-after'], Date.now()),
    body: parseJson(Buffer.concat(parts).toString('utf8')),
  };
}

/** `Retry-After` in its two forms, seconds or a date; at most an hour, whatever it says. */
export function parseRetryAfter(text: string | undefined, now: number): number | undefined {
  if (text === undefined) return undefined;
  const ms = /^\d+$/.test(text) ? Number(text) * 1_000 : Date.parse(text) - now;
  return Number.isNaN(ms) ? undefined : Math.min(3_600_000, Math.max(0, ms));
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
