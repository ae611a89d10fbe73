import { Test, type TestingModule } from '@nestjs/testing';
import fc from 'fast-check';
import { DataSource } from 'typeorm';
import { AuthModule } from '../../src/auth/auth.module.js';
import { ROLES } from '../../src/auth/rights.js';
import { AccessWatch } from '../../src/auth/access-watch.js';
import type { UserPrincipal } from '../../src/common/principal.js';
import { ConfigModule } from '../../src/config/config.module.js';
import type { HubConfig } from '../../src/config/hub-config.js';
import { DatabaseModule } from '../../src/database/database.module.js';
import { EventBus } from '../../src/events/event-bus.js';
import { EventsModule } from '../../src/events/events.module.js';
import { MonitorsModule } from '../../src/monitors/monitors.module.js';
import { MonitorsService } from '../../src/monitors/monitors.service.js';
import { MonitorAccess } from '../../src/monitors/sharing/monitor-access.js';
import { createTestConfig, removeDataDir } from '../support/auth-hub.js';
import { createTestDatabase, stopTestPostgres, type TestDatabase } from '../support/test-database.js';

const ROUNDS = process.env['SOAK'] === '1' ? 300 : 20;
const TAGS = ['prod', 'web', 'db'];

let database: TestDatabase;
let config: HubConfig;
let hub: TestingModule;
let users: UserPrincipal[];
let monitorIds: string[];

const query = (text: string, values: unknown[] = []) => hub.get(DataSource).query(text, values);
const access = () => hub.get(MonitorAccess, { strict: false });

beforeAll(async () => {
  database = await createTestDatabase();
  config = await createTestConfig();
  const features = [EventsModule, AuthModule, MonitorsModule];
  const imports = [ConfigModule.forRoot(config), DatabaseModule.forRoot(database), ...features];
  hub = await Test.createTestingModule({ imports }).compile();
  await hub.init();
  users = [];
  for (const [index, role] of [...ROLES, ...ROLES].entries()) {
    const email = `u${index}@example.org`;
    const [{ id }] = await query(
      `insert into app_user (email, password_hash, role) values ($1, 'x', $2) returning id`,
      [email, role],
    );
    users.push({ userId: id, email, role, sessionId: 'none' });
  }
  const owners = users.filter(({ role }) => role !== 'viewer');
  monitorIds = [];
  for (let index = 0; index < 12; index++) {
    const tags = TAGS.filter((_, place) => (index >> place) & 1);
    const owner = owners[index % owners.length]!;
    const { monitor } = await hub
      .get(MonitorsService, { strict: false })
      .create(owner, { name: `m${index}`, tags });
    monitorIds.push(monitor.id);
  }
}, 60_000);
afterAll(async () => {
  await hub?.close();
  await removeDataDir(config);
  await database?.drop();
  await stopTestPostgres();
}, 30_000);

/** Any share: of a monitor or a tag, by an owner or of all, with somebody or everybody. */
const anyShare = fc.record({
  monitor: fc.option(fc.nat(11)),
  tag: fc.constantFrom(...TAGS, 'test'),
  owner: fc.option(fc.nat(5)),
  user: fc.option(fc.nat(5)),
  access: fc.constantFrom('view', 'edit'),
});

it('the rule in SQL, for lists, and the rule in memory, for all else, are the same', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(anyShare, { maxLength: 8 }), async (shares) => {
      await query('delete from monitor_share');
      for (const { monitor, tag, owner, user, access: level } of shares) {
        await query(
          `insert into monitor_share (monitor_id, tag, owner_id, user_id, access) values ($1, $2, $3, $4, $5)
           on conflict do nothing`,
          [
            monitor === null ? null : monitorIds[monitor],
            monitor === null ? tag : null,
            monitor === null && owner !== null ? users[owner]!.userId : null,
            user === null ? null : users[user]!.userId,
            level,
          ],
        );
      }
      await access().reload();
      for (const user of users) {
        const monitors = hub.get(MonitorsService, { strict: false });
        const listed = await monitors.list(user);
        // The local monitor too, which nobody owns yet.
        const judged = access().allowedIds(user, 'view', monitors.knownIds());
        expect([user.email, listed.map(({ id }) => id)]).toEqual([user.email, judged.sort()]);
      }
    }),
    { numRuns: ROUNDS },
  );
}, 120_000);

it('what another process does to users, sessions and shares is seen, and nothing else is', async () => {
  const watch = hub.get(AccessWatch, { strict: false });
  let changes = 0;
  const stop = hub.get(EventBus).on('access.changed', () => changes++);
  const seen = async (text: string, values: unknown[] = []): Promise<boolean> => {
    await watch.look();
    const before = changes;
    await query(text, values);
    await watch.look();
    return changes > before;
  };
  const [{ userId }] = [users.at(-1)!];
  const session = `insert into user_session (token_hash, user_id, expires_at) values (sha256('x'), $1, now())`;
  expect(await seen('update app_user set name = $2 where id = $1', [userId, 'Kim'])).toBe(false);
  expect(await seen(session, [userId])).toBe(false);
  expect(await seen('update user_session set last_seen_at = now()')).toBe(false);
  expect(await seen('delete from user_session')).toBe(true);
  expect(await seen(`update app_user set role = 'editor' where id = $1`, [userId])).toBe(true);
  expect(await seen('update app_user set is_disabled = true where id = $1', [userId])).toBe(true);
  const share = `insert into monitor_share (monitor_id, user_id, access) values ($1, $2, 'view')`;
  await query('delete from monitor_share');
  expect(await seen(share, [monitorIds[0], userId])).toBe(true);
  expect(await seen(`update monitor_share set access = 'edit'`)).toBe(true);
  expect(await seen('delete from app_user where id = $1', [userId])).toBe(true);
  stop();
});
