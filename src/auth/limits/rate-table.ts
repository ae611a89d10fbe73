import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import type { RateState } from './rate-store.js';

type Row = [key: string, count: number, expiresAt: number, pausedUntil: number | null];

const ROWS = `coalesce(jsonb_agg(jsonb_build_array(key, count, extract(epoch from expires_at) * 1000,
  extract(epoch from paused_until) * 1000)), '[]')`;

/** The counts of limits as they lie in the database. */
@Injectable()
export class RateTable {
  constructor(private readonly dataSource: DataSource) {}

  /** All that still count. */
  async load(): Promise<Map<string, RateState>> {
    const [{ rows }] = await this.dataSource.query<[{ rows: Row[] }]>(
      `select ${ROWS} as rows from rate_count where expires_at > now()`,
    );
    return toStates(rows);
  }

  /** Those of `keys`, with the time of the database. */
  async read(
    keys: readonly string[],
    manager: EntityManager = this.dataSource.manager,
  ): Promise<{ states: Map<string, RateState>; now: number }> {
    const [{ now, rows }] = await manager.query<[{ now: number; rows: Row[] }]>(
      `select (extract(epoch from clock_timestamp()) * 1000)::float8 as now,
              (select ${ROWS} from rate_count where key = any($1)) as rows`,
      [keys],
    );
    return { states: toStates(rows), now };
  }

  /** Undefined: forgotten. */
  async write(changes: ReadonlyMap<string, RateState | undefined>, manager: EntityManager): Promise<void> {
    const kept = [...changes].flatMap(([key, state]) => (state ? [{ key, ...state }] : []));
    const gone = [...changes].flatMap(([key, state]) => (state ? [] : [key]));
    if (gone.length > 0) await manager.query('delete from rate_count where key = any($1)', [gone]);
    if (kept.length === 0) return;
    await manager.query(
      `insert into rate_count (key, count, expires_at, paused_until)
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
  }

  /** Deletes what is forgotten. */
  async prune(manager: EntityManager = this.dataSource.manager): Promise<void> {
    await manager.query('delete from rate_count where expires_at <= now()');
  }

  transaction<Result>(work: (manager: EntityManager) => Promise<Result>): Promise<Result> {
    return this.dataSource.transaction(work);
  }
}

function toStates(rows: readonly Row[]): Map<string, RateState> {
  return new Map(
    rows.map(([key, count, expiresAt, pausedUntil]) => [
      key,
      { count, expiresAt, ...(pausedUntil !== null && { pausedUntil }) },
    ]),
  );
}
