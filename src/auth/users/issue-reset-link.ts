import type { DataSource } from 'typeorm';
import { AuditLog } from '../../audit/audit-log.js';
import type { HubConfig } from '../../config/hub-config.js';
import { DomainError } from '../../core/errors.js';
import { createOpaqueToken, hashToken } from '../opaque-token.js';
import { buildHubLink } from './hub-link.js';

export const RESET_LINK_LIFE_MS = 60 * 60_000;
const TOKEN_BYTES = 16;

/**
 * A one-time link by which the user with this address sets a new password; an older one is void. Only for whoever
 * has a shell on the hub's machine: no door leads here.
 * @throws DomainError `not_found`; `conflict` for a disabled user
 */
export async function issueResetLink(
  dataSource: DataSource,
  config: HubConfig,
  email: string,
): Promise<string> {
  const token = createOpaqueToken(TOKEN_BYTES);
  await dataSource.transaction(async (manager) => {
    const [{ exists }] = await manager.query<[{ exists: boolean }]>(
      `select to_regclass('password_reset') is not null as exists`,
    );
    if (!exists)
      throw new DomainError('not_found', 'Start this version of the hub once; then there are users.');
    const [user] = await manager.query<{ id: string; email: string; is_disabled: boolean }[]>(
      'select id, email, is_disabled from app_user where lower(email) = lower($1)',
      [email],
    );
    if (!user) throw new DomainError('not_found', `There is no user with the address ${email}.`);
    if (user.is_disabled) {
      throw new DomainError(
        'conflict',
        `${user.email} is disabled. Another admin can enable them on the page.`,
      );
    }
    await manager.query(
      `insert into password_reset (user_id, token_hash, expires_at) values ($1, $2, $3)
       on conflict (user_id) do update set token_hash = excluded.token_hash, expires_at = excluded.expires_at`,
      [user.id, hashToken(token), new Date(Date.now() + RESET_LINK_LIFE_MS)],
    );
    await new AuditLog(dataSource, config).record(
      { action: 'user.resetLinkMade', targetType: 'user', targetId: user.id, targetName: user.email },
      'hub',
      manager,
    );
  });
  const host = config.host.includes(':') ? `[${config.host}]` : config.host;
  const publicOrigin = config.publicOrigin ?? `http://${host}:${config.port}`;
  return buildHubLink({ publicOrigin, basePath: config.basePath }, 'reset', token);
}
