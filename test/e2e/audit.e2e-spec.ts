import { randomUUID } from 'node:crypto';
import { callHub, type HubClient, type Json, signIn } from '../support/hub-client.js';
import { ADMIN, ADMIN_ENV, HubProcess } from '../support/hub-process.js';
import { waitFor } from '../support/wait-for.js';

const QUERY = `query ($filter: AuditFilter, $first: Int, $after: String) {
  auditLog(filter: $filter, first: $first, after: $after) {
    entries { id at since count action actorKind actorId actorEmail targetType targetId targetName before after address requestId }
    endCursor
  }
}`;
const HOSTILE = 'x\r\n{"forged":true} \u001b[2J \u009b2J \u2028 end';

let hub: HubProcess;
let admin: HubClient;
let viewer: HubClient;

beforeAll(async () => {
  hub = await HubProcess.start({ env: ADMIN_ENV });
  admin = await signIn(hub);
  await hub.query(
    `insert into app_user (email, password_hash, role) select 'viewer@example.com', password_hash, 'viewer' from app_user`,
  );
  viewer = await signIn(hub, { ...ADMIN, email: 'viewer@example.com' });
}, 90_000);
afterAll(() => hub.clean(), 60_000);

const read = async (filter: Json = {}, first = 50, after?: string): Promise<Json> =>
  (await admin.ask(QUERY, { filter, first, after })).auditLog;

describe('the audit log', () => {
  it('tells who did what with a monitor, when, from where, and what changed', async () => {
    const { id, key } = await admin.createMonitor({ name: 'web-01', tags: ['a'] });
    await admin.call('PUT', `/api/monitoring/${id}`, { name: 'web-02' });
    await admin.call('PUT', `/api/monitoring/${id}`, { name: 'web-02' });
    await admin.call('POST', `/api/monitoring/${id}/stop`);
    await admin.ask('mutation ($id: ID!) { startMonitor(id: $id) { userErrors { code } } }', { id });
    await admin.call('DELETE', `/api/monitoring/${id}`);
    const { entries } = await read({ targetId: id });
    expect(entries.map(({ action, before, after }: Json) => [action, before, after])).toEqual([
      ['monitor.deleted', expect.objectContaining({ name: 'web-02' }), null],
      ['monitor.started', { state: 'stopped' }, { state: 'running' }],
      ['monitor.stopped', { state: 'running' }, { state: 'stopped' }],
      ['monitor.changed', { name: 'web-01' }, { name: 'web-02' }],
      ['monitor.created', null, expect.objectContaining({ name: 'web-01', tags: ['a'] })],
    ]);
    for (const entry of entries) {
      expect(entry).toMatchObject({
        actorKind: 'USER',
        actorEmail: ADMIN.email,
        targetType: 'monitor',
        address: '127.0.0.1',
        requestId: expect.stringMatching(/^\w+-\w+$/),
      });
    }
    const keys = (await read({ action: 'apiKey.created', actor: ADMIN.email })).entries;
    expect(keys[0].after).toMatchObject({ name: null, monitorId: id, prefix: expect.any(String) });
    expect(JSON.stringify(await read())).not.toContain(key.slice(3, 20));
  });

  it('has the first admin’s making, sign-ins and sign-outs', async () => {
    expect((await read({ action: 'user.created' })).entries).toMatchObject([
      { actorKind: 'HUB', targetName: ADMIN.email, after: { email: ADMIN.email, role: 'admin' } },
    ]);
    const other = await signIn(hub);
    await other.call('POST', '/api/auth/logout');
    const { entries } = await read({ targetType: 'session' }, 2);
    expect(entries.map(({ action }: Json) => action)).toEqual(['session.ended', 'session.started']);
  });

  it('counts wrong passwords instead of writing each down', async () => {
    const body = { email: 'nobody@example.com', password: 'not the right one' };
    for (let n = 0; n < 12; n += 1) await callHub(hub, 'POST', '/api/auth/login', { body });
    const refused = (): Promise<Json> => read({ action: 'session.refused' }).then(({ entries }) => entries);
    await waitFor(async () => (await refused()).length > 0);
    expect(await refused()).toMatchObject([
      { actorKind: 'STRANGER', targetName: body.email, count: 1, address: '127.0.0.1' },
    ]);
    await hub.stop();
    await hub.restart();
    admin = await signIn(hub);
    viewer = await signIn(hub, { ...ADMIN, email: 'viewer@example.com' });
    expect((await refused())[0]).toMatchObject({ count: 11, since: expect.any(String) });
  }, 60_000);

  it('refuses to be changed, shortened or emptied, even by the hub’s own role', async () => {
    const before = (await read()).entries;
    for (const statement of [
      `update audit_entry set actor_email = 'someone@example.com'`,
      'delete from audit_entry',
      'truncate audit_entry',
    ]) {
      await expect(hub.query(statement)).rejects.toThrow(/only added to/);
    }
    expect((await read()).entries).toEqual(before);
    // What has been kept as long as was promised may go.
    await hub.query(
      `insert into audit_entry (action, actor_kind, target_type, keep_until)
       values ('setting.changed', 'hub', 'setting', now() - interval '1 second')`,
    );
    expect(await hub.query('delete from audit_entry where keep_until <= now() returning action')).toEqual([
      { action: 'setting.changed' },
    ]);
    const [row] = await hub.query<{ days: number }>(
      `select min(extract(day from keep_until - at))::integer as days from audit_entry`,
    );
    expect(row!.days).toBeGreaterThanOrEqual(364);
  });

  it('is read page by page, each entry once', async () => {
    const all = (await read({}, 200)).entries.map(({ id }: Json) => id);
    const seen: string[] = [];
    let after: string | undefined;
    do {
      const page: Json = await read({}, 3, after);
      seen.push(...page.entries.map(({ id }: Json) => id));
      after = page.endCursor ?? undefined;
    } while (after);
    expect(seen).toEqual(all);
    expect((await read({ from: '2030-01-01T00:00:00Z' })).entries).toEqual([]);
    expect((await read({ to: '2020-01-01T00:00:00Z' })).entries).toEqual([]);
    expect((await read({}, 50, `1; drop table audit_entry`)).entries).toEqual([]);
    const { errors } = await admin.gql(QUERY, { first: 201 });
    expect(errors![0]!.extensions.code).toBe('invalid_input');
  });

  it('is exported as lines of JSON that nothing in them can break', async () => {
    await admin.call('POST', '/api/auth/login', { email: 'a@example.org', password: HOSTILE });
    const { id } = await admin.createMonitor({ name: 'b', description: 'line one\nline two' });
    await hub.query(
      `insert into audit_entry (action, actor_kind, target_type, target_id, target_name, keep_until)
       values ('monitor.changed', 'hub', 'monitor', $1, $2, now())`,
      [id, HOSTILE],
    );
    const answer = await admin.call('GET', `/api/audit?targetId=${id}`);
    expect(answer.headers.get('content-type')).toBe('application/x-ndjson');
    expect(answer.headers.get('content-disposition')).toMatch(/^attachment; filename="audit-[\d-]+\.jsonl"$/);
    expect(answer.text.replaceAll('\n', '')).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/);
    const lines = answer.text.trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([
      { action: 'monitor.changed', targetName: HOSTILE },
      { action: 'monitor.created' },
    ]);
    await hub.query(`delete from audit_entry where keep_until <= now()`);
    expect((await read({ action: 'auditLog' }, 1)).entries[0].after).toEqual({ targetId: id });
  });

  it('is exported whole, however long it is', async () => {
    await hub.query(
      `insert into audit_entry (at, action, actor_kind, target_type, keep_until)
       select '2001-01-01'::timestamptz + n * interval '1 second', 'setting.changed', 'hub', 'setting', now()
       from generate_series(0, 4999) n`,
    );
    const { text } = await admin.call('GET', '/api/audit?from=2001-01-01T00:00:00Z&to=2001-01-01T01:00:00Z');
    expect(text.trimEnd().split('\n')).toHaveLength(3_600);
    await hub.query(`delete from audit_entry where keep_until <= now()`);
  });

  it('is for admins only', async () => {
    expect((await viewer.call('GET', '/api/audit')).status).toBe(403);
    expect((await callHub(hub, 'GET', '/api/audit')).status).toBe(401);
    const { errors } = await viewer.gql(QUERY);
    expect(errors![0]!.extensions.code).toBe('forbidden');
    for (const query of ['from=soon', 'actor=%00', 'targetId=%1b', `action=${'x'.repeat(255)}`]) {
      expect((await admin.call('GET', `/api/audit?${query}`)).body.code).toBe('invalid_input');
    }
    const odd = await admin.gql(QUERY, { filter: { actor: 'a\0' } });
    expect(odd.errors![0]!.extensions.code).toBe('invalid_input');
    expect((await admin.call('GET', `/api/audit?by=${randomUUID()}`)).body.errors).toMatchObject([
      { code: 'unknown_field', path: 'by' },
    ]);
  });
});
