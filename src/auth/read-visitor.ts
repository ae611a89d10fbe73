import type { FastifyRequest } from 'fastify';
import type { Visitor } from './session.service.js';

/** From where a request comes, for the limits at the public doors and for the list of sessions. */
export function readVisitor(request: FastifyRequest): Visitor {
  return { ip: request.ip, userAgent: request.headers['user-agent'], requestId: request.id };
}
