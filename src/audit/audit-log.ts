import { BeforeApplicationShutdown, Inject, Injectable, Logger } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { DataSource, type EntityManager } from 'typeorm';
import type { RequestOrigin, UserPrincipal } from '../common/principal.js';
import { HUB_CONFIG, type HubConfig } from '../config/hub-config.js';
import { type AuditTargetType, selectAuditedFields, toStorableText } from './audited-fields.js';
import { type Refusal, RefusalTally } from './refusal-tally.js';

export const DEFAULT_AUDIT_RETENTION_DAYS = 365;

/** What somebody did. */
export interface AuditChange {
  /** What was done, as `thing.pastVerb`: `monitor.created`, `user.roleChanged`. */
  readonly action: `${string}.${string}`;
  readonly targetType: AuditTargetType;
  /** Null where there is no single one. */
  readonly targetId: string | null;
  /** As people knew it then: the log outlives the thing. */
  readonly targetName?: string | null;
  /** Only fields of `AUDITED_FIELDS` are kept, and of two states only what differs. */
  readonly before?: object | null;
  readonly after?: object | null;
}

/** A machine that came with a report or enrolment key. */
export interface KeyActor {
  readonly keyId: string;
  readonly origin?: RequestOrigin;
}

/** Who did it. A user as their door knows them (with the personal token they came by), a key, or the hub by itself. */
export type AuditActor =
  | (Pick<UserPrincipal, 'userId' | 'email' | 'origin'> & { readonly accessToken?: { readonly id: string } })
  | KeyActor
  | 'hub';

/** Who did what, when, from where: only ever added to, kept a year (`WATCHKEEPER_AUDIT_RETENTION_DAYS`). */
@Injectable()
export class AuditLog implements BeforeApplicationShutdown {
  private readonly logger = new Logger('audit');
  private readonly refusals = new RefusalTally();
  private readonly retentionDays: number;

  constructor(
    private readonly dataSource: DataSource,
    @Inject(HUB_CONFIG) config: Pick<HubConfig, 'auditRetentionDays'>,
  ) {
    this.retentionDays = config.auditRetentionDays ?? DEFAULT_AUDIT_RETENTION_DAYS;
  }

  /**
   * Adds an entry. `manager` is that of the change's transaction where there is one: then there is either both or
   * neither. Rejects when it cannot be written: what must be in the log must not happen without it.
   */
  async record(
    change: AuditChange,
    actor: AuditActor,
    manager: EntityManager = this.dataSource.manager,
  ): Promise<void> {
    const { before, after } = selectAuditedFields(change.targetType, change.before, change.after);
    const who = describeActor(actor);
    await this.insert(manager, {
      action: change.action,
      ...who,
      target_type: change.targetType,
      target_id: change.targetId,
      target_name: change.targetName ? toStorableText(change.targetName) : null,
      before,
      after,
    });
  }

  /** Notes that somebody was refused. Never throws, never waits: a flood of refusals is counted, not written down. */
  noteRefusal(refusal: Refusal): void {
    if (!this.refusals.note(refusal, Date.now())) return;
    const now = Date.now();
    this.writeRefusal(refusal, 1, now, now).catch((error: unknown) => this.warn(error));
  }

  @Interval(60_000)
  async writeTally(isLast = false): Promise<void> {
    for (const { refusal, count, firstAt, lastAt } of this.refusals.take(Date.now(), isLast)) {
      await this.writeRefusal(refusal, count, firstAt, lastAt).catch((error: unknown) => this.warn(error));
    }
  }

  /** Before the database is closed, which is done in the last step. */
  async beforeApplicationShutdown(): Promise<void> {
    await this.writeTally(true);
  }

  private async writeRefusal(
    refusal: Refusal,
    count: number,
    firstAt: number,
    lastAt: number,
  ): Promise<void> {
    await this.insert(this.dataSource.manager, {
      action: refusal.action,
      at: new Date(lastAt),
      since: count > 1 ? new Date(firstAt) : null,
      count,
      actor_kind: 'stranger',
      target_type: refusal.targetType,
      target_name: refusal.email === undefined ? null : toStorableText(refusal.email),
      address: refusal.address,
      request_id: count > 1 ? null : (refusal.requestId ?? null),
    });
  }

  private async insert(manager: EntityManager, row: Record<string, unknown>): Promise<void> {
    await manager.query(
      `insert into audit_entry (at, since, count, action, actor_kind, actor_id, actor_email, credential_id,
         target_type, target_id, target_name, before, after, address, request_id, keep_until)
       select coalesce(r.at, clock_timestamp()), r.since, coalesce(r.count, 1), r.action, r.actor_kind, r.actor_id,
         r.actor_email, r.credential_id, r.target_type, r.target_id, r.target_name, r.before, r.after, r.address,
         r.request_id, now() + $2::integer * interval '1 day'
       from jsonb_populate_record(null::audit_entry, $1::jsonb) as r`,
      [JSON.stringify(row), this.retentionDays],
    );
  }

  private warn(error: unknown): void {
    this.logger.warn(`a refusal was not noted: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function describeActor(actor: AuditActor): Record<string, unknown> {
  if (actor === 'hub') return { actor_kind: 'hub' };
  const origin = { address: actor.origin?.address ?? null, request_id: actor.origin?.requestId ?? null };
  if ('keyId' in actor) return { actor_kind: 'key', credential_id: actor.keyId, ...origin };
  return {
    actor_kind: actor.accessToken ? 'token' : 'user',
    actor_id: actor.userId,
    actor_email: actor.email,
    credential_id: actor.accessToken?.id ?? null,
    ...origin,
  };
}
