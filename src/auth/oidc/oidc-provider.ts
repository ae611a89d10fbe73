import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import * as oidc from 'openid-client';
import { Outbound } from '../../common/outbound/outbound.js';
import { OutboundError } from '../../common/outbound/outbound-error.js';
import { createOutboundFetch } from '../../common/outbound/outbound-fetch.js';
import { HUB_CONFIG, type HubConfig, type OidcSettings } from '../../config/hub-config.js';
import { CLOCK, type Clock } from '../clock.js';
import type { Flow } from './flow-cookie.js';
import { ProviderFault } from './provider-fault.js';

const METADATA_LIFE_MS = 3_600_000;
/** How long "it does not answer" is believed: strangers must not make the hub ask again and again. */
const FAILURE_LIFE_MS = 3_000;
const CLOCK_TOLERANCE_SECONDS = 30;
const TIMEOUT_SECONDS = 10;
const MAX_SUBJECT_LENGTH = 255;
/** Any address: the operator has named the provider, which often stands in the hub's own network. */
const ANYWHERE = ['0.0.0.0/0', '::/0'];

/** Whom the provider knows, checked. */
export interface ProviderIdentity {
  readonly issuer: string;
  readonly subject: string;
  readonly claims: Readonly<Record<string, unknown>>;
}

/** The OpenID Connect provider that the operator has set, as this hub is its client. */
@Injectable()
export class OidcProvider implements OnModuleDestroy {
  readonly settings: OidcSettings | undefined;
  private readonly redirectUri: string;
  private readonly toIssuer = new Outbound({ allowedCidrs: ANYWHERE });
  private known: { readonly config: oidc.Configuration; readonly readAt: number } | undefined;
  private failed: { readonly fault: ProviderFault; readonly at: number } | undefined;
  private reading: Promise<oidc.Configuration> | undefined;

  constructor(
    private readonly outbound: Outbound,
    @Inject(HUB_CONFIG) { oidc, publicOrigin = '', basePath }: HubConfig,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {
    this.settings = oidc;
    // By PUBLIC_URL alone, never by what a request says of its host.
    this.redirectUri = `${publicOrigin}${basePath}/api/auth/oidc/callback`;
  }

  onModuleDestroy(): void {
    this.toIssuer.close();
  }

  /** Where the browser goes to sign in. @throws ProviderFault */
  async buildSignInUrl({ state, nonce, verifier }: Pick<Flow, 'state' | 'nonce' | 'verifier'>): Promise<URL> {
    const config = await this.discover();
    return oidc.buildAuthorizationUrl(config, {
      redirect_uri: this.redirectUri,
      scope: this.require().scopes,
      state,
      nonce,
      code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
    });
  }

  /**
   * Takes what the provider sent the browser back with, and returns who it is.
   * @param query of the return, as it came
   * @param wanted claims that are asked for where the token does not have them
   * @throws ProviderFault
   */
  async identify(query: string, flow: Flow, wanted: readonly string[]): Promise<ProviderIdentity> {
    const config = await this.discover();
    const returned = new URL(this.redirectUri);
    returned.search = query;
    try {
      const tokens = await oidc.authorizationCodeGrant(config, returned, {
        expectedState: flow.state,
        expectedNonce: flow.nonce,
        pkceCodeVerifier: flow.verifier,
        idTokenExpected: true,
      });
      const claims = tokens.claims()!;
      const { sub } = claims;
      const isMissing = wanted.some((name) => claims[name] === undefined);
      const isTold = config.serverMetadata().userinfo_endpoint !== undefined;
      const more = isMissing && isTold ? await oidc.fetchUserInfo(config, tokens.access_token, sub) : {};
      if (sub === '' || sub.length > MAX_SUBJECT_LENGTH || sub.includes('\0')) {
        throw new ProviderFault(
          'refused',
          'the subject of the token is no plain text of up to 255 characters',
        );
      }
      return { issuer: this.require().issuer, subject: sub, claims: { ...more, ...claims } };
    } catch (error) {
      throw describeFault(error);
    }
  }

  private async discover(): Promise<oidc.Configuration> {
    const now = this.clock();
    if (this.known && now - this.known.readAt < METADATA_LIFE_MS) return this.known.config;
    if (this.failed && now - this.failed.at < FAILURE_LIFE_MS) throw this.failed.fault;
    this.reading ??= this.readMetadata().finally(() => (this.reading = undefined));
    return this.reading;
  }

  private async readMetadata(): Promise<oidc.Configuration> {
    const { issuer, clientId, clientSecret } = this.require();
    const isPlain = issuer.startsWith('http:');
    try {
      const config = await oidc.discovery(
        new URL(issuer),
        clientId,
        { [oidc.clockTolerance]: CLOCK_TOLERANCE_SECONDS },
        chooseClientAuth(clientSecret),
        {
          [oidc.customFetch]: (url, options) => this.fetch(url, options),
          timeout: TIMEOUT_SECONDS,
          // Signatures are checked although the token comes straight from the provider: a proxy may stand between.
          execute: [oidc.enableNonRepudiationChecks, ...(isPlain ? [oidc.allowInsecureRequests] : [])],
        },
      );
      if (config.serverMetadata().issuer !== issuer) {
        const own = JSON.stringify(config.serverMetadata().issuer);
        throw new ProviderFault(
          'unreachable',
          `the provider calls itself ${own}: set WATCHKEEPER_OIDC_ISSUER to that`,
        );
      }
      this.known = { config, readAt: this.clock() };
      this.failed = undefined;
      return config;
    } catch (error) {
      // What was good an hour ago most likely still is; the keys are asked for anew when they change.
      if (this.known) return this.known.config;
      const { message } = describeFault(error);
      const fault = new ProviderFault('unreachable', message, { cause: error });
      this.failed = { fault, at: this.clock() };
      throw fault;
    }
  }

  /** To the issuer itself wherever it stands; where its metadata leads elsewhere, only to public addresses. */
  private fetch(url: string, options: oidc.CustomFetchOptions): Promise<Response> {
    const isIssuer = new URL(url).host === new URL(this.require().issuer).host;
    return createOutboundFetch(isIssuer ? this.toIssuer : this.outbound)(url, options);
  }

  private require(): OidcSettings {
    if (!this.settings) throw new ProviderFault('unreachable', 'no provider is set');
    return this.settings;
  }
}

/** As the provider can: in the header where it says so or says nothing, else in the body. */
function chooseClientAuth(secret: string): oidc.ClientAuth {
  const [basic, post] = [oidc.ClientSecretBasic(secret), oidc.ClientSecretPost(secret)];
  return (server, client, body, headers) => {
    const methods = server.token_endpoint_auth_methods_supported ?? ['client_secret_basic'];
    return (methods.includes('client_secret_basic') ? basic : post)(server, client, body, headers);
  };
}

/** What may be logged of a fault: codes and the library's own words, never an answer of the provider. */
function describeFault(error: unknown): ProviderFault {
  if (error instanceof ProviderFault) return error;
  for (let cause = error; cause instanceof Error; cause = cause.cause as unknown) {
    if (cause instanceof OutboundError)
      return new ProviderFault('unreachable', cause.message, { cause: error });
  }
  if (error instanceof oidc.AuthorizationResponseError) {
    const code = error.error === 'access_denied' ? 'cancelled' : 'refused';
    return new ProviderFault(code, `the provider answered ${toWord(error.error)}`, { cause: error });
  }
  if (error instanceof oidc.ResponseBodyError) {
    return new ProviderFault('refused', `the provider answered ${toWord(error.error)}`, { cause: error });
  }
  const { code = '', message = 'unknown fault', cause } = (error ?? {}) as Partial<oidc.ClientError>;
  const isDown = code === 'OAUTH_TIMEOUT' || (cause instanceof Response && cause.status >= 500);
  return new ProviderFault(isDown ? 'unreachable' : 'refused', `${message} ${code}`.trim(), { cause: error });
}

/** A code of OAuth is a word; what is none was made up by somebody. */
function toWord(code: string): string {
  return /^[a-z_]{1,60}$/.test(code) ? code : 'an error';
}
