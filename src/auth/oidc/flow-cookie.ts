import type { IncomingHttpHeaders } from 'node:http';
import { Inject, Injectable } from '@nestjs/common';
import { SecretBox } from '../../common/secret-box/secret-box.js';
import { HUB_CONFIG, type HubConfig } from '../../config/hub-config.js';
import { isReachedByHttps } from '../../config/public-scheme.js';
import { CLOCK, type Clock } from '../clock.js';
import { RateStore, toRateKey } from '../limits/rate-store.js';

export const FLOW_LIFE_MS = 10 * 60_000;
const PLACE = { table: 'cookie', id: 'sign-in by provider', column: 'flow' } as const;
const MAX_COOKIE_LENGTH = 4_000;

/** What has to be known again when the provider sends the browser back. */
export interface Flow {
  readonly purpose: FlowPurpose;
  readonly state: string;
  readonly nonce: string;
  /** Of PKCE. */
  readonly verifier: string;
  /** A checked path of this hub. */
  readonly next: string;
  /** That the browser had when it set out. */
  readonly sessionId?: string;
}

export type FlowPurpose =
  | { readonly is: 'sign-in' }
  | { readonly is: 'invitation'; readonly token: string }
  | { readonly is: 'connect'; readonly userId: string };

/**
 * Keeps a flow in the browser itself while it is with the provider: sealed, out of reach of scripts, for ten minutes
 * and for one return. It is `Lax`, as the way back begins at another site.
 */
@Injectable()
export class FlowCookie {
  private readonly isSecure: boolean;
  private readonly name: string;

  constructor(
    private readonly box: SecretBox,
    private readonly store: RateStore,
    @Inject(HUB_CONFIG) config: HubConfig,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {
    this.isSecure = isReachedByHttps(config);
    this.name = this.isSecure ? '__Host-provider' : 'provider';
  }

  /** The value of `Set-Cookie` that keeps it. */
  seal(flow: Flow): string {
    const text = JSON.stringify({ ...flow, expiresAt: this.clock() + FLOW_LIFE_MS });
    return this.build(this.box.seal(PLACE, text).toString('base64url'), FLOW_LIFE_MS / 1000);
  }

  /** The value of `Set-Cookie` that forgets it. */
  clear(): string {
    return this.build('', 0);
  }

  /** Takes the flow that belongs to `state`; a second time there is none. */
  async take(headers: IncomingHttpHeaders, state: string | undefined): Promise<Flow | undefined> {
    const flow = this.read(headers);
    if (!flow || flow.state !== state) return undefined;
    const key = toRateKey('usedReturn', flow.state);
    return this.store.update([key], (rates) => {
      if (rates.get(key)) return undefined;
      rates.set(key, { count: 1, expiresAt: rates.now + FLOW_LIFE_MS });
      return flow;
    });
  }

  /** Looks at it only: where an error has to be shown. */
  peek(headers: IncomingHttpHeaders): Flow | undefined {
    return this.read(headers);
  }

  private read(headers: IncomingHttpHeaders): Flow | undefined {
    const start = `${this.name}=`;
    const pair = headers.cookie
      ?.split(';')
      .map((part) => part.trim())
      .find((part) => part.startsWith(start));
    const sealed = pair?.slice(start.length);
    if (!sealed || sealed.length > MAX_COOKIE_LENGTH) return undefined;
    const text = this.box.open(PLACE, Buffer.from(sealed, 'base64url'));
    if (text === undefined) return undefined;
    const { expiresAt, ...flow } = JSON.parse(text) as Flow & { expiresAt: number };
    return this.clock() < expiresAt ? flow : undefined;
  }

  private build(value: string, maxAgeSeconds: number): string {
    const secure = this.isSecure ? ' Secure;' : '';
    return `${this.name}=${value}; Path=/; Max-Age=${maxAgeSeconds};${secure} HttpOnly; SameSite=Lax`;
  }
}
