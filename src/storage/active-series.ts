import type { BeforeApplicationShutdown, OnModuleInit } from '@nestjs/common';
import { Inject, Injectable, Logger } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import type { Pool } from 'pg';
import type { Layout } from '../core/model/layout.js';
import { ACTIVE_SERIES_MS, MAX_ACTIVE_SERIES } from '../core/model/limits.js';
import { QUERY_POOL } from '../database/database-pools.js';
import { EventBus } from '../events/event-bus.js';
import { LayoutRegistry } from './layout-registry.js';

/** A layout in use is noted again this often. */
const REFRESH_MS = 3_600_000;
const WRITE_EVERY_MS = 5_000;
/** A monitor that never sends the same shape twice reaches its limit of series long before. */
const MAX_LAYOUTS = 20_000;
const LAYOUTS_A_READ = 100;

/** What one monitor has sent within the last day. */
interface MonitorSeries {
  /** When each layout was last noted, by id. */
  readonly layouts: Map<number, number>;
  /** All series of these layouts, a series in two of them counted twice: below the limit nobody needs to know better. */
  bound: number;
  /** When each series was last noted; only where `bound` alone does not tell. */
  series: Promise<Map<string, number>> | undefined;
  /** The layout of the newest report, and until when it needs no look. */
  current: number;
  currentUntil: number;
}

interface NotedLayout {
  monitor_id: string;
  layout_id: number;
  last_seen_at: string;
  size: number;
}

/**
 * Keeps a monitor from having ever more series: labels that are new in each report would grow every table
 * and every list of the hub for good. What it has used within a day is known by layouts, so a report of a
 * shape that is known costs one comparison, and a restart forgets nothing.
 */
@Injectable()
export class ActiveSeries implements OnModuleInit, BeforeApplicationShutdown {
  private readonly logger = new Logger(ActiveSeries.name);
  private readonly monitors = new Map<string, MonitorSeries>();
  /** When each was last seen, to be written: monitor → layout → instant. */
  private unwritten = new Map<string, Map<number, number>>();
  private sweptAt = 0;

  constructor(
    @Inject(QUERY_POOL) private readonly pool: Pool,
    private readonly layouts: LayoutRegistry,
    events: EventBus,
  ) {
    events.on('monitor.deleted', ({ monitorId }) => {
      this.monitors.delete(monitorId);
      this.unwritten.delete(monitorId);
    });
  }

  async onModuleInit(): Promise<void> {
    const { rows } = await this.pool.query<NotedLayout>(
      `select monitor_id, layout_id, last_seen_at, cardinality(series_keys) as size
       from monitor_layout join layout on layout.id = layout_id where last_seen_at > $1`,
      [Date.now() - ACTIVE_SERIES_MS],
    );
    for (const row of rows) {
      const monitor = this.of(row.monitor_id);
      monitor.layouts.set(row.layout_id, Number(row.last_seen_at));
      monitor.bound += row.size;
    }
  }

  /** Whether a report of this shape may be stored as it is. False says nothing: ask `leaveOut`. */
  knows(monitorId: string, layout: Layout, now: number): boolean {
    const monitor = this.monitors.get(monitorId);
    if (!monitor) return false;
    if (monitor.current === layout.id && now < monitor.currentUntil) return true;
    const seenAt = monitor.layouts.get(layout.id);
    if (seenAt === undefined || now >= seenAt + REFRESH_MS) return false;
    monitor.current = layout.id;
    monitor.currentUntil = seenAt + REFRESH_MS;
    return true;
  }

  /**
   * The series of a report that are new and too many; what is not among them counts as used from now on.
   * @throws DomainError `storage_unavailable` when it has to ask the database and cannot
   */
  async leaveOut(monitorId: string, keys: readonly string[], now: number): Promise<ReadonlySet<string>> {
    const monitor = this.of(monitorId);
    if (!monitor.series && monitor.bound + keys.length <= MAX_ACTIVE_SERIES) return NONE;
    monitor.series ??= this.readSeries(monitor).catch((error: unknown) => {
      monitor.series = undefined;
      throw error;
    });
    const series = await monitor.series;
    const unknown = keys.filter((key) => !series.has(key));
    if (series.size + unknown.length > MAX_ACTIVE_SERIES) forget(series, now - ACTIVE_SERIES_MS);
    const leftOut = new Set(unknown.slice(Math.max(0, MAX_ACTIVE_SERIES - series.size)));
    for (const key of keys) if (!leftOut.has(key)) series.set(key, now);
    return leftOut;
  }

  /** Notes that the monitor sends reports of this shape. */
  note(monitorId: string, layout: Layout, now: number): void {
    const monitor = this.of(monitorId);
    if (!monitor.layouts.has(layout.id)) {
      if (monitor.layouts.size >= MAX_LAYOUTS) return;
      monitor.bound += layout.seriesKeys.length;
    }
    monitor.layouts.set(layout.id, now);
    monitor.current = layout.id;
    monitor.currentUntil = now + REFRESH_MS;
    const unwritten = this.unwritten.get(monitorId) ?? new Map<number, number>();
    unwritten.set(layout.id, now);
    this.unwritten.set(monitorId, unwritten);
  }

  @Interval(WRITE_EVERY_MS)
  async write(): Promise<void> {
    const now = Date.now();
    const unwritten = this.unwritten;
    this.unwritten = new Map();
    try {
      if (unwritten.size > 0) await this.writeDown(unwritten);
      if (Math.abs(now - this.sweptAt) >= REFRESH_MS) await this.sweep(now);
    } catch (error) {
      for (const [monitorId, layouts] of unwritten) {
        if (!this.monitors.has(monitorId)) continue;
        this.unwritten.set(monitorId, new Map([...layouts, ...(this.unwritten.get(monitorId) ?? [])]));
      }
      this.logger.warn(`shapes of reports were not noted, and are in a moment: ${(error as Error).message}`);
    }
  }

  beforeApplicationShutdown(): Promise<void> {
    return this.write();
  }

  private async writeDown(noted: ReadonlyMap<string, ReadonlyMap<number, number>>): Promise<void> {
    const rows = [...noted].flatMap(([monitorId, layouts]) =>
      Array.from(layouts, ([layoutId, at]) => [monitorId, layoutId, at] as const),
    );
    // A monitor may have been deleted since.
    await this.pool.query(
      `insert into monitor_layout (monitor_id, layout_id, last_seen_at)
       select monitor_id, layout_id, seen_at
       from unnest($1::uuid[], $2::int[], $3::bigint[]) as seen (monitor_id, layout_id, seen_at)
       where exists (select from monitor where id = monitor_id)
         and exists (select from layout where id = layout_id)
       order by monitor_id, layout_id
       on conflict (monitor_id, layout_id) do update set last_seen_at = excluded.last_seen_at`,
      [rows.map((row) => row[0]), rows.map((row) => row[1]), rows.map((row) => row[2])],
    );
  }

  /** What was not used for a day is active no more. */
  private async sweep(now: number): Promise<void> {
    this.sweptAt = now;
    const before = now - ACTIVE_SERIES_MS;
    await this.pool.query('delete from monitor_layout where last_seen_at < $1', [before]);
    for (const monitor of this.monitors.values()) {
      const old = [...monitor.layouts].filter(([, seenAt]) => seenAt < before).map(([id]) => id);
      if (old.length === 0) continue;
      const gone = await this.layouts.load(old);
      for (const id of old) {
        monitor.layouts.delete(id);
        monitor.bound -= gone.get(id)?.seriesKeys.length ?? 0;
      }
      // Counted by series from now on only if layouts alone do not tell again.
      if (monitor.bound <= MAX_ACTIVE_SERIES) monitor.series = undefined;
    }
  }

  private async readSeries({ layouts }: MonitorSeries): Promise<Map<string, number>> {
    const series = new Map<string, number>();
    const ids = [...layouts].sort((a, b) => a[1] - b[1]);
    for (let first = 0; first < ids.length; first += LAYOUTS_A_READ) {
      const some = ids.slice(first, first + LAYOUTS_A_READ);
      const loaded = await this.layouts.load(some.map(([id]) => id));
      for (const [id, seenAt] of some) {
        for (const key of loaded.get(id)?.seriesKeys ?? []) series.set(key, seenAt);
      }
    }
    return series;
  }

  private of(monitorId: string): MonitorSeries {
    let monitor = this.monitors.get(monitorId);
    if (!monitor) {
      monitor = { layouts: new Map(), bound: 0, series: undefined, current: -1, currentUntil: 0 };
      this.monitors.set(monitorId, monitor);
    }
    return monitor;
  }
}

const NONE: ReadonlySet<string> = new Set();

function forget(series: Map<string, number>, before: number): void {
  for (const [key, seenAt] of series) if (seenAt < before) series.delete(key);
}
