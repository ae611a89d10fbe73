/** The floor: node:http and JSON.parse, nothing checked, nothing kept. Prints its port. */
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { readJsonBody } from './read-body.js';

const server = http.createServer(async (request, response) => {
  const body = (await readJsonBody(request)) as { reports?: unknown[] };
  const answer = `{"accepted":${body.reports?.length ?? 1}}`;
  response
    .writeHead(200, { 'content-type': 'application/json', 'content-length': answer.length })
    .end(answer);
});
server.keepAliveTimeout = 60_000;
server.listen(0, '127.0.0.1', () => console.log(`port ${(server.address() as AddressInfo).port}`));
