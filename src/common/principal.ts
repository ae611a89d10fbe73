/** Who asks: the outcome of a door's check, the same over REST, GraphQL and WebSocket. */
export type Role = 'admin' | 'editor' | 'viewer';

/** From where somebody asks, and by which request: what the audit log notes beside who. */
export interface RequestOrigin {
  /** IP address of the visitor, behind trusted proxies theirs. */
  readonly address: string;
  readonly requestId: string;
}

export interface UserPrincipal {
  readonly userId: string;
  readonly email: string;
  readonly role: Role;
  readonly sessionId: string;
  /** Set by the doors; not there for what a test or the hub itself does in a user's name. */
  readonly origin?: RequestOrigin;
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Set by the global guard for signed-in requests. */
    principal?: UserPrincipal;
  }
}
