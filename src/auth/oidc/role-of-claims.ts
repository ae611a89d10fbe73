import type { Role } from '../../common/principal.js';
import type { OidcSettings } from '../../config/hub-config.js';
import { ROLES_BY_RANK } from '../../config/oidc-roles.js';

/**
 * The role that the provider's claims give: of all values that stand in the map the one with most, `viewer` where none
 * does. Undefined where roles are the hub's own matter.
 */
export function readRoleOfClaims(
  { roles }: Pick<OidcSettings, 'roles'>,
  claims: Readonly<Record<string, unknown>>,
): Role | undefined {
  if (!roles) return undefined;
  const claim = Object.hasOwn(claims, roles.claim) ? claims[roles.claim] : undefined;
  const values = Array.isArray(claim) ? (claim as unknown[]) : [claim];
  const given = values.map((value) => (typeof value === 'string' ? roles.map.get(value) : undefined));
  return ROLES_BY_RANK.find((role) => given.includes(role)) ?? 'viewer';
}
