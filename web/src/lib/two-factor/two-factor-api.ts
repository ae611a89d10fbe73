import { mutate, query } from '../graphql/client.ts';
import {
  AccountSecurityDocument,
  BeginTwoFactorDocument,
  ConfirmTwoFactorDocument,
  DisableTwoFactorDocument,
  RenewRecoveryCodesDocument,
  type AccountSecurityQuery,
} from '../graphql/generated/graphql.ts';
import { refuse } from '../graphql/hub-error.ts';

export type AccountSecurity = AccountSecurityQuery['accountSecurity'];

/** What an app needs to make codes: base32, and the same as `otpauth://…`. */
export interface Enrolment {
  readonly secret: string;
  readonly uri: string;
}

export const fetchAccountSecurity = async (): Promise<AccountSecurity> =>
  (await query(AccountSecurityDocument, {})).accountSecurity;

export async function beginTwoFactor(currentPassword: string): Promise<Enrolment> {
  const { beginTwoFactor: payload } = await mutate(BeginTwoFactorDocument, { input: { currentPassword } });
  refuse(payload.userErrors);
  return { secret: payload.secret!, uri: payload.uri! };
}

/** Returns the recovery codes, which are shown this once. */
export async function confirmTwoFactor(code: string): Promise<readonly string[]> {
  const { confirmTwoFactor: payload } = await mutate(ConfirmTwoFactorDocument, { input: { code } });
  refuse(payload.userErrors);
  return payload.recoveryCodes!;
}

export async function disableTwoFactor(currentPassword: string, code: string): Promise<void> {
  const { disableTwoFactor: payload } = await mutate(DisableTwoFactorDocument, {
    input: { currentPassword, code },
  });
  refuse(payload.userErrors);
}

/** Returns the new codes; those before are void. */
export async function renewRecoveryCodes(currentPassword: string, code: string): Promise<readonly string[]> {
  const { renewRecoveryCodes: payload } = await mutate(RenewRecoveryCodesDocument, {
    input: { currentPassword, code },
  });
  refuse(payload.userErrors);
  return payload.recoveryCodes!;
}
