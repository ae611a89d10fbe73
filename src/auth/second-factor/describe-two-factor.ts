import type { AuditChange } from '../../audit/audit-log.js';

/** For the audit log: a user has a second factor from now on, or none any more. */
export function describeTwoFactor(
  { id, email }: { readonly id: string; readonly email: string },
  hasTwoFactor: boolean,
): AuditChange {
  return {
    action: hasTwoFactor ? 'user.twoFactorEnabled' : 'user.twoFactorDisabled',
    targetType: 'user',
    targetId: id,
    targetName: email,
    before: { hasTwoFactor: !hasTwoFactor },
    after: { hasTwoFactor },
  };
}
