import type { UserPrincipal } from './principal.js';

/** The context of every GraphQL operation, over HTTP and WebSocket alike. Always a signed-in user: the doors see to it. */
export interface GraphqlContext {
  readonly principal: UserPrincipal;
}
