/** Who asks: the outcome of a door's check, the same over REST, GraphQL and WebSocket. */
export type Role = 'admin' | 'editor' | 'viewer';

/** From where somebody asks, and by which request: what the audit log notes beside who. */
export interface RequestOrigin {
  /** IP address of the visitor, behind trusted proxies theirs. */
  readonly address: string;
  readonly requestId: string;
}

/** `read`: queries and subscriptions; `manage`: whatever its user may do by a program. */
export type TokenScope = 'read' | 'manage';

export interface TokenGrant {
  readonly id: string;
  readonly scope: TokenScope;
  /** Epoch ms; Infinity when it never expires. */
  readonly expiresAt: number;
}

export interface UserPrincipal {
  readonly userId: string;
  readonly email: string;
  readonly role: Role;
  /** Of the session, or of the personal token, that the user came by: what ends when that one does. */
  readonly sessionId: string;
  /** Set when the user came by a personal token instead of signing in. */
  readonly accessToken?: TokenGrant;
  /** Set by the doors; not there for what a test or the hub itself does in a user's name. */
  readonly origin?: RequestOrigin;
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Set by the global guard for signed-in requests. */
    principal?: UserPrincipal;
  }
}
