import { Injectable } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import type { FastifyRequest } from 'fastify';
import { Strategy } from 'passport-custom';
import type { UserPrincipal } from '../common/principal.js';
import { UserDoor } from './user-door.js';

/** Passport's way to a signed-in user: the session cookie, or a personal token. */
@Injectable()
export class SessionStrategy extends PassportStrategy(Strategy, 'session') {
  constructor(private readonly door: UserDoor) {
    super();
  }

  async validate(request: FastifyRequest): Promise<UserPrincipal> {
    const principal = await this.door.authenticate(request.headers, request.ip);
    if (!principal) throw await this.door.refuse(request.headers);
    return { ...principal, origin: { address: request.ip, requestId: request.id } };
  }
}
