import { Injectable } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import type { FastifyRequest } from 'fastify';
import { Strategy } from 'passport-custom';
import type { UserPrincipal } from '../common/principal.js';
import { SessionService } from './session.service.js';

/** Passport's way to a signed-in user: the session cookie. */
@Injectable()
export class SessionStrategy extends PassportStrategy(Strategy, 'session') {
  constructor(private readonly sessions: SessionService) {
    super();
  }

  async validate(request: FastifyRequest): Promise<UserPrincipal | false> {
    const principal = await this.sessions.authenticate(request.headers);
    return principal ? { ...principal, origin: { address: request.ip, requestId: request.id } } : false;
  }
}
