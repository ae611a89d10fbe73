import { jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import type { Pool } from 'pg';
import { DataSource } from 'typeorm';
import { ApiKeyService } from '../../src/auth/api-key.service.js';
import { AuthModule } from '../../src/auth/auth.module.js';
import { FirstAdmin } from '../../src/auth/first-admin.js';
import type { Role, UserPrincipal } from '../../src/common/principal.js';
import { ConfigModule } from '../../src/config/config.module.js';
import type { HubConfig } from '../../src/config/hub-config.js';
import { QUERY_POOL } from '../../src/database/database-pools.js';
import { DatabaseModule } from '../../src/database/database.module.js';
import { EventBus } from '../../src/events/event-bus.js';
import { EventsModule } from '../../src/events/events.module.js';
import { HealthWatch } from '../../src/monitors/health-watch.js';
import { HubPresence } from '../../src/monitors/hub-presence.js';
import { MonitorKeysService } from '../../src/monitors/keys/keys.service.js';
import { MonitorDirectory } from '../../src/monitors/monitor-directory.js';
import { MonitorNotes } from '../../src/monitors/monitor-notes.js';
import type { Monitor } from '../../src/monitors/monitor.entity.js';
import type { MonitorModel } from '../../src/monitors/monitor.model.js';
import { MonitorsModule } from '../../src/monitors/monitors.module.js';
import { MonitorsResolver } from '../../src/monitors/monitors.resolver.js';
import { MonitorsService } from '../../src/monitors/monitors.service.js';
import { GroupCommit } from '../../src/storage/group-commit.js';
import { LayoutRegistry } from '../../src/storage/layout-registry.js';
import { createTestConfig, removeDataDir } from '../support/auth-hub.js';
import { createTestDatabase, stopTestPostgres, type TestDatabase } from '../support/test-database.js';

let database: TestDatabase;
let config: HubConfig;
let hub: TestingModule;
let admin: UserPrincipal;
let heard: [string, string][];

beforeEach(async () => {
  database = await createTestDatabase();
  config = await createTestConfig();
  await start();
  admin = await createUser('admin');
}, 60_000);
afterEach(async () => {
  await hub.close();
  await removeDataDir(config);
  await database.drop();
});
afterAll(stopTestPostgres, 30_000);

/** The hub's monitors without doors and timers: their rounds are called by the tests. */
async function start(): Promise<void> {
  const imports = [
    ConfigModule.forRoot(config),
    DatabaseModule.forRoot(database),
    EventsModule,
    AuthModule,
    MonitorsModule,
  ];
  hub = await Test.createTestingModule({ imports }).compile();
  await hub.init();
  heard = [];
  for (const name of [
    'monitor.created',
    'monitor.changed',
    'monitor.deleted',
    'monitor.statusChanged',
  ] as const) {
    hub.get(EventBus).on(name, ({ monitorId }) => heard.push([name, monitorId]));
  }
}

async function restart(): Promise<void> {
  await hub.close();
  await start();
}

const service = () => hub.get(MonitorsService, { strict: false });
const directory = () => hub.get(MonitorDirectory, { strict: false });
const query = (text: string, values: unknown[] = []) => hub.get(DataSource).query(text, values);
const readRow = async (id: string): Promise<Record<string, unknown>> =>
  (await query('select * from monitor where id = $1', [id]))[0];

async function createUser(role: Role): Promise<UserPrincipal> {
  const email = `${role}-${Math.random()}@example.org`;
  const [{ id }] = await query(
    `insert into app_user (email, password_hash, role) values ($1, 'x', $2) returning id`,
    [email, role],
  );
  return { userId: id, email, role, sessionId: 'none' };
}

async function createMonitor(name = 'web-01', owner = admin): Promise<Monitor> {
  return (await service().create(owner, { name })).monitor;
}

/** Stores a report of one series, received at this time. */
async function report(monitorId: string, at: number, receivedAt = at, intervalMs = 10_000): Promise<void> {
  const { layout } = (await hub.get(LayoutRegistry, { strict: false }).resolve(['cpu.usagePercent'], null))!;
  await hub
    .get(GroupCommit, { strict: false })
    .store([
      { monitorId, receivedAt, report: { at, bootId: 'a', intervalMs, layout, values: Float64Array.of(5) } },
    ]);
}

/** Runs with a hub's clock that shows this. */
async function at<Result>(now: number, work: () => Result | Promise<Result>): Promise<Result> {
  const clock = jest.spyOn(Date, 'now').mockReturnValue(now);
  try {
    return await work();
  } finally {
    clock.mockRestore();
  }
}

describe('changing a monitor', () => {
  it('keeps what is absent, clears what is null, and counts versions of real changes only', async () => {
    const { monitor } = await service().create(admin, { name: 'web-01', description: 'front', tags: ['a'] });
    expect(monitor).toMatchObject({ version: 1, kind: 'agent', state: 'running', intervalSeconds: 10 });
    const changed = await service().update(admin, monitor.id, { description: null, intervalSeconds: 30 });
    expect(changed).toMatchObject({
      version: 2,
      name: 'web-01',
      description: null,
      tags: ['a'],
      intervalSeconds: 30,
    });
    expect(directory().find(monitor.id)).toMatchObject({ version: 2, intervalSeconds: 30 });
    const same = await service().update(admin, monitor.id, { intervalSeconds: 30, tags: ['a'] });
    expect(same.version).toBe(2);
    expect(heard).toEqual([
      ['monitor.created', monitor.id],
      ['monitor.changed', monitor.id],
    ]);
  });

  it('is refused when somebody was faster, and only then', async () => {
    const { id } = await createMonitor();
    await service().update(admin, id, { name: 'a' }, 1);
    const stale = service().update(admin, id, { name: 'b' }, 1);
    await expect(stale).rejects.toMatchObject({ code: 'version_conflict' });
    await expect(service().update(admin, id, { name: 'b', version: 1 })).rejects.toMatchObject({
      code: 'version_conflict',
    });
    expect((await service().update(admin, id, { name: 'b' })).version).toBe(3);
  });

  it('by many at once loses none, and the directory ends with the last', async () => {
    const { id } = await createMonitor();
    await Promise.all(
      Array.from({ length: 20 }, (_, index) => service().update(admin, id, { intervalSeconds: 100 + index })),
    );
    const row = await readRow(id);
    expect(row['version']).toBe(21);
    expect(directory().find(id)).toMatchObject({ version: 21, intervalSeconds: row['interval_seconds'] });
  });

  it('does not touch what the machine said meanwhile', async () => {
    const { id } = await createMonitor();
    const notes = hub.get(MonitorNotes, { strict: false });
    notes.noteInventory(id, 1, { host: { hostname: 'web' } });
    notes.noteError(id, 'mount / hangs');
    await Promise.all([notes.write(), service().update(admin, id, { name: 'renamed' })]);
    expect(await readRow(id)).toMatchObject({
      name: 'renamed',
      inventory: { host: { hostname: 'web' } },
      last_error: 'mount / hangs',
    });
  });

  it('starting and stopping twice is the same as once', async () => {
    const { id } = await createMonitor();
    expect((await service().setState(admin, id, 'running')).version).toBe(1);
    expect((await service().setState(admin, id, 'stopped')).version).toBe(2);
    expect((await service().setState(admin, id, 'stopped')).version).toBe(2);
    expect(directory().find(id)!.state).toBe('stopped');
  });

  it('that cannot be done yet is refused', async () => {
    const { id } = await createMonitor();
    for (const field of ['thresholds']) {
      await expect(service().update(admin, id, { [field]: null })).rejects.toMatchObject({
        code: 'not_available_yet',
        path: field,
      });
    }
  });

  it('is for those who may: a stranger finds nothing, a viewer may look', async () => {
    const [editor, viewer] = [await createUser('editor'), await createUser('viewer')];
    const { id } = await createMonitor();
    const foreign = [
      service().get(editor, id),
      service().update(editor, id, {}),
      service().delete(editor, id),
      hub.get(MonitorKeysService, { strict: false }).create(editor, id, {}),
    ];
    for (const attempt of foreign) await expect(attempt).rejects.toMatchObject({ code: 'not_found' });
    await query('update monitor set owner_id = $1 where id = $2', [viewer.userId, id]);
    expect((await service().get(viewer, id)).id).toBe(id);
    await expect(service().update(viewer, id, { name: 'x' })).rejects.toMatchObject({ code: 'forbidden' });
    await expect(service().create(viewer, { name: 'x' })).rejects.toMatchObject({ code: 'forbidden' });
    await expect(service().create(editor, { name: 'x', kind: 'local' })).rejects.toMatchObject({
      code: 'forbidden',
    });
    expect(service().visibleIds(editor, [id, id, 'nonsense'])).toEqual([]);
    expect(service().visibleIds(admin, [id, id, 'nonsense'])).toEqual([id]);
  });
});

describe('deleting a monitor', () => {
  it('takes its keys, samples and latest values with it', async () => {
    const { id } = await createMonitor();
    await report(id, Date.now());
    await report(id, Date.now() - 3_600_000);
    await service().delete(admin, id);
    expect(directory().find(id)).toBeUndefined();
    expect(heard.at(-1)).toEqual(['monitor.deleted', id]);
    await expect(service().get(admin, id)).rejects.toMatchObject({ code: 'not_found' });
    for (const table of ['api_key', 'monitor_latest', 'report', 'late_report']) {
      const deadline = Date.now() + 5_000;
      let left: unknown[];
      do left = await query(`select 1 from ${table} where monitor_id = $1`, [id]);
      while (left.length > 0 && Date.now() < deadline);
      expect([table, left]).toEqual([table, []]);
    }
  });
});

describe('a start of the hub', () => {
  it('knows every monitor again, and when it was last heard of', async () => {
    const { id } = await createMonitor();
    const now = Date.now();
    await report(id, now - 5_000, now);
    await service().setState(admin, id, 'stopped');
    await restart();
    expect(directory().find(id)).toMatchObject({ state: 'stopped', version: 2, ownerId: admin.userId });
    expect(hub.get(HealthWatch, { strict: false }).lastHeardOf(id)).toMatchObject({
      reportAt: now - 5_000,
      receivedAt: now,
    });
  });

  it('counts the time since its last heartbeat as its own absence', async () => {
    const before = Date.now();
    await hub.get(HubPresence, { strict: false }).tick();
    await restart();
    const [absence] = hub.get(HubPresence, { strict: false }).absences;
    expect(absence!.fromAt).toBeGreaterThanOrEqual(before - 60_000);
    expect(absence!.toAt).toBeLessThanOrEqual(Date.now());
  });
});

describe('the local monitor', () => {
  const locals = () => query(`select id, name, owner_id from monitor where kind = 'local'`);

  it('is there from the first start, once, and becomes the first admin’s', async () => {
    await query('delete from app_user');
    await query('delete from monitor');
    await restart();
    const [local, ...others] = await locals();
    expect([local.owner_id, others]).toEqual([null, []]);
    await restart();
    expect(await locals()).toEqual([local]);
    const { id: userId } = await hub.get(FirstAdmin).create('kim@example.com', 'four monkeys on a ladder');
    admin = { ...admin, userId };
    expect(directory().find(local.id)?.ownerId).toBe(userId);
    expect(service().visibleIds(admin, [local.id])).toEqual([local.id]);
    expect((await locals())[0].owner_id).toBe(userId);
  });

  it('gets its owner at the next start when it was made while the admin was', async () => {
    await query('update monitor set owner_id = null');
    await restart();
    expect((await locals()).map((row: { owner_id: string }) => row.owner_id)).toEqual([admin.userId]);
  });

  it('does not come back when it was deleted', async () => {
    const [local] = await locals();
    await service().delete(admin, local.id);
    await restart();
    expect(await locals()).toEqual([]);
  });
});

describe('what a machine says beside its samples', () => {
  const notes = () => hub.get(MonitorNotes, { strict: false });
  const queries = () => jest.spyOn(hub.get(DataSource), 'createQueryRunner');

  it('is written once, the newest of it, and not again while nothing changes', async () => {
    const { id } = await createMonitor();
    notes().noteInventory(id, 10, { host: { hostname: 'old' } });
    notes().noteInventory(id, 20, {
      host: { hostname: 'new' },
      devices: { storage: { '/': { fsType: 'ext4' } } },
    });
    notes().noteInventory(id, 15, { host: { hostname: 'history' } });
    notes().noteError(id, 'one');
    notes().noteError(id, 'two');
    const written = queries();
    await notes().write();
    expect(written).toHaveBeenCalledTimes(1);
    const expected = {
      inventory: { host: { hostname: 'new' }, devices: { storage: { '/': { fsType: 'ext4' } } } },
      last_error: 'two',
    };
    expect(await readRow(id)).toMatchObject(expected);
    written.mockClear();
    notes().noteInventory(id, 30, { host: { hostname: 'new' } });
    notes().noteError(id, 'two');
    await notes().write();
    expect(written).not.toHaveBeenCalled();
    notes().noteError(id, null);
    await notes().write();
    expect(await readRow(id)).toMatchObject({ ...expected, last_error: null, version: 1 });
  });

  it('is written in the next round when it failed, unless something newer was said', async () => {
    const { id } = await createMonitor();
    const warn = jest.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
    notes().noteInventory(id, 10, { host: { hostname: 'a' }, devices: { storage: {} } });
    notes().noteError(id, 'before');
    const broken = queries().mockImplementationOnce(() => {
      throw new Error('cut');
    });
    await notes().write();
    expect(warn).toHaveBeenCalledTimes(1);
    broken.mockRestore();
    warn.mockRestore();
    notes().noteInventory(id, 20, { host: { hostname: 'b' } });
    await notes().write();
    expect(await readRow(id)).toMatchObject({
      inventory: { host: { hostname: 'b' }, devices: { storage: {} } },
      last_error: 'before',
    });
  });
});

describe('the health of monitors', () => {
  const watch = () => hub.get(HealthWatch, { strict: false });
  const healthAt = (now: number, monitor: Monitor) =>
    at(now, () => watch().healthOf(directory().find(monitor.id)!));

  it('goes from pending to up, late, down and up again, and each step is told once', async () => {
    const monitor = await createMonitor();
    const now = Date.now();
    // The hub lives on through it all: no step is a stall.
    const pass = async (until: number): Promise<void> => {
      for (let time = now; time <= until; time += 4_000) {
        await at(time, async () => {
          await hub.get(HubPresence, { strict: false }).tick();
          watch().watch();
        });
      }
    };
    await pass(now);
    heard = [];
    await report(monitor.id, now);
    expect(heard).toEqual([['monitor.statusChanged', monitor.id]]);
    await pass(now + 60_000);
    expect(heard).toHaveLength(3);
    expect(await healthAt(now + 60_000, monitor)).toBe('down');
    await at(now + 60_000, () => report(monitor.id, now + 60_000));
    expect(heard).toHaveLength(4);
    expect(await healthAt(now + 60_000, monitor)).toBe('up');
  });

  it('is not down because the hub stood still, whichever timer fires first', async () => {
    const monitor = await createMonitor();
    const now = Date.now();
    await report(monitor.id, now);
    watch().watch();
    heard = [];
    const warn = jest.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
    await at(now + 3_600_000, () => watch().watch());
    warn.mockRestore();
    expect(heard).toEqual([]);
    expect(await healthAt(now + 3_600_000, monitor)).toBe('up');
  });

  it('is paused while stopped, and then waits for the first report', async () => {
    const monitor = await createMonitor();
    const now = Date.now();
    await report(monitor.id, now - 3_000_000, now - 3_000_000);
    watch().watch();
    expect(await healthAt(now, monitor)).toBe('down');
    await service().setState(admin, monitor.id, 'stopped');
    expect(await healthAt(now, monitor)).toBe('paused');
    await service().setState(admin, monitor.id, 'running');
    expect(watch().healthOf(directory().find(monitor.id)!)).toBe('pending');
    await report(monitor.id, Date.now());
    expect(watch().healthOf(directory().find(monitor.id)!)).toBe('up');
  });

  it('goes by the interval that the machine still keeps', async () => {
    const monitor = await createMonitor();
    const now = Date.now();
    await report(monitor.id, now, now, 3_600_000);
    for (let time = now; time <= now + 120_000; time += 4_000) await healthAt(time, monitor);
    expect(await healthAt(now + 120_000, monitor)).toBe('up');
  });

  it('starts to count anew when the clock is set back', async () => {
    const monitor = await createMonitor();
    const now = Date.now();
    await report(monitor.id, now, now + 3_600_000);
    await healthAt(now, monitor);
    for (let time = now; time <= now + 44_000; time += 4_000) await healthAt(time, monitor);
    expect(await healthAt(now + 44_000, monitor)).toBe('down');
  });
});

describe('fields of many monitors', () => {
  it('cost one query each, however many there are', async () => {
    const monitors = await Promise.all(
      Array.from({ length: 50 }, (_, index) => createMonitor(`web-${index}`)),
    );
    await report(monitors[7]!.id, Date.now());
    const resolver = hub.get(MonitorsResolver, { strict: false });
    const context = { principal: admin };
    const sampleQueries = jest.spyOn(hub.get<Pool>(QUERY_POOL), 'query');
    const keyQueries = jest.spyOn(hub.get(ApiKeyService), 'list');
    const parents = monitors.map(({ id }) => ({ id }) as MonitorModel);
    const [latest, metrics, apiKeys] = await Promise.all([
      Promise.all(parents.map((parent) => resolver.resolveLatest(parent, context))),
      Promise.all(parents.map((parent) => resolver.resolveMetrics(parent, context))),
      Promise.all(parents.map((parent) => resolver.resolveApiKeys(parent, context))),
    ]);
    // The latest values are in memory.
    expect(sampleQueries).toHaveBeenCalledTimes(1);
    expect(keyQueries).toHaveBeenCalledTimes(1);
    expect(latest.map((values) => values?.monitorId)).toEqual(
      monitors.map(({ id }, index) => (index === 7 ? id : undefined)),
    );
    expect(metrics.map((series) => series.map(({ key }) => key))).toEqual(
      monitors.map((_, index) => (index === 7 ? ['cpu.usagePercent'] : [])),
    );
    expect(apiKeys.map((keys) => keys.length)).toEqual(monitors.map(() => 1));
    // A subscription keeps its context: what it asks again is read again.
    await report(monitors[7]!.id, Date.now() + 1_000);
    const again = await resolver.resolveLatest(parents[7]!, context);
    expect(again!.at).not.toEqual(latest[7]!.at);
  });
});
