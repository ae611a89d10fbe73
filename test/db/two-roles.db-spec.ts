import { Client } from 'pg';
import { DataSource } from 'typeorm';
import { AuditRetentionJob } from '../../src/audit/audit-retention.job.js';
import { buildDataSourceOptions } from '../../src/database/data-source-options.js';
import type { DatabaseConnection } from '../../src/database/database-connection.js';
import { openDatabase } from '../../src/database/open-database.js';
import { EXIT_CONFIG } from '../../src/database/start-error.js';
import { PARTITION_SPAN_MS } from '../../src/storage/hot-window.js';
import { ADMIN_ENV, HubProcess } from '../support/hub-process.js';
import { postReport, signIn } from '../support/hub-client.js';
import { SampleStore } from '../support/sample-store.js';
import { QUIET_LOG, startTestPostgres, stopTestPostgres } from '../support/test-database.js';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const OWNER = 'wk_owner';
const APP = 'wk "hub"';
const PASSWORD = 'four monkeys';

let place: DatabaseConnection;
let superuser: Client;

beforeAll(async () => {
  const { embedded } = await startTestPostgres();
  superuser = new Client(embedded.superuser);
  await superuser.connect();
  for (const role of [OWNER, APP])
    await superuser.query(`create role ${quote(role)} login password '${PASSWORD}'`);
  await superuser.query(`create database two_roles owner ${OWNER}`);
  place = { ...embedded.connection, database: 'two_roles' };
}, 60_000);
afterAll(async () => {
  await superuser?.end();
  await stopTestPostgres();
}, 30_000);

const quote = (name: string): string => `"${name.replaceAll('"', '""')}"`;
const as = (user: string): DatabaseConnection => ({ ...place, user, password: PASSWORD });
const urlOf = (user: string, database = 'two_roles'): string =>
  `postgres://${encodeURIComponent(user)}:${encodeURIComponent(PASSWORD)}@/${database}` +
  `?host=${encodeURIComponent(place.host!)}&port=${place.port}`;

function open(urls: { databaseUrl: string; ownerDatabaseUrl?: string }) {
  return openDatabase({ dataDir: '/nonexistent/never-used', ...urls }, QUIET_LOG, {
    onLost: () => undefined,
  });
}

async function ask(user: string, text: string): Promise<Record<string, unknown>[]> {
  const client = new Client(as(user));
  await client.connect();
  return client.query<Record<string, unknown>>(text).then(
    async ({ rows }) => client.end().then(() => rows),
    async (error) => client.end().then(() => Promise.reject(error as Error)),
  );
}

/** The line that the start ends with. */
async function findFault(urls: { databaseUrl: string; ownerDatabaseUrl?: string }): Promise<string> {
  const fault = await open(urls).then(
    async (database) => database.close().then(() => undefined),
    (error: Error & { exitCode?: number }) => error,
  );
  expect(fault).toMatchObject({ name: 'StartError', exitCode: EXIT_CONFIG });
  expect(fault!.message).not.toContain(PASSWORD);
  return fault!.message;
}

const BOTH = () => ({ databaseUrl: urlOf(APP), ownerDatabaseUrl: urlOf(OWNER) });

describe('a role of the hub beside the owner of the tables', () => {
  it('carries the whole hub: start, migrations, the first admin, reports', async () => {
    const hub = await HubProcess.start({
      env: { ...ADMIN_ENV, DATABASE_URL: urlOf(APP), WATCHKEEPER_OWNER_DATABASE_URL: urlOf(OWNER) },
    });
    try {
      const { id, key } = await (await signIn(hub)).createMonitor({ name: 'web-01', intervalSeconds: 60 });
      const report = { at: Date.now(), cpu: { usagePercent: 30 } };
      expect(await postReport(hub, key, report)).toMatchObject({ status: 200, body: { accepted: 1 } });
      // Without the owner it starts again, as nothing is left to migrate.
      expect(await hub.stop()).toBe(0);
      await hub.restart({ WATCHKEEPER_OWNER_DATABASE_URL: '' });
      expect(hub.output).not.toMatch(/permission denied|must be owner/);
      const stored = await ask(OWNER, `select count(*)::int as n from report where monitor_id = '${id}'`);
      expect(stored).toEqual([{ n: 1 }]);
    } finally {
      await hub.clean();
    }
  }, 120_000);

  it('is enough to seal, to drop partitions and to let the audit log go', async () => {
    const drop = async (): Promise<void> => undefined;
    const database = { connection: as(APP), url: urlOf(APP), isEmbedded: false, close: drop, drop } as const;
    const store = await SampleStore.open({ database });
    try {
      const monitorId = await store.createMonitor();
      const base = Math.floor((Date.now() - DAY) / PARTITION_SPAN_MS) * PARTITION_SPAN_MS;
      await store.partitions.ensure(base, base);
      await store.store(monitorId, base, base + 60_000, base + 120_000);
      await store.pool.query(
        `with moved as (delete from late_report returning *)
         insert into report (monitor_id, at, layout_id, boot_id, interval_ms, "values")
         select monitor_id, at, layout_id, boot_id, interval_ms, "values" from moved`,
      );
      await store.sealer.sealUntil(base + 2 * HOUR);
      await store.partitions.dropSealed(Date.now() - HOUR);
      expect(await store.partitions.list()).not.toContain(base);
      expect(await store.reader.readRange(monitorId, 0, Date.now())).toHaveLength(3);
      await store.retention.dropExpired(Date.now() + 3_000 * DAY);
      expect(await store.reader.readRange(monitorId, 0, Date.now())).toHaveLength(0);
      expect(await ask(APP, `select 1 from pg_inherits where inhparent = 'block'::regclass`)).toEqual([]);
    } finally {
      await store.pool.end();
    }
    await ask(
      APP,
      `insert into audit_entry (action, actor_kind, target_type, keep_until)
       values ('old', 'hub', 'hub', now() - interval '1 day'), ('kept', 'hub', 'hub', now() + interval '1 day')`,
    );
    const dataSource = await new DataSource(buildDataSourceOptions(as(APP))).initialize();
    await new AuditRetentionJob(dataSource).run().finally(() => dataSource.destroy());
    const left = await ask(APP, `select action from audit_entry where action in ('old', 'kept')`);
    expect(left).toEqual([{ action: 'kept' }]);
  }, 60_000);

  it.each([
    'alter table report add column x int',
    'alter table audit_entry disable trigger all',
    'drop table monitor',
    'truncate app_user',
    'truncate audit_entry',
    'delete from audit_entry',
    `update audit_entry set action = 'x'`,
    'delete from migrations',
    'create table mine (x int)',
    'create temporary table mine (x int)',
    'create schema mine',
    `create function mine() returns int language sql as 'select 1'`,
    `create function pg_temp.mine() returns int language sql as 'select 1'`,
    `create or replace function refuse_audit_change() returns trigger language plpgsql as 'begin return old; end'`,
    'drop function make_report_partition(bigint)',
    'create trigger mine before insert on monitor for each row execute function refuse_audit_change()',
    `set session_replication_role = 'replica'`,
    'select * from pg_authid',
    'set role wk_owner',
    'create role other',
    `copy (select 1) to program 'true'`,
    `select pg_read_file('postgresql.conf')`,
  ])('may not: %s', async (statement) => {
    await expect(ask(APP, statement)).rejects.toThrow(/permission denied|must be owner|must be superuser/);
  });

  it.each([
    'make_report_partition(-21600000)',
    'make_report_partition(1)',
    'make_report_partition(null)',
    'make_report_partition(9223372036854720000)',
    'make_block_partition(4, 0)',
    'make_block_partition(-1, 0)',
    'make_block_partition(0, 1)',
    'make_block_partition(null, 0)',
    'delete_expired_audit_entries(0)',
    'delete_expired_audit_entries(null)',
  ])('gets nothing by %s', async (call) => {
    await expect(ask(APP, `select ${call}`)).rejects.toMatchObject({ code: '22023' });
  });

  it('drops no table but a partition, and nobody else may use what is the hub’s', async () => {
    await ask(OWNER, 'create table report_5 (x int)');
    await ask(APP, 'select drop_report_partition(5)');
    await ask(OWNER, 'drop table report_5');
    await superuser.query(`create role stranger login password '${PASSWORD}'`);
    for (const statement of ['select drop_report_partition(0)', 'select * from monitor'])
      await expect(ask('stranger', statement)).rejects.toThrow(/permission denied/);
  });

  it('says what is missing, and the next start with the owner grants it', async () => {
    await ask(OWNER, `revoke update on monitor from ${quote(APP)}`);
    await ask(OWNER, `revoke execute on function drop_report_partition from ${quote(APP)}`);
    expect(await findFault({ databaseUrl: urlOf(APP) })).toContain(
      `is missing rights (execute on function drop_report_partition, update on table monitor): start the hub once ` +
        'with WATCHKEEPER_OWNER_DATABASE_URL',
    );
    await (await open(BOTH())).close();
    await (await open({ databaseUrl: urlOf(APP) })).close();
  }, 60_000);

  it('is refused where it could reach the rights of the owner', async () => {
    const owner = { ownerDatabaseUrl: urlOf(OWNER) };
    expect(await findFault({ databaseUrl: urlOf(OWNER), ...owner })).toContain('have the same role');
    expect(await findFault({ databaseUrl: urlOf(APP, 'postgres'), ...owner })).toContain('two databases');
    await superuser.query(`grant ${OWNER} to ${quote(APP)}`);
    expect(await findFault(BOTH())).toContain(`a member of ${OWNER}`);
    await superuser.query(`revoke ${OWNER} from ${quote(APP)}`);
    await ask(OWNER, `grant create on schema public to ${quote(APP)}`);
    await ask(APP, 'create table of_app (x int)');
    expect(await findFault(BOTH())).toContain('owns tables of the hub (of_app)');
    await ask(APP, 'drop table of_app');
    await (await open(BOTH())).close();
    await expect(ask(APP, 'create table of_app (x int)')).rejects.toThrow(/permission denied/);
  }, 60_000);

  it('asks for the owner when there is something to migrate', async () => {
    await superuser.query(`create database unmigrated owner ${OWNER}`);
    expect(await findFault({ databaseUrl: urlOf(APP, 'unmigrated') })).toContain(
      'give the role that owns the tables as WATCHKEEPER_OWNER_DATABASE_URL',
    );
  });
});
