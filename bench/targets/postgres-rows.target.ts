import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { Client } from 'pg';
import { makePost } from '../client/http-load.js';
import type { ReportBatch } from '../data/report-batch.js';
import { encodeReportBody } from '../data/report-json.js';
import { onExit } from '../process/cleanup.js';
import { readCpuSeconds } from '../process/cpu-time.js';
import { TARGET_CORE } from '../process/cores.js';
import type { PinnedProcess } from '../process/pinned-process.js';
import { makeWorkDirectory, removeDirectory } from '../process/work-directory.js';
import { HUB } from './hub.target.js';
import { HUB_DIST } from './hub-dist.js';
import { readPostmasterPid } from './postmaster-pid.js';
import { startServer } from './server-process.js';
import type { KeepingTarget, StoredSize, TargetKind } from './target.js';

type EmbeddedModule = typeof import('../../src/database/embedded-postgres.js');
type EmbeddedPostgres = Awaited<ReturnType<EmbeddedModule['EmbeddedPostgres']['start']>>;

/** The same Postgres with the same settings as the hub's, filled the plain way: one row a sample. */
export class PostgresRowsTarget implements KeepingTarget {
  readonly facts = {
    version: 'the Postgres of the hub, with its settings',
    settings:
      'sample(series_id int, at bigint, value float8, primary key (series_id, at)); one insert a request',
    wire: 'the same JSON as the hub',
  };
  readonly port: number;
  private readonly process: PinnedProcess;
  private readonly postgres: EmbeddedPostgres;
  private readonly directory: string;

  private constructor(server: PinnedProcess, port: number, postgres: EmbeddedPostgres, directory: string) {
    this.process = server;
    this.port = port;
    this.postgres = postgres;
    this.directory = directory;
  }

  static async start(): Promise<PostgresRowsTarget> {
    const directory = makeWorkDirectory('rows');
    const file = path.join(HUB_DIST, 'src', 'database', 'embedded-postgres.js');
    const { EmbeddedPostgres } = (await import(pathToFileURL(file).href)) as EmbeddedModule;
    const quiet = { info: () => undefined, warn: console.warn, error: console.error };
    const postgres = await EmbeddedPostgres.start({ dataDir: directory }, quiet);
    onExit(() => process.kill(readPostmasterPid(directory), 'SIGQUIT'));
    execFileSync('taskset', ['-a', '-p', '-c', String(TARGET_CORE), String(postgres.pid)], {
      stdio: 'ignore',
    });
    const server = await startServer('rows-server.ts', { DATABASE: JSON.stringify(postgres.connection) });
    return new PostgresRowsTarget(server.process, server.port, postgres, directory);
  }

  encode(batch: ReportBatch): Buffer {
    const headers = { 'Content-Type': 'application/json', 'X-Machine': String(batch.machine) };
    return makePost('/', headers, encodeReportBody(batch));
  }

  judge(status: number, body: string, reports: number): string | undefined {
    return body === `{"accepted":${reports}}` ? undefined : `rows in Postgres: ${status} ${body}`;
  }

  readCpuSeconds(): number {
    return readCpuSeconds([this.process.pid, this.postgres.pid!]);
  }

  readPostgresCpuSeconds(): number {
    return readCpuSeconds([this.postgres.pid!]);
  }

  settle(): Promise<void> {
    return this.query('vacuum analyze sample').then(() => undefined);
  }

  async measureStored(): Promise<StoredSize[]> {
    const [row] = await this.query<{ table: string; index: string }>(
      `select pg_relation_size('sample')::text as table, pg_indexes_size('sample')::text as index`,
    );
    return [
      { what: 'table', bytes: Number(row!.table), isCounted: true },
      { what: 'primary key', bytes: Number(row!.index), isCounted: true },
    ];
  }

  async stop(): Promise<void> {
    await this.process.stop();
    await this.postgres.stop();
    removeDirectory(this.directory);
  }

  private async query<Row extends object>(text: string): Promise<Row[]> {
    const client = new Client(this.postgres.connection);
    await client.connect();
    return client
      .query<Row>(text)
      .then(({ rows }) => rows)
      .finally(() => client.end());
  }
}

export const POSTGRES_ROWS: TargetKind<PostgresRowsTarget> = {
  id: 'postgres-rows',
  name: 'a row a sample in Postgres',
  findMissing: HUB.findMissing,
  start: () => PostgresRowsTarget.start(),
};
