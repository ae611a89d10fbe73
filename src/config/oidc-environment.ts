import { readRoleMap } from './oidc-roles.js';
import { Rule } from './rule.js';

const MAX_LABEL_LENGTH = 40;
const isSwitch = (value: string): boolean => value === 'on' || value === 'off';

/** The variables of sign-in by a provider (OpenID Connect). */
export class OidcEnvironment {
  @Rule(
    isIssuer,
    'is not the address of a provider: give its issuer, https://name[/path] without ? or # (http:// on this machine alone)',
  )
  WATCHKEEPER_OIDC_ISSUER?: string;

  @Rule((value) => /^[\x21-\x7e]{1,500}$/.test(value), 'is not the id of a client, as the provider gave it')
  WATCHKEEPER_OIDC_CLIENT_ID?: string;

  @Rule(
    (value) => /^[\x20-\x7e]{8,1000}$/.test(value),
    'is not the secret of a client, as the provider gave it (8 characters or more)',
  )
  WATCHKEEPER_OIDC_CLIENT_SECRET?: string;

  @Rule(
    (value) =>
      /^[\x21\x23-\x5b\x5d-\x7e]+( [\x21\x23-\x5b\x5d-\x7e]+)*$/.test(value) &&
      value.split(' ').includes('openid'),
    'are no scopes: give names parted by one blank, openid among them',
  )
  WATCHKEEPER_OIDC_SCOPES?: string;

  @Rule(
    (value) => value.trim() !== '' && value.length <= MAX_LABEL_LENGTH && !/\p{C}/u.test(value),
    `is no text for a button: give up to ${MAX_LABEL_LENGTH} characters`,
  )
  WATCHKEEPER_OIDC_LABEL?: string;

  @Rule((value) => /^[\x21-\x7e]{1,200}$/.test(value), 'is not the name of a claim, like groups')
  WATCHKEEPER_OIDC_ROLE_CLAIM?: string;

  @Rule(
    (value) => readRoleMap(value) !== undefined,
    'is no map of roles: give VALUE=ROLE parted by commas, like ops=admin,dev=editor (admin, editor, viewer)',
  )
  WATCHKEEPER_OIDC_ROLE_MAP?: string;

  @Rule(isSwitch, 'is not known: give on or off')
  WATCHKEEPER_OIDC_ALLOW_SIGNUP?: string;

  @Rule(isSwitch, 'is not known: give on or off')
  WATCHKEEPER_PASSWORD_LOGIN?: string;
}

export const OIDC_VARIABLE_NAMES = [
  'WATCHKEEPER_OIDC_ISSUER',
  'WATCHKEEPER_OIDC_CLIENT_ID',
  'WATCHKEEPER_OIDC_CLIENT_SECRET',
  'WATCHKEEPER_OIDC_SCOPES',
  'WATCHKEEPER_OIDC_LABEL',
  'WATCHKEEPER_OIDC_ROLE_CLAIM',
  'WATCHKEEPER_OIDC_ROLE_MAP',
  'WATCHKEEPER_OIDC_ALLOW_SIGNUP',
  'WATCHKEEPER_PASSWORD_LOGIN',
] as const satisfies readonly (keyof OidcEnvironment)[];

/** Secrets and tokens go there: https, or this machine. */
function isIssuer(value: string): boolean {
  if (/[\s\\?#]/.test(value) || !URL.canParse(value)) return false;
  const url = new URL(value);
  const isHere = ['localhost', '127.0.0.1', '[::1]'].includes(url.hostname);
  const isGoodScheme = url.protocol === 'https:' || (url.protocol === 'http:' && isHere);
  return isGoodScheme && url.username === '' && url.password === '';
}
