import type { DataSource } from 'typeorm';
import { AuditLog } from '../../audit/audit-log.js';
import type { HubConfig } from '../../config/hub-config.js';
import { DomainError } from '../../core/errors.js';
import { describeTwoFactor } from './describe-two-factor.js';

/**
 * Takes a user's second factor away and ends their sessions. Only for whoever has a shell on the hub's machine.
 * @throws DomainError `not_found`; `conflict` where there is none to take
 */
export async function dropSecondFactor(
  dataSource: DataSource,
  config: HubConfig,
  email: string,
): Promise<void> {
  await dataSource.transaction(async (manager) => {
    const [{ exists }] = await manager.query<[{ exists: boolean }]>(
      `select to_regclass('recovery_code') is not null as exists`,
    );
    if (!exists)
      throw new DomainError(
        'not_found',
        'Start this version of the hub once; then there are second factors.',
      );
    const [user] = await manager.query<{ id: string; email: string; has_two_factor: boolean }[]>(
      `select id, email, two_factor_since is not null as has_two_factor
         from app_user where lower(email) = lower($1) for update`,
      [email],
    );
    if (!user) throw new DomainError('not_found', `There is no user with the address ${email}.`);
    if (!user.has_two_factor) throw new DomainError('conflict', `${user.email} has no second factor.`);
    await manager.query(
      'update app_user set two_factor_since = null, totp_secret = null, totp_last_step = null where id = $1',
      [user.id],
    );
    await manager.query('delete from recovery_code where user_id = $1', [user.id]);
    await manager.query('delete from user_session where user_id = $1', [user.id]);
    await new AuditLog(dataSource, config).record(
      { ...describeTwoFactor(user, false), action: 'user.twoFactorReset' },
      'hub',
      manager,
    );
  });
}
