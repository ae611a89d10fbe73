import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { readProcess } from '../../src/database/process-identity.js';
import { HubChild, isRoot, NOBODY, runQuery, Scratch, type Identity } from './hub-child.js';

const INSERT = `INSERT INTO note (text) VALUES ('kept')`;
const COUNT = 'SELECT count(*)::int AS count FROM note';

function readPid(dataDir: string): number {
  return Number(readFileSync(path.join(dataDir, 'pg', 'postmaster.pid'), 'utf8').split('\n')[0]);
}

/** Ended; where nobody asks for the exit code of orphans, a zombie stays. */
function isGone(pid: number): boolean {
  return readProcess(pid)?.isZombie ?? true;
}

// As root, everything is also tried as an ordinary user; an ordinary user cannot be another one.
const users: [string, Identity | undefined][] = [['the user of the test', undefined]];
if (isRoot) users.push(['an ordinary user', NOBODY]);

describe.each(users)('a hub and its Postgres, as %s', (_, identity) => {
  const scratch = new Scratch();
  afterEach(() => scratch.clean(), 60_000);

  async function makeDataDir(): Promise<string> {
    return path.join(await scratch.makeDirectory(identity), 'data');
  }

  function startHub(dataDir: string): HubChild {
    return scratch.startHub(dataDir, {}, identity);
  }

  it('stops Postgres when it is stopped, and finds its data at the next start', async () => {
    const dataDir = await makeDataDir();
    const first = startHub(dataDir);
    await runQuery(await first.waitUntilReady(), INSERT);
    const pid = readPid(dataDir);
    first.kill('SIGTERM');
    expect(await first.exited).toBe(0);
    expect(isGone(pid)).toBe(true);
    expect(existsSync(path.join(dataDir, 'pg', 'postmaster.pid'))).toBe(false);

    const second = startHub(dataDir);
    expect((await runQuery(await second.waitUntilReady(), COUNT)).rows).toEqual([{ count: 1 }]);
  }, 60_000);

  it('takes over the Postgres that a killed hub left running', async () => {
    const dataDir = await makeDataDir();
    const first = startHub(dataDir);
    await runQuery(await first.waitUntilReady(), INSERT);
    const pid = readPid(dataDir);
    first.kill('SIGKILL');
    await first.exited;

    const second = startHub(dataDir);
    expect((await runQuery(await second.waitUntilReady(), COUNT)).rows).toEqual([{ count: 1 }]);
    expect(readPid(dataDir)).toBe(pid);
    second.kill('SIGTERM');
    expect(await second.exited).toBe(0);
    expect(isGone(pid)).toBe(true);
  }, 60_000);

  it('loses nothing that was committed when hub and Postgres are killed at once', async () => {
    const dataDir = await makeDataDir();
    const first = startHub(dataDir);
    await runQuery(await first.waitUntilReady(), INSERT);
    first.kill('SIGKILL');
    process.kill(readPid(dataDir), 'SIGKILL');
    await first.exited;

    const second = startHub(dataDir);
    expect((await runQuery(await second.waitUntilReady(), COUNT)).rows).toEqual([{ count: 1 }]);
  }, 60_000);
});

describe('a hub that is not alone with its fate', () => {
  const scratch = new Scratch();
  afterEach(() => scratch.clean(), 60_000);

  async function makeDataDir(): Promise<string> {
    return path.join(await scratch.makeDirectory(), 'data');
  }

  it('starts a Postgres that died again, and stays the active hub', async () => {
    const dataDir = await makeDataDir();
    const hub = scratch.startHub(dataDir);
    const connection = await hub.waitUntilReady();
    await runQuery(connection, INSERT);
    process.kill(readPid(dataDir), 'SIGKILL');
    await hub.waitFor(/Postgres runs again/);
    await hub.waitFor(/lock is held again/);
    expect((await runQuery(connection, COUNT)).rows).toEqual([{ count: 1 }]);
  }, 60_000);

  it('lets a second hub wait, and hands over when the first is stopped', async () => {
    const dataDir = await makeDataDir();
    const first = scratch.startHub(dataDir);
    await runQuery(await first.waitUntilReady(), INSERT);
    const second = scratch.startHub(dataDir);
    await second.waitFor(/waiting as standby/);
    expect(second.lines.filter((line) => line.includes('standby'))).toHaveLength(1);
    first.kill('SIGTERM');
    expect(await first.exited).toBe(0);
    expect((await runQuery(await second.waitUntilReady(), COUNT)).rows).toEqual([{ count: 1 }]);
  }, 60_000);

  it('leaves Postgres to the active hub when a standby is stopped', async () => {
    const dataDir = await makeDataDir();
    const first = scratch.startHub(dataDir);
    const connection = await first.waitUntilReady();
    const second = scratch.startHub(dataDir);
    await second.waitFor(/waiting as standby/);
    second.kill('SIGTERM');
    expect(await second.exited).toBe(0);
    await runQuery(connection, INSERT);
    expect(first.lines.some((line) => line.includes('cut'))).toBe(false);
  }, 60_000);
});

describe('two hubs that start at once on an empty data directory', () => {
  const scratch = new Scratch();
  afterAll(() => scratch.clean(), 60_000);

  it('make one cluster and one schema; one is active, the other takes over when it is killed', async () => {
    const dataDir = path.join(await scratch.makeDirectory(), 'data');
    const hubs = [scratch.startHub(dataDir), scratch.startHub(dataDir)];
    const active = await Promise.any(hubs.map(async (hub) => (await hub.waitUntilReady(), hub)));
    const standby = hubs.find((hub) => hub !== active) as HubChild;
    await standby.waitFor(/waiting as standby/);
    await runQuery(await active.waitUntilReady(), INSERT);
    active.kill('SIGKILL');
    expect((await runQuery(await standby.waitUntilReady(), COUNT)).rows).toEqual([{ count: 1 }]);
  }, 60_000);
});
