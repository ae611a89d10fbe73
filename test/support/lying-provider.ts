import { createHmac, createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { CLIENT } from './test-provider.js';

const LATER_SECONDS = 3_600;

/** What is wrong with the next answer of a provider that was broken into, or with what stands between. */
export type Lie =
  | 'nothing'
  | 'no signature'
  | 'an empty signature'
  | 'the key of somebody else'
  | 'the public key as a secret'
  | 'a changed payload'
  | 'another nonce'
  | 'no nonce'
  | 'another issuer'
  | 'another audience'
  | 'expired'
  | 'no subject'
  | 'no token'
  | 'a list for a subject'
  | 'a redirect'
  | 'two megabytes'
  | 'no json'
  | 'an error with a secret'
  | 'somebody else’s userinfo'
  | 'a prototype';

/** An OpenID Connect provider that lies, at `localhost`. It asks nobody anything: a test makes up the way back. */
export class LyingProvider {
  lie: Lie = 'nothing';
  subject = 'kim';
  nonce = '';
  /** Where its metadata says that tokens are given. */
  tokenEndpoint = '';
  readonly asked: string[] = [];
  private readonly own = generateKeyPairSync('rsa', { modulusLength: 2048 });
  private readonly foreign = generateKeyPairSync('rsa', { modulusLength: 2048 });
  private server!: Server;
  private port = 0;

  get issuer(): string {
    return `http://localhost:${this.port}`;
  }

  async start(): Promise<void> {
    this.server = createServer((request, response) => {
      this.asked.push(`${request.headers.host}${request.url}`);
      request.resume().on('end', () => this.answer(request.url ?? '', response));
    });
    await new Promise<void>((resolve) => this.server.listen(0, resolve));
    this.port = (this.server.address() as AddressInfo).port;
    this.tokenEndpoint = `${this.issuer}/token`;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private answer(path: string, response: ServerResponse): void {
    if (path.startsWith('/.well-known')) return sendJson(response, this.describe());
    if (path === '/jwks') {
      const key = { ...this.own.publicKey.export({ format: 'jwk' }), use: 'sig', alg: 'RS256', kid: 'one' };
      return sendJson(response, { keys: [key] });
    }
    if (path === '/userinfo') {
      const sub = this.lie === 'somebody else’s userinfo' ? 'the admin' : this.subject;
      return sendJson(response, { sub, groups: ['ops'] });
    }
    if (this.lie === 'a redirect') {
      response.writeHead(302, { location: `${this.issuer}/elsewhere` });
      response.end();
    } else if (this.lie === 'two megabytes') sendJson(response, { id_token: 'x'.repeat(2 * 1024 * 1024) });
    else if (this.lie === 'no json') response.end('<html>');
    else if (this.lie === 'an error with a secret') {
      sendJson(response, { error: 'invalid_client', error_description: `not ${CLIENT.secret}` }, 400);
    } else {
      const token = this.lie === 'no token' ? undefined : this.makeToken();
      sendJson(response, { access_token: 'an-access-token', token_type: 'Bearer', id_token: token });
    }
  }

  private describe(): object {
    return {
      issuer: this.issuer,
      authorization_endpoint: `${this.issuer}/authorize`,
      token_endpoint: this.tokenEndpoint,
      userinfo_endpoint: `${this.issuer}/userinfo`,
      jwks_uri: `${this.issuer}/jwks`,
      response_types_supported: ['code'],
      subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: ['RS256', 'HS256', 'none'],
    };
  }

  private makeToken(): string {
    const now = Math.floor(Date.now() / 1000);
    const payload: Record<string, unknown> = {
      iss: this.lie === 'another issuer' ? 'https://other.example' : this.issuer,
      aud: this.lie === 'another audience' ? 'somebody' : CLIENT.id,
      sub: this.lie === 'a list for a subject' ? [this.subject] : this.subject,
      nonce: this.lie === 'another nonce' ? 'x' : this.nonce,
      iat: this.lie === 'expired' ? now - 2 * LATER_SECONDS : now,
      exp: this.lie === 'expired' ? now - LATER_SECONDS : now + LATER_SECONDS,
    };
    if (this.lie === 'no nonce') delete payload['nonce'];
    if (this.lie === 'no subject') delete payload['sub'];
    const text = JSON.stringify(payload);
    const withPrototype = text.replace('{', '{"__proto__":{"groups":["ops"]},');
    return this.signToken(this.lie === 'a prototype' ? withPrototype : text);
  }

  private signToken(payload: string): string {
    const alg =
      { 'no signature': 'none', 'an empty signature': 'RS256', 'the public key as a secret': 'HS256' }[
        this.lie as string
      ] ?? 'RS256';
    const head = toBase64(JSON.stringify({ alg, kid: 'one', typ: 'JWT' }));
    const signed = `${head}.${toBase64(payload)}`;
    if (alg === 'none' || this.lie === 'an empty signature') return `${signed}.`;
    if (alg === 'HS256') {
      const pem = createPublicKey(this.own.publicKey.export({ type: 'spki', format: 'pem' }) as string);
      const secret = pem.export({ type: 'spki', format: 'pem' });
      return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`;
    }
    const key: KeyObject =
      this.lie === 'the key of somebody else' ? this.foreign.privateKey : this.own.privateKey;
    const signature = sign('sha256', Buffer.from(signed), key).toString('base64url');
    if (this.lie !== 'a changed payload') return `${signed}.${signature}`;
    return `${head}.${toBase64(payload.replace(`"${this.subject}"`, '"admin"'))}.${signature}`;
  }
}

function toBase64(text: string): string {
  return Buffer.from(text).toString('base64url');
}

function sendJson(response: ServerResponse, body: object, status = 200): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}
