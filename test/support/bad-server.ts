import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync, gzipSync } from 'node:zlib';
import type { Json } from './hub-client.js';

/** What a server that reports are sent to may do; `well` takes them and says nothing that a hub would say. */
export type Behaviour =
  | 'well'
  /** Nobody listens. */
  | 'down'
  | 'redirect'
  /** 429, come back in 2 s. */
  | 'busy'
  | 'broken'
  | 'missing'
  /** Takes the body and breaks the connection off. */
  | 'reset'
  /** Takes the reports, and answers with 64 MiB. */
  | 'huge'
  /** Takes the reports, and answers with what unpacks into 256 MiB. */
  | 'bomb'
  /** Takes the reports, and answers with a byte a second. */
  | 'slow'
  /** Takes the reports, and answers with JSON that means nothing. */
  | 'odd'
  /** Takes 1,000 bytes at most. */
  | 'small';

export interface BadServer {
  readonly url: string;
  /** What was taken, in order. */
  readonly taken: { readonly key: string | undefined; readonly reports: Json[] }[];
  /** When each request came. */
  readonly arrivals: number[];
  become(behaviour: Behaviour): void;
  close(): void;
}

let bomb: Buffer | undefined;

/** A server on a port of its own that does to its callers what servers do. */
export async function startBadServer(first: Behaviour): Promise<BadServer> {
  let behaviour = first;
  const taken: BadServer['taken'] = [];
  const arrivals: number[] = [];
  const answer = (request: IncomingMessage, response: ServerResponse, body: Buffer): void => {
    if (request.method === 'GET' && behaviour === 'well') response.writeHead(405).end();
    else if (behaviour === 'redirect') response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end();
    else if (behaviour === 'busy') response.writeHead(429, { 'retry-after': '2' }).end();
    else if (behaviour === 'broken') response.writeHead(503).end();
    else if (behaviour === 'missing') response.writeHead(404).end();
    else if (behaviour === 'reset') response.socket!.resetAndDestroy();
    else if (behaviour === 'small' && body.length > 1_000) response.writeHead(413).end();
    else {
      const text = request.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body;
      taken.push({
        key: request.headers['x-api-key'] as string | undefined,
        reports: JSON.parse(text.toString()).reports,
      });
      respond(response);
    }
  };
  const respond = (response: ServerResponse): void => {
    response.on('error', () => undefined);
    if (behaviour === 'huge') {
      response.writeHead(200);
      for (let part = 0; part < 64; part++) response.write(Buffer.alloc(1024 * 1024, 'x'));
      response.end();
    } else if (behaviour === 'bomb') {
      bomb ??= gzipSync(Buffer.alloc(256 * 1024 * 1024));
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(bomb);
    } else if (behaviour === 'slow') {
      response.writeHead(200);
      const timer = setInterval(() => response.write('x'), 1_000);
      response.on('close', () => clearInterval(timer));
    } else if (behaviour === 'odd')
      response.writeHead(200).end('{"accepted": "many", "rejected": {"index": 1}}');
    else response.writeHead(204).end();
  };
  const server: Server = createServer((request, response) => {
    arrivals.push(Date.now());
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('error', () => undefined);
    request.on('end', () => answer(request, response, Buffer.concat(parts)));
  });
  const listen = (port: number): Promise<void> =>
    new Promise((resolve) => server.listen(port, '127.0.0.1', resolve));
  await listen(0);
  const { port } = server.address() as AddressInfo;
  if (first === 'down') await new Promise((resolve) => server.close(resolve));
  return {
    url: `http://127.0.0.1:${port}`,
    taken,
    arrivals,
    become(next) {
      if (behaviour === 'down' && next !== 'down') void listen(port);
      behaviour = next;
    },
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}
