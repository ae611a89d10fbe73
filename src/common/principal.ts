/** Who asks: the outcome of a door's check, the same over REST, GraphQL and WebSocket. */
export type Role = 'admin' | 'editor' | 'viewer';

export interface UserPrincipal {
  readonly userId: string;
  readonly email: string;
  readonly role: Role;
  readonly sessionId: string;
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Set by the global guard for signed-in requests. */
    principal?: UserPrincipal;
  }
}
