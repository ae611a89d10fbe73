import type { UserPrincipal } from '../common/principal.js';
import type { Monitor } from './monitor.entity.js';

type Owned = Pick<Monitor, 'ownerId'>;

/** Who may do what with a monitor: the one place that REST, GraphQL and live streams ask. */
export function canView(principal: UserPrincipal, monitor: Owned): boolean {
  return principal.role === 'admin' || monitor.ownerId === principal.userId;
}

export function canChange(principal: UserPrincipal, monitor: Owned): boolean {
  return principal.role === 'admin' || (principal.role === 'editor' && monitor.ownerId === principal.userId);
}

export function canCreate(principal: UserPrincipal, kind: Monitor['kind']): boolean {
  // A local monitor reads the hub's own machine.
  return principal.role === 'admin' || (principal.role === 'editor' && kind === 'agent');
}
