import { Injectable } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import type { FastifyRequest } from 'fastify';
import { Strategy } from 'passport-custom';
import { ApiKeyDoor } from './api-key-door.js';
import type { Verdict } from './api-key-verdict.js';

/** Passport's way to the monitor whose key a request shows. */
@Injectable()
export class ApiKeyStrategy extends PassportStrategy(Strategy, 'api-key') {
  constructor(private readonly door: ApiKeyDoor) {
    super();
  }

  async validate(request: FastifyRequest): Promise<Verdict> {
    return this.door.admit(request.headers, request.ip);
  }
}
