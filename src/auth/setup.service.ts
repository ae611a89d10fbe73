import { timingSafeEqual } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { type AuditActor, AuditLog } from '../audit/audit-log.js';
import { ConfigError } from '../config/config-error.js';
import { HUB_CONFIG, type HubConfig } from '../config/hub-config.js';
import { DomainError } from '../core/errors.js';
import { CLOCK, type Clock } from './clock.js';
import { FirstAdmin } from './first-admin.js';
import { toRequestOrigin } from './sign-ins.js';
import { createOpaqueToken, hashToken } from './opaque-token.js';
import { removeSetupLink, writeSetupLink } from './setup-link-file.js';
import { FirstSteps, type Welcome } from './second-factor/first-steps.js';
import type { Visitor } from './session.service.js';
import type { UserEntity } from './user.entity.js';

export const SETUP_LINK_LIFE_MS = 30 * 60_000;
const TOKEN_BYTES = 16;

/** The one-time link by which whoever sees the hub's console makes the first admin. */
@Injectable()
export class SetupService {
  private link: { readonly expiresAt: number; readonly address: string } | undefined;

  constructor(
    private readonly dataSource: DataSource,
    private readonly firstAdmin: FirstAdmin,
    private readonly firstSteps: FirstSteps,
    private readonly audit: AuditLog,
    @Inject(HUB_CONFIG) private readonly config: HubConfig,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /**
   * Called once at start. Makes the admin that the environment names, or returns a new set-up link (the one
   * before is void), or null when there is an admin. `address` is where the hub is reached, without a slash at the end.
   */
  async prepare(address: string): Promise<string | null> {
    const { admin } = this.config;
    if (admin && !(await this.firstAdmin.exists())) await this.createFrom(admin);
    if (await this.firstAdmin.exists()) {
      await this.withdraw();
      return null;
    }
    return this.issue(address);
  }

  /** A new link when the last one has run out unused; else null. */
  async renew(): Promise<string | null> {
    if (!this.link || this.clock() < this.link.expiresAt) return null;
    if (await this.firstAdmin.exists()) {
      await this.withdraw();
      return null;
    }
    return this.issue(this.link.address);
  }

  /** Makes the first admin and signs them in, or begins their second step where one is due. Closed (`not_found`) for ever once there is one. */
  async setUp(token: string, email: string, password: string, visitor: Visitor): Promise<Welcome> {
    if (await this.firstAdmin.exists()) throw closed();
    // Before the costly hash, so that only the holder of the link can ask for one; again, locked, below.
    await this.assertToken(token, this.dataSource.manager).catch((error: unknown) => {
      this.audit.noteRefusal({ action: 'setup.refused', targetType: 'user', address: visitor.ip });
      throw error;
    });
    let welcome: Welcome | undefined;
    await this.firstAdmin.create(email, password, async (manager, created) => {
      await this.assertToken(token, manager);
      await manager.query('delete from setup_token');
      const actor = { userId: created.id, email: created.email, origin: toRequestOrigin(visitor) };
      await this.recordAdmin(created, actor, manager);
      welcome = await this.firstSteps.take(created, visitor, manager);
    });
    this.link = undefined;
    await removeSetupLink(this.config.dataDir);
    return welcome!;
  }

  private async createFrom({ email, password }: { email: string; password: string }): Promise<void> {
    try {
      await this.firstAdmin.create(email, password, (manager, created) =>
        this.recordAdmin(created, 'hub', manager),
      );
    } catch (error) {
      if (!(error instanceof DomainError) || error.code !== 'invalid_input') throw error;
      throw new ConfigError([`WATCHKEEPER_ADMIN_PASSWORD: ${error.message}`]);
    }
  }

  private async recordAdmin(user: UserEntity, actor: AuditActor, manager: EntityManager): Promise<void> {
    const { id, email, role } = user;
    await this.audit.record(
      { action: 'user.created', targetType: 'user', targetId: id, targetName: email, after: { email, role } },
      actor,
      manager,
    );
  }

  private async issue(address: string): Promise<string> {
    const token = createOpaqueToken(TOKEN_BYTES);
    const expiresAt = this.clock() + SETUP_LINK_LIFE_MS;
    await this.dataSource.query(
      `insert into setup_token (token_hash, expires_at) values ($1, $2)
       on conflict (singleton) do update set token_hash = excluded.token_hash, expires_at = excluded.expires_at`,
      [hashToken(token), new Date(expiresAt)],
    );
    this.link = { expiresAt, address };
    // In the fragment, which no browser sends and no proxy logs.
    const link = `${address}/setup#token=${token}`;
    await writeSetupLink(this.config.dataDir, link);
    return link;
  }

  private async withdraw(): Promise<void> {
    this.link = undefined;
    await this.dataSource.query('delete from setup_token');
    await removeSetupLink(this.config.dataDir);
  }

  private async assertToken(token: string, manager: EntityManager): Promise<void> {
    const [row] = await manager.query<{ token_hash: Buffer; expires_at: Date }[]>(
      'select token_hash, expires_at from setup_token',
    );
    const isRight = row !== undefined && timingSafeEqual(hashToken(token), row.token_hash);
    if (!isRight || this.clock() >= row.expires_at.getTime()) {
      throw new DomainError(
        'unauthenticated',
        'This set-up link is not valid (any more). The console shows a new one.',
      );
    }
  }
}

function closed(): DomainError {
  return new DomainError('not_found', 'There is nothing here.');
}
