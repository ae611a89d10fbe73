import type { IncomingHttpHeaders } from 'node:http';
import { Injectable } from '@nestjs/common';
import type { UserPrincipal } from '../common/principal.js';
import { DomainError } from '../core/errors.js';
import { readBearer } from './api-key-format.js';
import { SessionService } from './session.service.js';
import { TokenVerdicts } from './tokens/token-verdicts.js';

/** The door of users, under REST, GraphQL and WebSocket alike: a session's cookie, or a personal token, never both. */
@Injectable()
export class UserDoor {
  constructor(
    private readonly sessions: SessionService,
    private readonly tokens: TokenVerdicts,
  ) {}

  /** The user behind a request from `address`. Whoever shows a personal token means that: their cookie is not looked at. */
  async authenticate(headers: IncomingHttpHeaders, address: string): Promise<UserPrincipal | undefined> {
    const token = readPersonalToken(headers);
    return token === undefined ? this.sessions.authenticate(headers) : this.tokens.judge(token, address);
  }

  /** What somebody is told whom `authenticate` does not know. */
  async refuse(headers: IncomingHttpHeaders): Promise<DomainError> {
    const isToken = readPersonalToken(headers) !== undefined;
    const reason = isToken ? undefined : await this.sessions.explainRefusal(headers);
    return new DomainError('unauthenticated', reason ?? 'Sign in first.');
  }
}

/**
 * The personal token that a request shows; unchecked. No other site can make a browser send one, so that the rules
 * against foreign pages are for those who show none.
 */
export function readPersonalToken(headers: IncomingHttpHeaders): string | undefined {
  const bearer = readBearer(headers);
  return bearer?.startsWith('wkp_') ? bearer : undefined;
}
