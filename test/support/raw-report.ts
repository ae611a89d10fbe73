import { Agent, request as sendRequest } from 'node:http';
import type { Json } from './hub-client.js';
import type { HubProcess } from './hub-process.js';

/** In every bad input: no log of the hub and no refusal may repeat it. */
export const CANARY = 'c4n4ry';

export interface RawAnswer {
  readonly status: number;
  readonly type: string | undefined;
  readonly connection: string | undefined;
  readonly text: string;
  readonly body: Json;
}

const agent = new Agent();

/** Sends a body to the door for reports over node:http, as fetch would not: any header, any length, in pieces. */
export function postRaw(
  hub: HubProcess,
  key: string,
  body: Buffer | string | readonly Buffer[],
  headers: Record<string, string> = {},
): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    const request = sendRequest(
      {
        agent,
        port: hub.port,
        host: '127.0.0.1',
        path: '/api/monitoring/data',
        method: 'POST',
        headers: { 'content-type': 'application/json', 'x-api-key': key, ...headers },
      },
      (answer) => {
        let text = '';
        answer.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
        answer.on('end', () => {
          const { 'content-type': type, connection } = answer.headers;
          resolve({ status: answer.statusCode!, type, connection, text, body: JSON.parse(text) });
        });
      },
    );
    // The hub hangs up on what is too long; the answer has come by then.
    request.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE' && error.code !== 'ECONNRESET') reject(error);
    });
    for (const part of Array.isArray(body) ? body : [body]) request.write(part);
    request.end();
  });
}

/** The answer is a problem of this code, and repeats nothing of what was sent. */
export async function expectProblem(
  outcome: Promise<RawAnswer>,
  status: number,
  code: string,
): Promise<RawAnswer> {
  const got = await outcome;
  expect([got.status, got.body.code]).toEqual([status, code]);
  expect(got.type).toMatch(/^application\/problem\+json/);
  expect(got.text).not.toContain(CANARY);
  expect(got.text).not.toMatch(/\bat \S+ \(|node_modules|position \d/);
  return got;
}

/** After a bad input: the hub lives, has stored nothing for this monitor, and has logged nothing of it. */
export async function expectUnharmed(hub: HubProcess, monitorId: string): Promise<void> {
  expect(hub.isRunning).toBe(true);
  expect((await fetch(`${hub.url}/livez`)).status).toBe(200);
  expect(hub.output).not.toContain(CANARY);
  const [row] = await hub.query<{ count: number }>(
    `select ((select count(*) from report where monitor_id = $1)
       + (select count(*) from late_report where monitor_id = $1))::int as count`,
    [monitorId],
  );
  expect(row!.count).toBe(0);
}

export function closeRawConnections(): void {
  agent.destroy();
}
