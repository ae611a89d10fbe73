import { execFile, execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { createServer, type Server } from 'node:http';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { callHub, signIn, type HubClient } from '../support/hub-client.js';
import { ADMIN_ENV, HubProcess } from '../support/hub-process.js';
import { SecretSweep } from '../support/secret-sweep.js';
import { waitFor } from '../support/wait-for.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'enrolment-'));
const running = new Set<ChildProcess>();
let hub: HubProcess;
let user: HubClient;

beforeAll(async () => {
  execFileSync(process.execPath, [join(root, 'scripts/build-agent.mjs')]);
  hub = await HubProcess.start({ env: ADMIN_ENV });
  user = await signIn(hub);
}, 90_000);
afterAll(async () => {
  for (const child of running) child.kill('SIGKILL');
  await hub?.clean();
  rmSync(folder, { recursive: true, force: true });
});

interface Run {
  readonly code: number;
  readonly output: string;
}

/** Runs a script as `curl … | sh -s -- ARGS` does. */
function runScript(script: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Run> {
  return new Promise((resolve) => {
    const child = execFile(
      '/bin/sh',
      ['-s', '--', ...args],
      { env: { PATH: `/usr/bin:/bin`, ...env }, cwd: folder },
      (error, stdout, stderr) =>
        resolve({ code: error ? Number(error.code ?? 1) : 0, output: stdout + stderr }),
    );
    // One that is refused at once reads no further.
    child.stdin!.on('error', () => undefined).end(script);
  });
}

const fetchScript = async (): Promise<string> => (await callHub(hub, 'GET', '/install.sh')).text;
const makeRoot = (name: string): string => join(folder, name);

async function createToken(monitorId: string): Promise<string> {
  const { createEnrolmentToken } = await user.ask(
    'mutation ($id: ID!) { createEnrolmentToken(monitorId: $id) { token userErrors { message } } }',
    { id: monitorId },
  );
  return createEnrolmentToken.token;
}

async function createKey(input: Record<string, unknown>): Promise<{ id: string; token: string }> {
  const { createEnrolmentKey } = await user.ask(
    'mutation ($input: CreateEnrolmentKeyInput!) { createEnrolmentKey(input: $input) { token enrolmentKey { id } } }',
    { input },
  );
  return { id: createEnrolmentKey.enrolmentKey.id, token: createEnrolmentKey.token };
}

const enrol = (body: Record<string, unknown>) => callHub(hub, 'POST', '/api/agents/enrol', { body });
const tryKey = async (key: string) =>
  (await callHub(hub, 'GET', '/api/monitoring/data', { headers: { 'x-api-key': key } })).status;

describe('install.sh', () => {
  it('brings a machine without Node.js to its first report, its key in one file alone, and removes all of it', async () => {
    const { id } = await user.createMonitor({ intervalSeconds: 1 });
    const token = await createToken(id);
    const place = makeRoot('machine');
    const args = ['--url', hub.url, '--root', place];
    const installed = await runScript(await fetchScript(), [...args, '--token', token]);
    expect(installed).toMatchObject({ code: 0, output: expect.stringContaining('key: accepted') });

    const keyFile = join(place, 'etc/watchkeeper-agent/api-key');
    expect(statSync(keyFile).mode & 0o777).toBe(0o600);
    const key = readFileSync(keyFile, 'utf8').trim();
    const start = /Start the agent with:\n\s*(.+)\n/.exec(installed.output)![1]!;
    const agent = spawn('/bin/sh', ['-c', `exec ${start}`], { env: { PATH: '/usr/bin:/bin' } });
    running.add(agent);
    let log = '';
    for (const stream of [agent.stdout, agent.stderr]) stream.on('data', (text: Buffer) => (log += text));
    const count = async () =>
      (
        await hub.query<{ count: number }>(
          'select count(*)::int as count from report where monitor_id = $1',
          [id],
        )
      )[0]!.count;
    await waitFor(async () => (await count()) > 0, { what: () => `no report: ${log}` });

    const sweep = new SecretSweep();
    sweep.add('report key', key);
    sweep.add('token', token);
    const files = readdirSync(place, { recursive: true, encoding: 'utf8' })
      .map((name) => join(place, name))
      .filter((file) => lstatSync(file).isFile() && file !== keyFile && !file.endsWith('/node'));
    const seen = [
      ...[installed.output.replaceAll(token, ''), log, hub.output],
      ...['cmdline', 'environ'].map((name) => readFileSync(`/proc/${agent.pid}/${name}`, 'latin1')),
      ...files.map((file) => readFileSync(file, 'latin1')),
    ];
    expect(sweep.find(seen.join('\n'))).toEqual([]);
    agent.kill('SIGTERM');
    await waitFor(() => agent.exitCode !== null);

    // Run again without a token it keeps the key: that is how an agent is renewed.
    expect((await runScript(await fetchScript(), args)).code).toBe(0);
    expect(readFileSync(keyFile, 'utf8').trim()).toBe(key);

    const removed = await runScript(await fetchScript(), ['--uninstall', '--root', place]);
    expect(removed.code).toBe(0);
    expect(readdirSync(place)).toEqual([]);
  }, 60_000);

  it('changes nothing in a dry run, and prints each step', async () => {
    const { id } = await user.createMonitor();
    const token = await createToken(id);
    const place = makeRoot('dry');
    const args = ['--url', hub.url, '--token', token, '--root', place, '--dry-run'];
    const { code, output } = await runScript(await fetchScript(), args);
    expect(code).toBe(0);
    for (const step of ['fetch', 'checksum', 'report key', 'settings', 'Start the agent'])
      expect(output).toContain(step);
    expect(existsSync(place)).toBe(false);
    expect((await enrol({ token, hostname: 'a' })).status).toBe(200);
  });

  it('does nothing when its download was cut short, wherever', async () => {
    const { id } = await user.createMonitor();
    const token = await createToken(id);
    const script = await fetchScript();
    const place = makeRoot('cut');
    const lines = script.split('\n');
    const isSoak = process.env['SOAK'] === '1';
    const ends = new Set([1, 2, 3, 4, 5, 8, 12, 20].map((missing) => script.trimEnd().length - missing));
    const every = isSoak ? 1 : 25;
    for (let line = 5; line < lines.length; line += every)
      ends.add(lines.slice(0, line).join('\n').trimEnd().length);
    for (const end of ends) {
      if (end >= script.trimEnd().length) continue;
      await runScript(script.slice(0, end), ['--url', hub.url, '--token', token, '--root', place]);
      expect({ end, exists: existsSync(place) }).toEqual({ end, exists: false });
    }
    expect((await enrol({ token, hostname: 'a' })).status).toBe(200);
  }, 60_000);

  it('refuses an agent that is not the one it knows, and what cannot be used, before the token is spent', async () => {
    const { id } = await user.createMonitor();
    const token = await createToken(id);
    const script = await fetchScript();
    const place = makeRoot('wrong');
    const server: Server = createServer((_, response) => response.end('rm -rf /')).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const other = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const swapped = await runScript(script, ['--url', other, '--token', token, '--root', place]);
    server.close();
    expect(swapped).toMatchObject({
      code: 1,
      output: expect.stringContaining('its checksum is another one'),
    });

    for (const [args, word] of [
      [['--url', 'http://192.0.2.1'], 'plain http'],
      [['--url', 'http://127.0.0.1.example.org'], 'plain http'],
      [['--url', 'ftp://hub'], 'must begin with'],
      [['--url', 'https://hub/$(touch x)'], 'characters'],
      [['--url', hub.url, '--pin', 'sha256//a b'], 'no pin'],
      [['--url', hub.url, '--token', 'wk_abc'], 'enrolment token'],
      [['--url', hub.url, '--ca-file', '/nowhere'], 'cannot be read'],
      [['--urll', hub.url], 'no option'],
      [['--url'], 'needs a value'],
      [[], '--url is missing'],
    ] as const) {
      const run = await runScript(script, ['--token', token, '--root', place, ...args]);
      expect(run).toMatchObject({ code: 1, output: expect.stringContaining(word) });
    }
    expect(existsSync(join(place, 'opt'))).toBe(false);
    expect(existsSync(join(place, 'etc'))).toBe(false);
    expect((await enrol({ token, hostname: 'a' })).status).toBe(200);
  }, 60_000);

  it('writes a unit that systemd takes and that is shut in', async () => {
    if (spawnSync('systemd-analyze', ['--version']).error) {
      // Without the tool nobody can say; the lines themselves are held to here all the same.
      expect(await fetchScript()).toMatch(/\nDynamicUser=yes\n[^]*\nNoNewPrivileges=yes\n/);
      return;
    }
    const script = await fetchScript();
    const printing = script.replace(
      '\nmain "$@"\n',
      '\nNODE=/usr/bin/env\nread_arguments --url https://hub.example\nprint_unit\n',
    );
    expect(printing).not.toBe(script);
    const { output: unit } = await runScript(printing, []);
    expect(unit).not.toMatch(/wk_|wke_|Environment=/);
    expect(unit).toMatch(/^LoadCredential=api-key:\/etc\/watchkeeper-agent\/api-key$/m);
    expect(unit).toMatch(/^StateDirectory=watchkeeper-agent$/m);
    const file = join(folder, 'watchkeeper-agent.service');
    writeFileSync(file, unit);
    const verified = spawnSync('systemd-analyze', ['verify', '--man=no', file], { encoding: 'utf8' });
    expect(verified.stderr.split('\n').filter((line) => line.includes('watchkeeper-agent'))).toEqual([]);
    const shut = spawnSync(
      'systemd-analyze',
      ['security', '--offline=true', '--threshold=20', '--no-pager', file],
      { encoding: 'utf8' },
    );
    expect({ status: shut.status, last: shut.stdout.trim().split('\n').at(-1) }).toMatchObject({ status: 0 });
  });

  it('runs the service, waits for its first report, and takes it away again', async () => {
    const { id } = await user.createMonitor({ intervalSeconds: 1 });
    const token = await createToken(id);
    const place = makeRoot('service');
    // systemd itself runs in no container: a stand-in starts what the unit says, as the unit says it.
    const bin = join(folder, 'bin');
    mkdirSync(bin);
    const calls = join(folder, 'systemctl.log');
    writeFileSync(
      join(bin, 'systemctl'),
      `#!/bin/sh
echo "$*" >> ${calls}
case $1 in
  restart)
    unit=${place}/etc/systemd/system/watchkeeper-agent.service
    export CREDENTIALS_DIRECTORY=$(mktemp -d ${folder}/credentials.XXXX) STATE_DIRECTORY=$(mktemp -d ${folder}/state.XXXX)
    cp "$(sed -n 's/^LoadCredential=api-key://p' $unit)" $CREDENTIALS_DIRECTORY/api-key
    $(sed -n 's/^ExecStart=//p' $unit) > ${folder}/service.log 2>&1 < /dev/null &
    echo $! > ${folder}/service.pid ;;
  disable) kill $(cat ${folder}/service.pid) ;;
esac`,
    );
    chmodSync(join(bin, 'systemctl'), 0o755);
    mkdirSync(join(place, 'etc/systemd/system'), { recursive: true });
    const script = (await fetchScript())
      .replace('ROOT=${2%/} && NO_SERVICE=1 && shift', 'ROOT=${2%/} && shift')
      .replace('[ -d /run/systemd/system ]', 'true');
    const env = { PATH: `${bin}:/usr/bin:/bin` };
    const args = ['--url', hub.url, '--root', place];
    const { code, output } = await runScript(script, [...args, '--token', token], env);
    expect({ code, output }).toMatchObject({
      code: 0,
      output: expect.stringContaining('has its first report'),
    });
    const { monitor } = await user.ask('query ($id: ID!) { monitor(id: $id) { health } }', { id });
    expect(monitor.health).toBe('UP');
    const removed = await runScript(script, ['--uninstall', '--root', place], env);
    expect(removed.code).toBe(0);
    expect(existsSync(join(place, 'opt'))).toBe(false);
    expect(readFileSync(calls, 'utf8').split('\n').filter(Boolean)).toEqual([
      'daemon-reload',
      'enable --quiet watchkeeper-agent',
      'restart watchkeeper-agent',
      'disable --now --quiet watchkeeper-agent',
      'daemon-reload',
    ]);
  }, 90_000);
});

describe('an enrolment token', () => {
  it('is good once, for its monitor alone, and is refused in the same words whatever is wrong with it', async () => {
    const { id } = await user.createMonitor({ name: 'one' });
    const voided = await createToken(id);
    const token = await createToken(id);
    const answer = await enrol({ token, hostname: 'somewhere', bootId: 'b1', machineId: 'a'.repeat(64) });
    expect(answer.body).toEqual({
      ...{ monitorId: id, monitorName: 'one', isNew: false },
      apiKey: expect.stringMatching(/^wk_[0-9A-Za-z]{49}$/),
    });
    expect(await tryKey(answer.body.apiKey)).toBe(200);

    const expired = await createToken((await user.createMonitor()).id);
    await hub.query(`update enrolment_key set expires_at = now() where use_count = 0`);
    const revoked = await createKey({ name: 'revoked' });
    await user.ask('mutation ($id: ID!) { revokeEnrolmentKey(id: $id) { userErrors { code } } }', {
      id: revoked.id,
    });
    const refusals = [];
    for (const wrong of [token, voided, expired, revoked.token, 'wke_x', answer.body.apiKey]) {
      const { status, body } = await enrol({ token: wrong, hostname: 'x' });
      refusals.push({ status, ...body, requestId: '' });
    }
    expect(new Set(refusals.map((refusal) => JSON.stringify(refusal))).size).toBe(1);
    expect(refusals[0]).toMatchObject({ status: 401, code: 'unauthenticated' });
    const { auditLog } = await user.ask(
      `{ auditLog(filter: { action: "enrolmentKey" }) { entries { action actorKind targetName } } }`,
    );
    const actions = auditLog.entries.map(({ action }: { action: string }) => action);
    for (const action of ['created', 'used', 'revoked', 'refused'])
      expect(actions).toContain(`enrolmentKey.${action}`);
  });

  it('is for whoever may manage the keys of the monitor', async () => {
    const { id } = await user.createMonitor();
    const token = await createToken(id);
    await user.call('DELETE', `/api/monitoring/${id}`);
    expect((await enrol({ token, hostname: 'x' })).status).toBe(401);
  });
});

describe('an enrolment key of a fleet', () => {
  it('makes a monitor for each machine, keeps that of a machine that comes again, and ends at its quota', async () => {
    const { id, token } = await createKey({ name: 'web', tags: ['prod', 'web'], quota: 2 });
    const machine = { token, hostname: 'web-01', machineId: 'b'.repeat(64), bootId: 'b1' };
    const first = (await enrol(machine)).body;
    expect(first).toMatchObject({ monitorName: 'web-01', isNew: true });
    await hub.query(`update enrolled_machine set enrolled_at = now() - interval '3 minutes'`);
    const again = (await enrol({ ...machine, hostname: 'web-01.new', bootId: 'b2' })).body;
    expect(again).toMatchObject({ monitorId: first.monitorId, isNew: false });
    expect([await tryKey(first.apiKey), await tryKey(again.apiKey)]).toEqual([401, 200]);

    const [two, three] = await Promise.all([
      enrol({ token, hostname: 'web-02', machineId: 'c'.repeat(64) }),
      enrol({ token, hostname: 'web-03', machineId: 'd'.repeat(64) }),
    ]);
    expect([two.status, three.status].sort()).toEqual([200, 401]);
    const { monitor, enrolmentKeys } = await user.ask(
      'query ($id: ID!) { monitor(id: $id) { tags } enrolmentKeys { id useCount quota createdBy lastUsedAddress } }',
      { id: first.monitorId },
    );
    expect(monitor.tags).toEqual(['prod', 'web']);
    expect(enrolmentKeys.find((key: { id: string }) => key.id === id)).toMatchObject({
      ...{ useCount: 2, quota: 2, createdBy: 'admin@example.com', lastUsedAddress: '127.0.0.1' },
    });
  });

  it('takes a clone of a machine that is at work for a machine of its own', async () => {
    const { token } = await createKey({ name: 'template' });
    const machine = { token, hostname: 'vm', machineId: 'e'.repeat(64) };
    const original = (await enrol({ ...machine, bootId: 'b1' })).body;
    const report = { bootId: 'b1', cpu: { usagePercent: 1 } };
    const headers = { 'x-api-key': original.apiKey };
    expect((await callHub(hub, 'POST', '/api/monitoring/data', { body: report, headers })).status).toBe(200);
    const clone = (await enrol({ ...machine, bootId: 'b2' })).body;
    expect(clone.isNew).toBe(true);
    expect(await tryKey(original.apiKey)).toBe(200);
    const renewed = (await enrol({ ...machine, bootId: 'b1' })).body;
    expect(renewed).toMatchObject({ monitorId: original.monitorId, isNew: false });
  });
});

describe('two machines with one key', () => {
  it('are told with the report that shows it, until a user says that it is mended; a restart is none', async () => {
    const { id, key } = await user.createMonitor();
    const headers = { 'x-api-key': key };
    let seconds = 0;
    const report = async (bootId: string) => {
      const at = new Date(Date.now() - 60_000 + 1_000 * seconds++).toISOString();
      const body = { at, bootId, cpu: { usagePercent: 1 } };
      expect((await callHub(hub, 'POST', '/api/monitoring/data', { body, headers })).status).toBe(200);
    };
    const readConflict = async () =>
      (
        await user.ask(
          'query ($id: ID!) { monitor(id: $id) { identityConflict { since boots { bootId address } } } }',
          { id },
        )
      ).monitor.identityConflict;
    for (const boot of ['one', 'one', 'two', 'two', 'three']) await report(boot);
    expect(await readConflict()).toBeNull();
    await report('two');
    await waitFor(async () => (await readConflict()) !== null, { what: () => 'no conflict' });
    expect(await readConflict()).toEqual({
      since: expect.any(String),
      boots: [
        { bootId: 'two', address: '127.0.0.1' },
        { bootId: 'three', address: '127.0.0.1' },
      ],
    });
    const clear = 'mutation ($id: ID!) { clearIdentityConflict(monitorId: $id) { userErrors { code } } }';
    await user.ask(clear, { id });
    for (const boot of ['three', 'three']) await report(boot);
    expect(await readConflict()).toBeNull();
    for (const boot of ['two', 'three']) await report(boot);
    await waitFor(async () => (await readConflict()) !== null, { what: () => 'no conflict again' });
  });
});
