import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import Provider, { type Context } from 'oidc-provider';

export const CLIENT = { id: 'watchkeeper', secret: 'a-client-secret-of-the-tests-9d3f' };

/** What the provider says of somebody beside who it is. */
export type Person = Record<string, unknown>;

/**
 * A certified OpenID Connect provider on loopback, in this process. It answers at `localhost`, so that for a browser
 * it is another site than a hub at 127.0.0.1. Whoever comes is signed in as `who`, unless `isRefusing`.
 */
export class TestProvider {
  who = 'kim';
  isRefusing = false;
  /** By subject. */
  readonly people: Record<string, Person> = {};
  /** The tokens that it has given. */
  readonly given: string[] = [];
  private server: Server | undefined;
  private port = 0;
  private readonly key = createSigningKey();

  get issuer(): string {
    return `http://localhost:${this.port}`;
  }

  /** @param redirectUris of the hubs that are its clients */
  async start(redirectUris: readonly string[]): Promise<void> {
    const server = createServer();
    await listen(server, this.port);
    this.port = (server.address() as AddressInfo).port;
    this.server = server;
    const provider = quietly(() => new Provider(this.issuer, this.configure(redirectUris)));
    provider.on('grant.success', ({ body }) => this.given.push(body.access_token, body.id_token));
    const answer = provider.callback();
    server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      if (!request.url?.startsWith('/interaction/')) return void answer(request, response);
      const result = this.isRefusing ? { error: 'access_denied' } : { login: { accountId: this.who } };
      provider.interactionFinished(request, response, result).catch((error: Error) => {
        response.statusCode = 500;
        response.end(error.message);
      });
    });
  }

  /** As if it had broken down; `start` brings it back at the same address. */
  async stop(): Promise<void> {
    const { server } = this;
    this.server = undefined;
    server?.closeAllConnections();
    await new Promise((resolve) => (server ? server.close(resolve) : resolve(undefined)));
  }

  private configure(redirectUris: readonly string[]): object {
    return {
      clients: [
        {
          client_id: CLIENT.id,
          client_secret: CLIENT.secret,
          redirect_uris: redirectUris,
          response_types: ['code'],
          grant_types: ['authorization_code'],
        },
      ],
      jwks: { keys: [this.key] },
      cookies: { keys: [randomUUID()] },
      features: { devInteractions: { enabled: false } },
      scopes: ['openid', 'groups'],
      claims: {
        openid: ['sub'],
        profile: ['name'],
        email: ['email', 'email_verified'],
        groups: ['groups'],
      },
      ttl: { AccessToken: 60, AuthorizationCode: 60, IdToken: 60, Interaction: 60, Session: 60, Grant: 60 },
      interactions: { url: (_: unknown, { uid }: { uid: string }) => `/interaction/${uid}` },
      findAccount: (_: unknown, sub: string) => ({
        accountId: sub,
        claims: () => ({ sub, ...this.people[sub] }),
      }),
      // Nobody is asked what the hub may know.
      loadExistingGrant: async ({ oidc: { provider, client, session } }: Context) => {
        const grant = new provider.Grant({ clientId: client.clientId, accountId: session.accountId });
        grant.addOIDCScope('openid profile email groups');
        await grant.save();
        return grant;
      },
    };
  }
}

function createSigningKey(): object {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return { ...privateKey.export({ format: 'jwk' }), use: 'sig', alg: 'RS256', kid: randomUUID() };
}

/** It warns that it keeps everything in memory, which is what a test wants. */
function quietly<Result>(work: () => Result): Result {
  const { warn } = console;
  console.warn = () => undefined;
  try {
    return work();
  } finally {
    console.warn = warn;
  }
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, 'localhost', resolve);
  });
}

let travellers = 0;

/** A browser's way through hub and provider: it keeps the cookies of each, and follows no redirect by itself. */
export class Traveller {
  /** By site, then by name. */
  private readonly jars = new Map<string, Map<string, string>>();

  /** @param address where it says that it comes from: the hub has to trust its proxy 127.0.0.1 */
  constructor(
    readonly hubUrl: string,
    private readonly address = `203.0.113.${++travellers}`,
  ) {}

  /** Asks to sign in, and returns the provider's address. */
  async setOut(body: object = {}, path = '/api/auth/oidc/start'): Promise<URL> {
    const answer = await this.ask(new URL(path, this.hubUrl), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    const { url } = (await answer.json()) as { url?: string };
    if (answer.status !== 200 || url === undefined) throw new Error(`not begun: ${answer.status}`);
    return new URL(url);
  }

  /** Through the provider, up to where it sends the browser back. */
  async visit(url: URL): Promise<URL> {
    let at = url;
    for (let hop = 0; hop < 10; hop++) {
      const answer = await this.ask(at);
      const location = answer.headers.get('location');
      if (!location) throw new Error(`the provider stopped at ${at.pathname}: ${await answer.text()}`);
      at = new URL(location, at);
      if (at.origin === this.hubUrl) return at;
    }
    throw new Error('the provider leads in circles');
  }

  /** Back at the hub, as by a redirect from another site: the strict cookie of the session stays behind. */
  async comeBack(
    url: URL,
  ): Promise<{ path: string; status: number; text: string; session: string | undefined }> {
    const session = this.jarOf(url).get('session');
    this.jarOf(url).delete('session');
    const answer = await this.ask(url);
    const text = await answer.text();
    const fresh = this.jarOf(url).get('session');
    if (fresh === undefined && session !== undefined) this.jarOf(url).set('session', session);
    const path = (/content="0;url=([^"]*)"/.exec(text)?.[1] ?? '').replaceAll('&amp;', '&');
    return { path, status: answer.status, text, session: fresh };
  }

  /** All the way. */
  async signIn(body: object = {}, path?: string): ReturnType<Traveller['comeBack']> {
    return this.comeBack(await this.visit(await this.setOut(body, path)));
  }

  /** A cookie that the hub has set. */
  cookie(name: string): string | undefined {
    return this.jarOf(new URL(this.hubUrl)).get(name);
  }

  setCookie(name: string, value: string): void {
    this.jarOf(new URL(this.hubUrl)).set(name, value);
  }

  private async ask(url: URL, options: RequestInit = {}): Promise<Response> {
    const cookie = [...this.jarOf(url)].map(([name, value]) => `${name}=${value}`).join('; ');
    const headers = {
      ...(options.headers as Record<string, string>),
      'x-forwarded-for': this.address,
      ...(cookie && { cookie }),
    };
    const answer = await fetch(url, { ...options, headers, redirect: 'manual' });
    for (const line of answer.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      if (value === '' || /max-age=0/i.test(line)) this.jarOf(url).delete(name);
      else this.jarOf(url).set(name, value);
    }
    return answer;
  }

  private jarOf({ host }: URL): Map<string, string> {
    const jar = this.jars.get(host) ?? new Map<string, string>();
    this.jars.set(host, jar);
    return jar;
  }
}
