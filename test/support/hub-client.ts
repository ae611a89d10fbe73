import { createClient } from 'graphql-ws';
import { WebSocket } from 'ws';
import { ADMIN } from './hub-process.js';
import { waitFor } from './wait-for.js';

/** Where the hub is; a HubProcess is one, and stays one over its restarts. */
export interface HubAddress {
  readonly url: string;
}

// What came over the wire: each test says by its expectations what it must be.
// oxlint-disable-next-line typescript/no-explicit-any
export type Json = any;

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** Undefined where the answer is no JSON. */
  readonly body: Json;
}

export interface GraphqlAnswer {
  readonly data?: Json;
  readonly errors?: { readonly message: string; readonly extensions: Record<string, Json> }[];
}

/** One request; a body is sent as JSON. */
export async function callHub(
  hub: HubAddress,
  method: string,
  path: string,
  { body, headers = {} }: { body?: unknown; headers?: Record<string, string> } = {},
): Promise<Answer> {
  const type = body === undefined ? {} : { 'content-type': 'application/json' };
  const answer = await fetch(hub.url + path, {
    method,
    headers: { ...type, ...headers },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  const isJson = /\bjson\b/.test(answer.headers.get('content-type') ?? '');
  return {
    status: answer.status,
    headers: answer.headers,
    text,
    body: isJson ? JSON.parse(text) : undefined,
  };
}

/** Sends a report, or a batch, with a report key. */
export function postReport(hub: HubAddress, key: string, body: unknown): Promise<Answer> {
  return callHub(hub, 'POST', '/api/monitoring/data', { body, headers: { 'x-api-key': key } });
}

/** Uses the set-up link. */
export async function setUpAdmin(hub: HubAddress & { readonly setupToken: string }): Promise<HubClient> {
  const answer = await callHub(hub, 'POST', '/api/auth/setup', {
    body: { token: hub.setupToken, ...ADMIN },
  });
  return new HubClient(hub, readCookie(answer));
}

export async function signIn(hub: HubAddress, user: typeof ADMIN = ADMIN): Promise<HubClient> {
  return new HubClient(hub, readCookie(await callHub(hub, 'POST', '/api/auth/login', { body: user })));
}

function readCookie(answer: Answer): string {
  const cookie = answer.headers.get('set-cookie')?.split(';', 1)[0];
  if (answer.status !== 200 || !cookie) throw new Error(`not signed in: ${answer.status} ${answer.text}`);
  return cookie;
}

/** A signed-in user of a hub. */
export class HubClient {
  constructor(
    readonly hub: HubAddress,
    readonly cookie: string,
  ) {}

  call(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Answer> {
    return callHub(this.hub, method, path, { body, headers: { cookie: this.cookie, ...headers } });
  }

  async gql(query: string, variables: Record<string, unknown> = {}): Promise<GraphqlAnswer> {
    return (await this.call('POST', '/graphql', { query, variables })).body as GraphqlAnswer;
  }

  /** The data of an operation that must not fail. */
  async ask(query: string, variables: Record<string, unknown> = {}): Promise<Json> {
    const { data, errors } = await this.gql(query, variables);
    if (errors) throw new Error(JSON.stringify(errors));
    return data;
  }

  async createMonitor(fields: Record<string, unknown> = {}): Promise<{ id: string; key: string }> {
    const answer = await this.call('POST', '/api/monitoring/', { name: 'web-01', ...fields });
    if (answer.status !== 201) throw new Error(answer.text);
    return { id: answer.body.monitor.id, key: answer.body.apiKey };
  }

  subscribe<Event>(query: string, variables: Record<string, unknown> = {}): LiveSubscription<Event> {
    return new LiveSubscription(this, query, variables);
  }
}

/** One GraphQL subscription on a WebSocket of its own. */
export class LiveSubscription<Event> {
  /** What has come so far: the value of the subscription's one field. */
  readonly events: Event[] = [];
  readonly errors: unknown[] = [];
  /** The code with which the hub closed the socket. */
  closeCode: number | undefined;
  /** The hub has taken the socket. */
  isOpen = false;
  private readonly dispose: () => void | Promise<void>;

  constructor(user: HubClient, query: string, variables: Record<string, unknown>) {
    const { url } = user.hub;
    const client = createClient({
      url: `${url.replace('http', 'ws')}/graphql`,
      retryAttempts: 0,
      webSocketImpl: class extends WebSocket {
        constructor(address: string, protocol: string) {
          super(address, protocol, { headers: { cookie: user.cookie }, origin: url });
        }
      },
      on: {
        connected: () => (this.isOpen = true),
        closed: (event) => (this.closeCode = (event as { code: number }).code),
      },
    });
    client.subscribe<Record<string, Event>>(
      { query, variables },
      {
        next: ({ data, errors }) => {
          if (errors) this.errors.push(...errors);
          if (data) this.events.push(...Object.values(data));
        },
        error: (error) => this.errors.push(error),
        complete: () => undefined,
      },
    );
    this.dispose = () => client.dispose();
  }

  /** The first event, come or to come, that fits. */
  waitForEvent(fits: (event: Event) => boolean = () => true, deadlineMs?: number): Promise<Event> {
    return waitFor(() => this.events.find(fits), {
      ...(deadlineMs && { deadlineMs }),
      what: () => `no such event among ${JSON.stringify(this.events)}, errors ${JSON.stringify(this.errors)}`,
    });
  }

  async close(): Promise<void> {
    await this.dispose();
  }
}
