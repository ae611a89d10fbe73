import type { IncomingHttpHeaders } from 'node:http';
import { Inject, Injectable, Logger } from '@nestjs/common';
import { randomNonce, randomPKCECodeVerifier, randomState } from 'openid-client';
import { HUB_CONFIG, type HubConfig } from '../../config/hub-config.js';
import { DomainError } from '../../core/errors.js';
import { SessionService, type Visitor } from '../session.service.js';
import { ConnectedProviders } from './connected-providers.js';
import { DoorLimiter } from './door-limiter.js';
import { type Flow, FlowCookie, type FlowPurpose } from './flow-cookie.js';
import { readNextPath } from './next-path.js';
import { OidcProvider } from './oidc-provider.js';
import { ProviderAccounts } from './provider-accounts.js';
import { ProviderFault, type ProviderFaultCode } from './provider-fault.js';

export interface SetOut {
  /** Of the provider: where the browser goes. */
  readonly url: string;
  readonly cookie: string;
}

export interface Return {
  /** Of this hub: where the browser goes on. */
  readonly path: string;
  readonly cookies: readonly string[];
}

/** What strangers cause at will, or what is nobody's fault: neither counted nor noted. */
const BLAMELESS: ReadonlySet<ProviderFaultCode> = new Set([
  'unreachable',
  'cancelled',
  'internal',
  'too_many_requests',
]);
const LOGGED: ReadonlySet<ProviderFaultCode> = new Set(['unreachable', 'refused', 'internal']);

/** The way to the provider and back, by the authorization code flow with PKCE. */
@Injectable()
export class ProviderSignIn {
  private readonly logger = new Logger('sign-in');

  constructor(
    private readonly provider: OidcProvider,
    private readonly accounts: ProviderAccounts,
    private readonly connected: ConnectedProviders,
    private readonly flows: FlowCookie,
    private readonly limiter: DoorLimiter,
    private readonly sessions: SessionService,
    @Inject(HUB_CONFIG) private readonly config: HubConfig,
  ) {}

  /**
   * @param next a path of this hub, unchecked
   * @param sessionId that the browser has now
   * @throws DomainError `not_found` without a provider, `too_many_requests`, `not_ready` where it cannot be reached
   */
  async setOut(
    purpose: FlowPurpose,
    {
      next,
      sessionId,
      visitor,
    }: { next?: string | undefined; sessionId?: string | undefined; visitor: Visitor },
  ): Promise<SetOut> {
    const { settings } = this.provider;
    if (!settings) throw new DomainError('not_found', 'This hub takes no sign-ins from a provider.');
    await this.limiter.countStart(visitor.ip);
    const flow: Flow = {
      purpose,
      state: randomState(),
      nonce: randomNonce(),
      verifier: randomPKCECodeVerifier(),
      next: readNextPath(next, this.config.basePath),
      ...(sessionId !== undefined && { sessionId }),
    };
    try {
      const url = await this.provider.buildSignInUrl(flow);
      return { url: url.href, cookie: this.flows.seal(flow) };
    } catch (error) {
      if (!(error instanceof ProviderFault)) throw error;
      this.logger.warn(`${settings.label} cannot be asked: ${error.message}`);
      throw new DomainError(
        'not_ready',
        `${settings.label} cannot be reached right now. Try again in a moment.`,
      );
    }
  }

  /** The provider has sent the browser back. Never throws: whatever went wrong, the page says it. */
  async return(query: string, headers: IncomingHttpHeaders, visitor: Visitor): Promise<Return> {
    const flow = this.flows.peek(headers);
    try {
      await this.limiter.assertMayReturn(visitor.ip);
      const state = new URLSearchParams(query).get('state') ?? undefined;
      const taken = await this.flows.take(headers, state);
      if (!taken) throw new ProviderFault('expired');
      const { path, cookie } = await this.finish(taken, query, visitor);
      return { path, cookies: [this.flows.clear(), ...(cookie === undefined ? [] : [cookie])] };
    } catch (error) {
      const code = await this.noteFault(error, visitor);
      const page = flow?.purpose.is === 'connect' ? 'settings/profile' : 'login';
      return { path: `${this.config.basePath}/${page}?provider=${code}`, cookies: [this.flows.clear()] };
    }
  }

  private async finish(
    flow: Flow,
    query: string,
    visitor: Visitor,
  ): Promise<{ path: string; cookie?: string }> {
    const { purpose, sessionId } = flow;
    const { basePath } = this.config;
    const identity = await this.provider.identify(query, flow, this.listWantedClaims(purpose));
    if (purpose.is === 'connect') {
      await this.connected.connect({ userId: purpose.userId, sessionId: sessionId! }, identity, visitor);
      return { path: `${basePath}/settings/profile?provider=connected` };
    }
    const outcome =
      purpose.is === 'invitation'
        ? await this.accounts.acceptInvitation(purpose.token, identity, visitor)
        : await this.accounts.signIn(identity, visitor);
    if ('pendingToken' in outcome) {
      // In the fragment, which no browser sends and no proxy logs.
      const next = encodeURIComponent(flow.next);
      return { path: `${basePath}/login?next=${next}#second-step=${outcome.pendingToken}` };
    }
    // The session that the browser had until now would live on unseen.
    if (sessionId !== undefined) await this.sessions.end(sessionId);
    return { path: flow.next, cookie: outcome.cookie };
  }

  private listWantedClaims({ is }: FlowPurpose): string[] {
    const { roles, allowsSignUp } = this.provider.settings ?? {};
    const ofPerson = is === 'sign-in' && !allowsSignUp ? [] : ['email', 'email_verified', 'name'];
    return [...(roles ? [roles.claim] : []), ...ofPerson];
  }

  private async noteFault(error: unknown, visitor: Visitor): Promise<ProviderFaultCode> {
    const code = readCode(error);
    if (LOGGED.has(code)) {
      const isOwn = code === 'internal' && error instanceof Error;
      if (isOwn) this.logger.error(`request ${visitor.requestId} failed`, error.stack);
      else this.logger.warn(`sign-in by the provider failed (${code}): ${(error as Error).message}`);
    }
    if (!BLAMELESS.has(code)) {
      await this.limiter.noteFailure(visitor);
    }
    return code;
  }
}

function readCode(error: unknown): ProviderFaultCode {
  if (error instanceof ProviderFault) return error.code;
  if (!(error instanceof DomainError)) return 'internal';
  if (error.code === 'too_many_requests') return 'too_many_requests';
  if (error.code === 'conflict') return 'email_taken';
  return error.code === 'unauthenticated' ? 'invitation' : 'internal';
}
