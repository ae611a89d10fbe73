import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';

/** Which entries: each part narrows, an absent one does not. */
export interface AuditFilter {
  readonly from?: Date | null;
  /** Exclusive. */
  readonly to?: Date | null;
  /** `monitor.created`, or `monitor` for all that was done with monitors. */
  readonly action?: string | null;
  /** A user's id, or a part of their e-mail address. */
  readonly actor?: string | null;
  readonly targetType?: string | null;
  readonly targetId?: string | null;
}

export type AuditActorKind = 'user' | 'token' | 'key' | 'stranger' | 'hub';

export interface AuditEntry {
  readonly id: string;
  /** Of an entry that stands for several: of the last of them. */
  readonly at: Date;
  /** Of an entry that stands for several: of the first of them. */
  readonly since: Date | null;
  readonly count: number;
  readonly action: string;
  readonly actorKind: AuditActorKind;
  readonly actorId: string | null;
  readonly actorEmail: string | null;
  readonly credentialId: string | null;
  readonly targetType: string;
  readonly targetId: string | null;
  readonly targetName: string | null;
  readonly before: Record<string, unknown> | null;
  readonly after: Record<string, unknown> | null;
  readonly address: string | null;
  readonly requestId: string | null;
}

const EXPORT_PAGE = 1_000;
/** Above every id there will be. */
const BEYOND = '9223372036854775807';
const ID_FORM = /^\d{1,18}$/;

/** The audit log as it is read, newest first. Whoever calls has checked that the reader may. */
@Injectable()
export class AuditReader {
  constructor(private readonly dataSource: DataSource) {}

  /** At most `limit` entries older than the one with the id `beforeId`. */
  async read(filter: AuditFilter, limit: number, beforeId?: string | null): Promise<AuditEntry[]> {
    if (typeof beforeId === 'string' && !ID_FORM.test(beforeId)) return [];
    return this.dataSource.query<AuditEntry[]>(
      `select entry.id::text, at, since, count, action, actor_kind as "actorKind", actor_id as "actorId",
         actor_email as "actorEmail", credential_id as "credentialId", target_type as "targetType",
         target_id as "targetId", target_name as "targetName", before, after, address, request_id as "requestId"
       from audit_entry entry
       where entry.id < $1::bigint
         and ($2::timestamptz is null or at >= $2)
         and ($3::timestamptz is null or at < $3)
         and ($4::text is null or action = $4 or split_part(action, '.', 1) = $4)
         and ($5::text is null or actor_id::text = $5 or strpos(lower(actor_email), lower($5)) > 0)
         and ($6::text is null or target_type = $6)
         and ($7::text is null or target_id = $7)
       order by entry.id desc limit $8`,
      [
        beforeId ?? BEYOND,
        filter.from ?? null,
        filter.to ?? null,
        filter.action ?? null,
        filter.actor ?? null,
        filter.targetType ?? null,
        filter.targetId ?? null,
        limit,
      ],
    );
  }

  /** Every entry that there is now, page by page: memory stays the same however long the log is. */
  async *readAll(filter: AuditFilter): AsyncGenerator<AuditEntry> {
    let beforeId: string | undefined;
    for (;;) {
      const page = await this.read(filter, EXPORT_PAGE, beforeId);
      yield* page;
      if (page.length < EXPORT_PAGE) return;
      beforeId = page.at(-1)!.id;
    }
  }
}
