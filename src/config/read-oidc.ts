import type { Environment } from './environment.js';
import type { OidcSettings } from './hub-config.js';
import { OIDC_VARIABLE_NAMES } from './oidc-environment.js';
import { readRoleMap } from './oidc-roles.js';

const DEFAULT_SCOPES = 'openid profile email';

export function readOidc(given: Environment): OidcSettings | undefined {
  const {
    WATCHKEEPER_OIDC_ISSUER: issuer,
    WATCHKEEPER_OIDC_CLIENT_ID: clientId,
    WATCHKEEPER_OIDC_CLIENT_SECRET: clientSecret,
    WATCHKEEPER_OIDC_ROLE_CLAIM: claim,
    WATCHKEEPER_OIDC_ROLE_MAP: map,
  } = given;
  if (issuer === undefined || clientId === undefined || clientSecret === undefined) return undefined;
  const roles = map === undefined ? undefined : readRoleMap(map);
  return Object.freeze({
    issuer,
    clientId,
    clientSecret,
    scopes: given.WATCHKEEPER_OIDC_SCOPES ?? DEFAULT_SCOPES,
    label: given.WATCHKEEPER_OIDC_LABEL?.trim() ?? new URL(issuer).hostname,
    allowsSignUp: given.WATCHKEEPER_OIDC_ALLOW_SIGNUP === 'on',
    ...(claim !== undefined && roles && { roles: Object.freeze({ claim, map: roles }) }),
  });
}

/** What is good by itself, but not together; a line each. */
export function findOidcContradictions(given: Environment): string[] {
  const faults: string[] = [];
  if (given.WATCHKEEPER_OIDC_ISSUER === undefined) {
    for (const name of OIDC_VARIABLE_NAMES) {
      if (given[name] === undefined || name === 'WATCHKEEPER_PASSWORD_LOGIN') continue;
      faults.push(`${name}: has no effect without WATCHKEEPER_OIDC_ISSUER, the address of the provider`);
    }
    if (given.WATCHKEEPER_PASSWORD_LOGIN === 'off') {
      faults.push(
        'WATCHKEEPER_PASSWORD_LOGIN: "off" would leave no way in: set WATCHKEEPER_OIDC_ISSUER, ' +
          'WATCHKEEPER_OIDC_CLIENT_ID and WATCHKEEPER_OIDC_CLIENT_SECRET too',
      );
    }
    return faults;
  }
  for (const name of ['WATCHKEEPER_OIDC_CLIENT_ID', 'WATCHKEEPER_OIDC_CLIENT_SECRET'] as const) {
    if (given[name] !== undefined) continue;
    faults.push(
      `${name}: missing beside WATCHKEEPER_OIDC_ISSUER: the provider gives it when the hub is registered`,
    );
  }
  if (given.PUBLIC_URL === undefined) {
    faults.push(
      'PUBLIC_URL: missing beside WATCHKEEPER_OIDC_ISSUER: the provider sends users back to it, ' +
        'give the address by which they reach the hub',
    );
  }
  const { WATCHKEEPER_OIDC_ROLE_CLAIM: claim, WATCHKEEPER_OIDC_ROLE_MAP: map } = given;
  if ((claim === undefined) !== (map === undefined)) {
    const [missing, present] = claim === undefined ? ['CLAIM', 'MAP'] : ['MAP', 'CLAIM'];
    faults.push(
      `WATCHKEEPER_OIDC_ROLE_${missing}: missing beside WATCHKEEPER_OIDC_ROLE_${present}: give both or none`,
    );
  }
  return faults;
}
