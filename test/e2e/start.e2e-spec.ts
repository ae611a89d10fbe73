import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo, type Server } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildClientSchema, getIntrospectionQuery, lexicographicSortSchema, printSchema } from 'graphql';
import { callHub, postReport, setUpAdmin, signIn } from '../support/hub-client.js';
import { ADMIN, ADMIN_ENV, HubProcess, isProcessGone } from '../support/hub-process.js';
import { waitFor } from '../support/wait-for.js';

const SCHEMA_FILE = fileURLToPath(new URL('../../schema.graphql', import.meta.url));

function readLastLine(text: string): string | undefined {
  return text.trimEnd().split('\n').at(-1);
}

describe('a hub that is started for the first time', () => {
  let hub: HubProcess;

  beforeAll(async () => {
    hub = await HubProcess.start();
  }, 90_000);
  afterAll(() => hub.clean(), 60_000);

  it('says its address last, and is ready', async () => {
    expect(readLastLine(hub.stdout)).toBe(`Watchkeeper is running: ${hub.url}/`);
    expect(hub.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect(hub.stderr).toBe('');
    expect((await callHub(hub, 'GET', '/readyz')).status).toBe(200);
  });

  it('is closed until it was set up, but for health', async () => {
    for (const [method, target] of [
      ['GET', '/api/monitoring/'],
      ['POST', '/api/monitoring/'],
      ['GET', '/api/monitoring/00000000-0000-4000-8000-000000000000/status'],
      ['POST', '/api/auth/login'],
      ['POST', '/graphql'],
      ['GET', '/openapi.json'],
    ] as const) {
      const body = method === 'POST' ? (target === '/api/auth/login' ? ADMIN : { name: 'x' }) : undefined;
      const { status, body: problem } = await callHub(hub, method, target, { body });
      expect([target, status, problem.code]).toEqual([target, 401, 'setup_required']);
    }
    const report = await postReport(hub, 'wk_x', { cpu: { usagePercent: 1 } });
    expect(report.status).toBe(401);
    expect((await callHub(hub, 'GET', '/livez')).status).toBe(200);
  });

  it('opens by the printed link, once', async () => {
    const admin = await setUpAdmin(hub);
    expect(await admin.ask('{ viewer { email role } }')).toEqual({
      viewer: { email: ADMIN.email, role: 'ADMIN' },
    });
    const again = await callHub(hub, 'POST', '/api/auth/setup', {
      body: { token: hub.setupToken, email: 'second@example.com', password: ADMIN.password },
    });
    expect([again.status, again.body.code]).toEqual([404, 'not_found']);
  });

  it('serves the GraphQL schema that lies in the repository', async () => {
    const admin = await signIn(hub);
    const served = printSchema(
      lexicographicSortSchema(
        buildClientSchema(await admin.ask(getIntrospectionQuery({ specifiedByUrl: true }))),
      ),
    );
    const written = readFileSync(SCHEMA_FILE, 'utf8').replace(/^#.*\n+/, '');
    expect(served.trim()).toBe(written.trim());
  });

  it('describes every REST path', async () => {
    const { paths } = (await (await signIn(hub)).call('GET', '/openapi.json')).body;
    const described = Object.entries(paths as Record<string, object>).flatMap(([target, operations]) =>
      Object.keys(operations).map((method) => `${method.toUpperCase()} ${target}`),
    );
    expect(described).toEqual(
      expect.arrayContaining([
        'POST /api/auth/setup',
        'POST /api/auth/login',
        'POST /api/auth/logout',
        'GET /api/monitoring',
        'POST /api/monitoring',
        'GET /api/monitoring/{id}',
        'PUT /api/monitoring/{id}',
        'PATCH /api/monitoring/{id}',
        'DELETE /api/monitoring/{id}',
        'GET /api/monitoring/{id}/status',
        'POST /api/monitoring/{id}/start',
        'POST /api/monitoring/{id}/stop',
        'POST /api/monitoring/data',
        'GET /livez',
        'GET /readyz',
      ]),
    );
  });

  it('is content with the memory that a small machine has for it, Postgres included', async () => {
    const mib = await hub.readPssMib();
    expect(mib).toBeGreaterThan(50);
    expect(mib).toBeLessThan(300);
  });

  it('says which port is in use, and leaves the other hub alone', async () => {
    const second = await HubProcess.launch({ env: { PORT: String(hub.port) } });
    try {
      expect(await second.exited).toBe(1);
      expect(second.stderr).toBe(
        `Port ${hub.port} on 127.0.0.1 is in use. Stop what listens there, or set PORT to another one.\n`,
      );
      expect(second.stdout).not.toContain('running: http');
      expect(await second.findPostgresPid()).toBeUndefined();
    } finally {
      await second.clean();
    }
    expect((await callHub(hub, 'GET', '/readyz')).status).toBe(200);
  }, 90_000);

  it('keeps a second hub on the same data waiting, which takes over when it is killed', async () => {
    const standby = await HubProcess.launch({ dataDir: hub.dataDir });
    try {
      await standby.waitForOutput(/waiting as standby/);
      expect(standby.stdout).not.toContain('running: http');
      await hub.kill9();
      await standby.waitUntilRunning();
      const admin = await signIn(standby);
      expect((await admin.call('GET', '/api/monitoring/')).body).toHaveLength(1);
      expect(await standby.stop()).toBe(0);
    } finally {
      await standby.clean();
    }
    await hub.restart();
  }, 90_000);

  it('ends with everything it started when it is told to, and starts again with its data', async () => {
    const postgres = (await hub.findPostgresPid())!;
    expect(postgres).toBeGreaterThan(0);
    expect(await hub.stop()).toBe(0);
    expect(isProcessGone(postgres)).toBe(true);
    await hub.restart();
    expect(hub.stdout).not.toContain('/setup#token=');
    const admin = await signIn(hub);
    expect((await admin.call('GET', '/api/monitoring/')).body).toHaveLength(1);
  }, 90_000);
});

describe('a hub that is started unattended', () => {
  it('has its admin from the environment, and keeps the one it has', async () => {
    const hub = await HubProcess.start({ env: ADMIN_ENV });
    try {
      expect(hub.stdout).not.toContain('/setup#token=');
      expect(hub.output).not.toContain(ADMIN.password);
      const admin = await signIn(hub);
      expect(await admin.ask('{ viewer { role } }')).toEqual({ viewer: { role: 'ADMIN' } });
      const setUp = await callHub(hub, 'POST', '/api/auth/setup', {
        body: { token: 'A'.repeat(22), ...ADMIN },
      });
      expect(setUp.status).toBe(404);
      hub.signal('SIGINT');
      expect(await hub.exited).toBe(0);
    } finally {
      await hub.clean();
    }
  }, 90_000);
});

describe('a hub that cannot start', () => {
  /** One line, an exit code that is not 0, no stack, nothing left running. */
  async function expectRefusal(env: Record<string, string>, line: RegExp, dataDir?: string): Promise<void> {
    const hub = await HubProcess.launch({ env, dataDir });
    try {
      const code = await hub.exited;
      expect(code).toBeGreaterThan(0);
      const lines = hub.stderr.trimEnd().split('\n');
      expect(lines).toHaveLength(1);
      expect(lines[0]).toMatch(line);
      expect(hub.output).not.toMatch(/^\s+at /m);
    } finally {
      await hub.clean();
    }
  }

  it('says so of a variable that cannot be meant', async () => {
    await Promise.all([
      expectRefusal({ PORT: '99999' }, /PORT: "99999" is not a port/),
      expectRefusal({ WATCHKEEPER_ADMIN_EMIAL: 'x' }, /did you mean WATCHKEEPER_ADMIN_EMAIL/),
      expectRefusal({ ...ADMIN_ENV, WATCHKEEPER_ADMIN_PASSWORD: 'hunter2' }, /12 to 128/),
      expectRefusal({ HOST: '0.0.0.0' }, /plain http beyond this machine/),
      expectRefusal({ LOG_LEVEL: 'loud' }, /LOG_LEVEL: "loud"/),
    ]);
  }, 60_000);

  it('says so of a data directory that cannot be written', async () => {
    const directory = mkdtempSync(path.join(os.tmpdir(), 'watchkeeper-closed-'));
    chmodSync(directory, 0o755);
    // A file where the folder should be stops root too.
    const file = path.join(directory, 'data');
    writeFileSync(file, '');
    try {
      await expectRefusal({}, /^the data directory .* cannot be used: .*Set DATA_DIR/, file);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });

  it('says so of a Postgres that cannot be reached, without its password', async () => {
    const server: Server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    await new Promise((resolve) => server.close(resolve));
    const hub = await HubProcess.launch({
      env: { DATABASE_URL: `postgres://someone:s3cretword@127.0.0.1:${port}/nothing` },
    });
    try {
      expect(await hub.exited).toBeGreaterThan(0);
      expect(hub.stderr.trimEnd().split('\n')).toHaveLength(1);
      expect(hub.stderr).toContain(`127.0.0.1:${port}`);
      expect(hub.output).not.toContain('s3cretword');
      expect(hub.output).not.toMatch(/^\s+at /m);
    } finally {
      await hub.clean();
    }
  }, 120_000);
});

describe('a hub that is told to stop while it is busy', () => {
  it('answers what it has taken, and ends in time', async () => {
    const hub = await HubProcess.start({ env: ADMIN_ENV });
    try {
      const admin = await signIn(hub);
      const { key } = await admin.createMonitor();
      let acknowledged = 0;
      let isOver = false;
      const send = async (): Promise<void> => {
        for (let at = Date.now(); !isOver; at++) {
          try {
            if ((await postReport(hub, key, { at, cpu: { usagePercent: 1 } })).status === 200) acknowledged++;
          } catch {
            return;
          }
        }
      };
      const sending = send();
      await waitFor(() => acknowledged > 20);
      expect(await hub.stop()).toBe(0);
      isOver = true;
      await sending;
      await hub.restart();
      const [row] = await hub.query<{ count: number }>(
        'select count(*)::int as count from report where monitor_id <> (select id from monitor where kind = $1)',
        ['local'],
      );
      expect(row!.count).toBeGreaterThanOrEqual(acknowledged);
    } finally {
      await hub.clean();
    }
  }, 90_000);
});
