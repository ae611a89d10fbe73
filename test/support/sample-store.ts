import { Pool } from 'pg';
import type { CustomDefinition } from '../../src/core/model/layout.js';
import type { StoredReport } from '../../src/core/model/stored-report.js';
import { EventBus } from '../../src/events/event-bus.js';
import type { EventMap } from '../../src/events/event-map.js';
import { BlockContent } from '../../src/storage/block-content.js';
import { BlockTable } from '../../src/storage/block-table.js';
import { GroupCommit } from '../../src/storage/group-commit.js';
import { LatestReports } from '../../src/storage/latest-reports.js';
import { LayoutRegistry } from '../../src/storage/layout-registry.js';
import { MaintenanceLock } from '../../src/storage/maintenance-lock.js';
import { Partitions } from '../../src/storage/partitions.js';
import type { PendingReport, StoreOutcome } from '../../src/storage/pending-report.js';
import { ReportReader } from '../../src/storage/report-reader.js';
import { RetentionClock } from '../../src/storage/retention-clock.js';
import { MonitorRetention } from '../../src/storage/monitor-retention.js';
import { DEFAULT_RETENTION } from '../../src/core/blocks/retention.js';
import { RetentionJob } from '../../src/storage/retention.job.js';
import { RollupSealer } from '../../src/storage/rollup-sealer.js';
import { SampleEraser } from '../../src/storage/sample-eraser.js';
import { SealJob } from '../../src/storage/seal.job.js';
import { SealedReports } from '../../src/storage/sealed-reports.js';
import { Sealer } from '../../src/storage/sealer.js';
import { StorageSpace } from '../../src/storage/storage-space.js';
import { WriteBarrier } from '../../src/storage/write-barrier.js';
import { createTestDatabase, type TestDatabase } from './test-database.js';

/** The storage of samples on a real database of its own, without the rest of the hub. */
export class SampleStore {
  readonly events = new EventBus();
  readonly layouts: LayoutRegistry;
  readonly latest: LatestReports;
  readonly space: StorageSpace;
  readonly partitions: Partitions;
  readonly groupCommit: GroupCommit;
  readonly reader: ReportReader;
  readonly blocks: BlockTable;
  readonly content: BlockContent;
  readonly sealed: SealedReports;
  readonly sealer: Sealer;
  readonly sealJob: SealJob;
  readonly eraser: SampleEraser;
  readonly barrier: WriteBarrier;
  readonly clock: RetentionClock;
  readonly retention: RetentionJob;
  readonly monitorRetention: MonitorRetention;
  readonly stored: EventMap['report.stored'][] = [];
  readonly backfilled: EventMap['report.backfilled'][] = [];

  private constructor(
    readonly database: TestDatabase,
    readonly pool: Pool,
  ) {
    this.layouts = new LayoutRegistry(pool);
    this.partitions = new Partitions(pool);
    this.blocks = new BlockTable(pool);
    this.content = new BlockContent(this.layouts);
    const { content } = this;
    this.sealed = new SealedReports(pool, this.blocks, content);
    const lock = new MaintenanceLock();
    this.space = new StorageSpace(null, pool);
    this.latest = new LatestReports(pool, this.layouts, this.events);
    this.groupCommit = new GroupCommit(
      pool,
      this.partitions,
      this.sealed,
      lock,
      this.space,
      this.latest,
      this.events,
    );
    this.reader = new ReportReader(pool, this.layouts, content);
    this.barrier = new WriteBarrier(pool, this.sealed, this.groupCommit);
    const rollups = new RollupSealer(pool, this.blocks, content, lock);
    this.sealer = new Sealer(pool, this.reader, this.blocks, content, rollups, lock, this.space);
    // The hub has written it down long before anything is old enough to be sealed.
    const sealUntil = this.sealer.sealUntil.bind(this.sealer);
    this.sealer.sealUntil = async (limitAt) => {
      await this.latest.write();
      return sealUntil(limitAt);
    };
    this.sealJob = new SealJob(this.sealer, this.barrier, this.space);
    this.clock = new RetentionClock(pool);
    this.monitorRetention = new MonitorRetention(pool);
    this.retention = new RetentionJob(
      this.partitions,
      this.blocks,
      this.barrier,
      this.clock,
      this.monitorRetention,
      { retention: DEFAULT_RETENTION },
    );
    this.eraser = new SampleEraser(pool, this.groupCommit, this.partitions, this.blocks, lock, this.events);
    this.events.on('report.stored', (event) => this.stored.push(event));
    this.events.on('report.backfilled', (event) => this.backfilled.push(event));
  }

  /**
   * @param isHasty commits do not wait for the disk: for tests that are long and not about that
   * @param database a migrated one instead of a fresh copy; `close` drops it all the same
   */
  static async open({
    isHasty = false,
    database,
  }: { isHasty?: boolean; database?: TestDatabase } = {}): Promise<SampleStore> {
    database ??= await createTestDatabase();
    const options = isHasty ? { options: '-c synchronous_commit=off' } : {};
    const pool = new Pool({ ...database.connection, ...options, max: 5 });
    // Cut connections are part of the tests.
    pool.on('error', () => undefined);
    const store = new SampleStore(database, pool);
    await store.partitions.onModuleInit();
    return store;
  }

  async close(): Promise<void> {
    await this.pool.end();
    await this.database.drop();
  }

  async createMonitor(name = 'web-01'): Promise<string> {
    const { rows } = await this.pool.query<{ id: string }>(
      `insert into monitor (name, kind, interval_seconds, resources) values ($1, 'agent', 10, '{cpu}') returning id`,
      [name],
    );
    return rows[0]!.id;
  }

  /** A report of one gauge and one counter, or of the series given. */
  async makeReport(
    at: number,
    series: Record<string, number> = {
      'cpu.usagePercent': at % 100,
      'network.bytesSent{interface="e"}': at % 1e6,
    },
    changes: Partial<StoredReport> & { definitions?: Record<string, CustomDefinition> } = {},
  ): Promise<StoredReport> {
    const { definitions = null, ...others } = changes;
    const keys = Object.keys(series);
    const { layout, order } = (await this.layouts.resolve(keys, definitions))!;
    const values = Float64Array.from(order, (position) => series[keys[position]!]!);
    return { at, bootId: 'boot-1', intervalMs: 10_000, layout, values, ...others };
  }

  async makeRow(
    monitorId: string,
    at: number,
    ...rest: [Record<string, number>?, Partial<StoredReport>?]
  ): Promise<PendingReport> {
    return { monitorId, receivedAt: Date.now(), report: await this.makeReport(at, ...rest) };
  }

  /** Stores reports of these instants in one call. */
  async store(monitorId: string, ...instants: number[]): Promise<StoreOutcome[]> {
    return this.groupCommit.store(await Promise.all(instants.map((at) => this.makeRow(monitorId, at))));
  }

  /** Instants of all reports that are kept, by table. */
  async listInstants(monitorId: string): Promise<{ hot: number[]; late: number[] }> {
    const read = async (table: string): Promise<number[]> => {
      const { rows } = await this.pool.query<{ at: string }>(
        `select at from ${table} where monitor_id = $1 order by at`,
        [monitorId],
      );
      return rows.map((row) => Number(row.at));
    };
    return { hot: await read('report'), late: await read('late_report') };
  }
}
