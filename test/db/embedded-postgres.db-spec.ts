import { execFile } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  lstatSync,
  readFileSync,
  readdirSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { cp, mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { Client } from 'pg';
import { EmbeddedPostgres, type EmbeddedPostgresOptions } from '../../src/database/embedded-postgres.js';
import { locatePackage } from '../../src/database/postgres-binaries.js';
import { CONNECTION_BUDGET, MAX_CONNECTIONS } from '../../src/database/postgres-settings.js';
import { readProcess } from '../../src/database/process-identity.js';
import { SYSTEM_USER } from '../../src/database/system-user.js';
import { isRoot, NOBODY, runQuery, Scratch } from './hub-child.js';

const run = promisify(execFile);
const scratch = new Scratch();
const started: EmbeddedPostgres[] = [];
let said: string[] = [];
const log = {
  info: (line: string) => said.push(line),
  warn: (line: string) => said.push(line),
  error: (line: string) => said.push(line),
};

async function startPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const embedded = await EmbeddedPostgres.start(options, log);
  started.push(embedded);
  return embedded;
}

async function makeDataDir(name = 'data'): Promise<string> {
  return path.join(await scratch.makeDirectory(), name);
}

async function readSetting(embedded: EmbeddedPostgres, name: string): Promise<string> {
  return (await runQuery(embedded.connection, `SHOW ${name}`)).rows[0][name];
}

/** As npm unpacks it with install scripts off: without the library links. */
async function copyPackage(target: string): Promise<void> {
  await cp(locatePackage(), target, {
    recursive: true,
    filter: (source) => !source.endsWith('.a') && !lstatSync(source).isSymbolicLink(),
  });
}

beforeEach(() => {
  said = [];
});

afterEach(async () => {
  for (const embedded of started.splice(0)) {
    await embedded.stop();
    // For a long path it lies outside the data directory.
    await rm(embedded.place.socketDir, { recursive: true, force: true });
  }
  await scratch.clean();
}, 60_000);

describe('a fresh embedded Postgres', () => {
  it('is durable, closed and small', async () => {
    const dataDir = await makeDataDir();
    const embedded = await startPostgres({ dataDir });
    for (const name of ['fsync', 'synchronous_commit', 'full_page_writes', 'data_checksums']) {
      expect([name, await readSetting(embedded, name)]).toEqual([name, 'on']);
    }
    expect(await readSetting(embedded, 'listen_addresses')).toBe('');
    expect(await readSetting(embedded, 'max_connections')).toBe(String(MAX_CONNECTIONS));
    const role = await runQuery(
      embedded.connection,
      'SELECT rolsuper FROM pg_roles WHERE rolname = current_user',
    );
    expect(role.rows).toEqual([{ rolsuper: false }]);
    const { clusterDir, socketDir } = embedded.place;
    expect(statSync(clusterDir).mode & 0o777).toBe(0o700);
    expect(statSync(socketDir).mode & 0o777).toBe(0o700);
    expect(statSync(path.join(clusterDir, 'watchkeeper-secret.json')).mode & 0o777).toBe(0o600);
    expect(readFileSync(path.join(clusterDir, 'pg_hba.conf'), 'utf8')).not.toMatch(
      /^[^#].*\b(trust|password|peer)$/m,
    );
    expect(readdirSync(socketDir).filter((name) => name.startsWith('initdb'))).toEqual([]);
  }, 60_000);

  it('refuses a wrong password', async () => {
    const embedded = await startPostgres({ dataDir: await makeDataDir() });
    for (const user of ['postgres', 'watchkeeper']) {
      const attempt = runQuery({ ...embedded.connection, user, password: 'password' }, 'SELECT 1');
      await expect(attempt).rejects.toMatchObject({ code: '28P01' });
    }
  }, 60_000);

  it('grants as many connections as the budget says, and one more to its supervisor', async () => {
    const embedded = await startPostgres({ dataDir: await makeDataDir() });
    const { superuser, ...granted } = CONNECTION_BUDGET;
    const length = Object.values<number>(granted).reduce((sum, count) => sum + count);
    const clients = Array.from({ length }, () => new Client(embedded.connection));
    await Promise.all(clients.map((client) => client.connect()));
    expect(clients.length + superuser).toBeLessThanOrEqual(MAX_CONNECTIONS);
    const supervisor = new Client(embedded.superuser);
    await supervisor.connect();
    await Promise.all([...clients, supervisor].map((client) => client.end()));
  }, 60_000);

  it.each([
    ['blanks, a comma and quotes', `a, b 'c' "d" é`],
    ['more bytes than a socket may have', 'x'.repeat(120)],
  ])(
    'works in a path with %s',
    async (_, name) => {
      const dataDir = path.join(await makeDataDir(name), 'data');
      await mkdir(path.dirname(dataDir));
      const first = await startPostgres({
        dataDir,
        systemRoot: path.join(await scratch.makeDirectory(), 'system'),
      });
      const { pid } = first;
      expect(existsSync(path.join(dataDir, 'pg', 'PG_VERSION'))).toBe(true);
      await first.release();
      const again = await startPostgres({ dataDir, systemRoot: path.dirname(first.place.systemDir) });
      expect(again.pid).toBe(pid);
    },
    60_000,
  );
});

describe('a pid file that lies', () => {
  // Each is written where no Postgres runs; the next start must see through it.
  const lies: [string, () => number][] = [
    ['of no process', () => 4_194_303],
    ['of another program', () => process.pid],
    ['of process 1', () => 1],
  ];

  it.each(lies)(
    '%s does not keep Postgres from starting',
    async (_, pid) => {
      const dataDir = await makeDataDir();
      const first = await startPostgres({ dataDir });
      await first.stop();
      writeFileSync(path.join(dataDir, 'pg', 'postmaster.pid'), `${pid()}\n${dataDir}/pg\n0\n5432\n\n\n0\n`);
      const second = await startPostgres({ dataDir });
      expect((await runQuery(second.connection, 'SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
    },
    60_000,
  );

  it('of the Postgres of another cluster is not taken for ours', async () => {
    const other = await startPostgres({ dataDir: await makeDataDir() });
    const dataDir = await makeDataDir();
    await (await startPostgres({ dataDir })).stop();
    writeFileSync(
      path.join(dataDir, 'pg', 'postmaster.pid'),
      `${other.pid}\n${dataDir}/pg\n0\n5432\n\n\n0\n`,
    );
    const second = await startPostgres({ dataDir });
    expect(second.pid).not.toBe(other.pid);
    expect((await runQuery(other.connection, 'SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
  }, 60_000);

  it('of a zombie is seen through', async () => {
    const dataDir = await makeDataDir();
    await (await startPostgres({ dataDir })).stop();
    // A shell that never asks for its child's exit code: the child stays a zombie while the shell sleeps.
    const parent = execFile('/bin/sh', ['-c', 'sleep 0.3 & echo $!; exec sleep 30']);
    const zombie = await new Promise<number>((resolve) => {
      parent.stdout?.once('data', (text: string) => resolve(Number(text)));
    });
    while (readProcess(zombie)?.isZombie === false) await new Promise((resolve) => setTimeout(resolve, 10));
    expect(readProcess(zombie)?.isZombie).toBe(true);
    for (const file of ['pg/postmaster.pid', 'pg-socket/.s.PGSQL.5432.lock']) {
      writeFileSync(path.join(dataDir, file), `${zombie}\n${dataDir}/pg\n0\n5432\n\n\n0\n`);
    }
    const second = await startPostgres({ dataDir });
    expect((await runQuery(second.connection, 'SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
    parent.kill('SIGKILL');
  }, 60_000);
});

describe('a Postgres that runs already', () => {
  it('is stopped and started again when it runs with other settings', async () => {
    const dataDir = await makeDataDir();
    const first = await startPostgres({ dataDir });
    await first.release();
    const { pid } = first;
    const options = path.join(dataDir, 'pg', 'postmaster.opts');
    writeFileSync(options, readFileSync(options, 'utf8').replace('max_connections=30', 'max_connections=20'));
    const second = await startPostgres({ dataDir });
    expect(second.pid).not.toBe(pid);
    expect(await readSetting(second, 'max_connections')).toBe(String(MAX_CONNECTIONS));
  }, 60_000);
});

describe('binaries', () => {
  it('get their missing library links', async () => {
    const packageDir = path.join(await scratch.makeDirectory(), 'package');
    await copyPackage(packageDir);
    const { target } = JSON.parse(readFileSync(path.join(packageDir, 'native/pg-symlinks.json'), 'utf8'))[0];
    expect(existsSync(path.join(packageDir, target))).toBe(false);
    const embedded = await startPostgres({ dataDir: await makeDataDir(), packageDir });
    expect((await runQuery(embedded.connection, 'SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
  }, 60_000);
});

describe('faults', () => {
  it('a data directory that cannot be made is one line that says what to do', async () => {
    const file = path.join(await scratch.makeDirectory(), 'file');
    writeFileSync(file, '');
    const attempt = startPostgres({ dataDir: path.join(file, 'data') });
    await expect(attempt).rejects.toThrow(/^the data directory .*a file is in the way.*DATA_DIR[^\n]*$/);
  });

  it('a cluster of another Postgres is refused', async () => {
    const dataDir = await makeDataDir();
    const embedded = await startPostgres({ dataDir });
    await embedded.stop();
    writeFileSync(path.join(dataDir, 'pg', 'PG_VERSION'), '17\n');
    await expect(startPostgres({ dataDir })).rejects.toThrow(/is of Postgres 17, this hub brings 18/);
  }, 60_000);

  it("a Postgres that does not start shows its log's last lines", async () => {
    const dataDir = await makeDataDir();
    const embedded = await startPostgres({ dataDir });
    await embedded.stop();
    await rm(path.join(dataDir, 'pg', 'global', 'pg_control'));
    await expect(startPostgres({ dataDir })).rejects.toThrow(/Postgres did not start.*pg_control/);
  }, 60_000);
});

// Only root can become another user: run as an ordinary one, these have nobody to be.
(isRoot ? describe : describe.skip)('started as root', () => {
  it('runs Postgres as its own user, out of the reach of others', async () => {
    const dataDir = await makeDataDir();
    const embedded = await startPostgres({ dataDir });
    expect(embedded.place.runAs?.name).toBe(SYSTEM_USER);
    expect(statSync(`/proc/${embedded.pid}`).uid).toBe(embedded.place.runAs?.uid);
    expect(statSync(dataDir).mode & 0o777).toBe(0o711);
    const { socketDir, clusterDir, logFile } = embedded.place;
    const secret = path.join(clusterDir, 'watchkeeper-secret.json');
    const socket = path.join(socketDir, '.s.PGSQL.5432');
    for (const [command, target] of [
      ['ls', socket],
      ['ls', clusterDir],
      ['cat', secret],
      ['cat', logFile],
    ] as const) {
      const attempt = run(command, [target], { ...NOBODY, cwd: '/' });
      await expect(attempt).rejects.toMatchObject({ stderr: expect.stringContaining('Permission denied') });
    }
  }, 60_000);

  it('goes to a system folder when the clone lies where that user cannot go, and says so', async () => {
    const closed = await scratch.makeDirectory();
    chmodSync(closed, 0o700);
    const packageDir = path.join(closed, 'package');
    await copyPackage(packageDir);
    const systemRoot = path.join(await scratch.makeDirectory(), 'system');
    const options = { dataDir: path.join(closed, 'data'), packageDir, systemRoot };
    const first = await startPostgres(options);
    expect(first.place.clusterDir.startsWith(systemRoot)).toBe(true);
    expect(said.join('\n')).toContain(`Postgres' data is in ${first.place.homeDir}`);
    expect(said.join('\n')).toContain(`Postgres' binaries were copied to ${systemRoot}`);
    await runQuery(first.connection, 'CREATE TABLE kept ()');
    await first.stop();
    const second = await startPostgres(options);
    await runQuery(second.connection, 'SELECT * FROM kept');

    const other = await startPostgres({ ...options, dataDir: path.join(closed, 'other') });
    expect(other.place.clusterDir).not.toBe(second.place.clusterDir);
  }, 60_000);

  it('leaves the mode of a folder alone in which others keep things', async () => {
    const dataDir = await scratch.makeDirectory();
    writeFileSync(path.join(dataDir, 'theirs'), '');
    chmodSync(dataDir, 0o700);
    const systemRoot = path.join(await scratch.makeDirectory(), 'system');
    const embedded = await startPostgres({ dataDir, systemRoot });
    expect(statSync(dataDir).mode & 0o777).toBe(0o700);
    expect(embedded.place.homeDir.startsWith(systemRoot)).toBe(true);
  }, 60_000);

  it('says to an ordinary user whose the data is', async () => {
    const dataDir = await makeDataDir();
    await (await startPostgres({ dataDir })).stop();
    const hub = scratch.startHub(dataDir, {}, NOBODY);
    expect(await hub.exited).toBe(1);
    expect(hub.lines).toEqual([expect.stringMatching(/^failed .*permission denied.*DATA_DIR/)]);
  }, 60_000);
});
