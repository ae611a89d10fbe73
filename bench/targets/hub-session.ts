import type { JsonClient } from '../client/json-client.js';

export const ADMIN = { email: 'bench@watchkeeper.invalid', password: 'a password for one benchmark' };

export interface BenchMonitor {
  readonly id: string;
  readonly apiKey: string;
}

/** Signs in; resolves with the cookie. */
export async function signIn(client: JsonClient): Promise<string> {
  const response = await client.request('POST', '/api/auth/login', JSON.stringify(ADMIN), 'application/json');
  const cookie = response.headers['set-cookie']?.[0]?.split(';')[0];
  if (!cookie) throw new Error(`signing in to the hub failed: ${response.statusCode} ${response.text}`);
  return cookie;
}

export async function createMonitors(client: JsonClient, count: number): Promise<BenchMonitor[]> {
  const monitors: BenchMonitor[] = [];
  for (let index = 0; index < count; index++) {
    const created = await client.post<{ monitor: { id: string }; apiKey: string }>('/api/monitoring/', {
      name: `machine-${index}`,
    });
    monitors.push({ id: created.monitor.id, apiKey: created.apiKey });
  }
  return monitors;
}
