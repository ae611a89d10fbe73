import { Injectable, Logger, type OnModuleDestroy } from '@nestjs/common';
import { DataSource } from 'typeorm';

const WRITE_EVERY_MS = 1_000;

/** How often it went wrong for one account or one network. Instants are epoch milliseconds. */
export interface FailedSignIn {
  readonly count: number;
  /** When it is forgotten. */
  readonly expiresAt: number;
  /** Until then no attempt is looked at. */
  readonly pausedUntil?: number;
}

/**
 * Keeps what the limits at sign-in have counted, so that a restart gives no new guesses. Written at most once a second
 * and all at once: a flood of attempts costs no more of the database than a few. A hub that is killed forgets the last
 * second.
 */
@Injectable()
export class FailedSignIns implements OnModuleDestroy {
  private readonly logger = new Logger(FailedSignIns.name);
  private changed = new Map<string, FailedSignIn | undefined>();
  private timer: NodeJS.Timeout | undefined;
  private writing: Promise<void> = Promise.resolve();
  private isEnding = false;

  constructor(private readonly dataSource: DataSource) {}

  /** What was kept before this start and still counts. */
  async load(): Promise<Map<string, FailedSignIn>> {
    const rows = await this.dataSource.query<
      { key: string; count: number; expires_at: Date; paused_until: Date | null }[]
    >('select key, count, expires_at, paused_until from failed_sign_ins where expires_at > now()');
    return new Map(
      rows.map(({ key, count, expires_at, paused_until }) => [
        key,
        {
          count,
          expiresAt: expires_at.getTime(),
          ...(paused_until && { pausedUntil: paused_until.getTime() }),
        },
      ]),
    );
  }

  /** Notes how it stands; undefined = forgotten. */
  note(key: string, state: FailedSignIn | undefined): void {
    this.changed.set(key, state);
    if (this.isEnding) return;
    this.timer ??= setTimeout(() => void this.write(), WRITE_EVERY_MS).unref();
  }

  async onModuleDestroy(): Promise<void> {
    this.isEnding = true;
    await this.write();
  }

  private write(): Promise<void> {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.writing = this.writing.then(() => this.writeChanged());
    return this.writing;
  }

  private async writeChanged(): Promise<void> {
    const { changed } = this;
    if (changed.size === 0) return;
    this.changed = new Map();
    const kept = [...changed].flatMap(([key, state]) => (state ? [{ key, ...state }] : []));
    const gone = [...changed].flatMap(([key, state]) => (state ? [] : [key]));
    try {
      await this.dataSource.transaction(async (manager) => {
        await manager.query('delete from failed_sign_ins where key = any($1) or expires_at <= now()', [gone]);
        await manager.query(
          `insert into failed_sign_ins (key, count, expires_at, paused_until)
           select key, count, to_timestamp(expires / 1000), to_timestamp(paused / 1000)
           from unnest($1::text[], $2::int[], $3::float8[], $4::float8[]) as given (key, count, expires, paused)
           on conflict (key) do update
           set count = excluded.count, expires_at = excluded.expires_at, paused_until = excluded.paused_until`,
          [
            kept.map(({ key }) => key),
            kept.map(({ count }) => count),
            kept.map(({ expiresAt }) => expiresAt),
            kept.map(({ pausedUntil }) => pausedUntil ?? null),
          ],
        );
      });
    } catch (error) {
      this.logger.warn(`failed sign-ins could not be kept, trying again: ${(error as Error).message}`);
      // What has changed since then is newer.
      for (const [key, state] of changed) if (!this.changed.has(key)) this.note(key, state);
    }
  }
}
