import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readAgentCommand, type AgentConfig } from './agent-config.js';
import { parseRetryAfter } from './hub-connection.js';
import { readHubAnswer } from './hub-answer.js';
import { computeNextTickAt, hashToShare } from './report-loop.js';

const KEY = 'wk_abc';

function readConfig(args: string[], env: Record<string, string> = {}): AgentConfig {
  const command = readAgentCommand(args, {
    WATCHKEEPER_KEY: KEY,
    WATCHKEEPER_URL: 'https://hub.example',
    ...env,
  });
  if (command.kind !== 'run') throw new Error('not a run');
  return command.config;
}

describe('readAgentCommand', () => {
  it('lets flags win over the environment', () => {
    const config = readConfig(['--interval', '5m', '--resources', 'network,cpu', '--key', 'wk_flag'], {
      WATCHKEEPER_INTERVAL: '10',
    });
    expect(config.measuring).toMatchObject({ intervalSeconds: 300, resources: ['cpu', 'network'] });
    expect(config.hub.key).toBe('wk_flag');
  });

  it('keeps a sub-path of the hub', () => {
    const { url } = readConfig(['--url', 'https://hub.example/mon']).hub;
    expect(new URL('api/monitoring/data', url).href).toBe('https://hub.example/mon/api/monitoring/data');
  });

  it.each(['http://localhost:3000', 'http://127.0.0.1', 'http://127.8.8.8', 'http://[::1]:3000'])(
    'takes plain http to this machine: %s',
    (url) => expect(() => readConfig(['--url', url])).not.toThrow(),
  );

  it.each(['http://hub.example', 'http://127.0.0.1.example', 'http://localhost.example', 'http://[::2]'])(
    'refuses plain http elsewhere unless told: %s',
    (url) => {
      expect(() => readConfig(['--url', url])).toThrow('plain http');
      expect(() => readConfig(['--url', url, '--allow-http'])).not.toThrow();
      expect(() => readConfig(['--url', url], { WATCHKEEPER_ALLOW_HTTP: '1' })).not.toThrow();
    },
  );

  it.each([
    [['--url', 'ftp://hub'], 'https://'],
    [['--url', 'https://user:secret@hub'], 'an address and a path only'],
    [['--interval', '0'], '--interval'],
    [['--interval', '2h'], '--interval'],
    [['--interval', '10 minutes'], '--interval'],
    [['--resources', 'cpu,gpu'], '--resources'],
    [['--spool-max-size', '1K'], '--spool-max-size'],
    [['--spool-max-size', 'much'], '--spool-max-size'],
    [['--spool-max-age', '9d'], '--spool-max-age'],
    [['--custom-max-age', '0'], '--custom-max-age'],
    [['--statsd', '0.0.0.0:8125'], '--statsd'],
    [['--ca-file', '/not/there'], 'cannot be read: ENOENT'],
    [['--ca-file', '/etc/hostname'], 'no certificate'],
    [['--pin', 'sha256//short'], '--pin must be'],
    [['--pin', `sha256//${'A'.repeat(43)}=`, '--url', 'http://127.0.0.1'], 'https://'],
    [['--proxy', 'socks5://127.0.0.1'], '--proxy'],
    [['--log-format', 'xml'], '--log-format'],
    [['--log-level', 'loud'], '--log-level'],
    [['--key', 'wkp_personal'], 'not a report key'],
    [['--key-file', '/not/there'], 'cannot be read: ENOENT'],
    [['--key', 'wk_a\r\nX-Evil: 1'], 'copy it once more'],
    [['--intervall', '5'], 'did you mean --interval?'],
    [['--spool-size=5M'], 'did you mean --spool-max-size?'],
    [['--shell\u001b[31m', 'x'], 'there is no "--shell\\u001b[31m"'],
    [['stray'], 'Unexpected argument'],
  ])('refuses %j', (args, message) => {
    expect(() => readConfig(args)).toThrow(message);
  });

  it('knows where the spool is', () => {
    expect(readConfig([]).spool).toMatchObject({ maxBytes: 128 * 1024 * 1024, maxAgeMs: 7 * 86_400_000 });
    expect(readConfig([], { STATE_DIRECTORY: '/var/lib/private/agent:/x' }).spool.path).toBe(
      '/var/lib/private/agent',
    );
    expect(readConfig(['--spool', 'none']).spool).not.toHaveProperty('path');
    const own = readConfig(['--spool', '/s', '--spool-max-size', '2GiB', '--spool-max-age', '36h']).spool;
    expect(own).toEqual({ path: '/s', maxBytes: 2 * 1024 ** 3, maxAgeMs: 36 * 3_600_000 });
  });
});

describe('a file of settings', () => {
  const folder = mkdtempSync(join(tmpdir(), 'agent-config-'));
  const write = (text: string): string => {
    const path = join(folder, 'agent.conf');
    writeFileSync(path, text);
    return path;
  };
  afterAll(() => rmSync(folder, { recursive: true }));

  it.each([
    '# the agent\nWATCHKEEPER_URL=https://file.example\nexport interval = "5m"\n\nWATCHKEEPER_RESOURCES=cpu\n',
    '{"url": "https://file.example", "interval": 300, "resources": ["cpu"]}',
  ])('is read, and loses against the environment and flags: %s', (text) => {
    const file = write(text);
    const env = { WATCHKEEPER_URL: '', WATCHKEEPER_KEY: KEY };
    const config = readConfig(['--config', file], env);
    expect(config.hub.url.href).toBe('https://file.example/');
    expect(config.measuring).toMatchObject({ intervalSeconds: 300, resources: ['cpu'] });
    expect(readConfig(['--config', file]).hub.url.href).toBe('https://hub.example/');
    const flagged = readConfig(['--interval', '7'], { ...env, WATCHKEEPER_CONFIG: file });
    expect(flagged.measuring.intervalSeconds).toBe(7);
  });

  it.each([
    ['WATCHKEEPER_URI=x', 'did you mean WATCHKEEPER_URL?'],
    ['{"spol": "x"}', 'did you mean spool?'],
    ['{"interval": {}}', '"interval" must be'],
    ['{"interval"', 'begins like JSON'],
    ['what is this', 'line 1: write it as KEY=VALUE'],
  ])('is refused when it says %s', (text, message) => {
    expect(() => readConfig(['--config', write(text)])).toThrow(message);
  });

  it('may be the credential that systemd hands over', () => {
    writeFileSync(join(folder, 'api-key'), 'wk_credential\n');
    const env = { WATCHKEEPER_KEY: '', CREDENTIALS_DIRECTORY: folder };
    expect(readConfig([], env).hub.key).toBe('wk_credential');
    expect(readConfig(['--key', 'wk_flag'], { ...env, WATCHKEEPER_KEY_FILE: '/not/there' }).hub.key).toBe(
      'wk_flag',
    );
  });
});

describe('computeNextTickAt', () => {
  it('stays on the grid of its phase whatever the moment', () => {
    expect(computeNextTickAt(10_000, 1_000, 0.25)).toBe(10_250);
    expect(computeNextTickAt(10_250, 1_000, 0.25)).toBe(11_250);
    expect(computeNextTickAt(13_999, 1_000, 0.25)).toBe(14_250);
  });

  it('does not give an instant twice to a timer that fired early', () => {
    expect(computeNextTickAt(10_249, 1_000, 0.25, 10_250)).toBe(11_250);
  });

  it('follows a clock that was set back', () => {
    expect(computeNextTickAt(5_000, 1_000, 0.25, 10_250)).toBe(5_250);
  });

  it('spreads keys over the interval', () => {
    const shares = Array.from({ length: 1_000 }, (_, index) => hashToShare(`wk_${index}`));
    const counts = Array.from(
      { length: 10 },
      (_, tenth) => shares.filter((one) => Math.floor(one * 10) === tenth).length,
    );
    expect(Math.min(...counts)).toBeGreaterThan(50);
    expect(hashToShare('wk_1')).toBe(shares[1]);
  });
});

describe('readHubAnswer', () => {
  const config = { intervalSeconds: 10, resources: ['cpu'], state: 'running', version: 3 };
  const read = (change: object) =>
    readHubAnswer({ accepted: 1, duplicates: 0, config: { ...config, ...change } });

  it('takes what the contract says and nothing else along', () => {
    expect(read({ command: 'reboot' }).config).toEqual({ ...config, live: false });
    expect(read({ live: true }).config?.live).toBe(true);
    expect(read({ resources: ['cpu', 'gpu'] }).config?.resources).toEqual(['cpu']);
  });

  it.each([
    { intervalSeconds: 0 },
    { intervalSeconds: 1.5 },
    { intervalSeconds: 3_601 },
    { intervalSeconds: '10' },
    { resources: 'cpu' },
    { resources: [1] },
    { state: 'rebooting' },
    { version: -1 },
    { live: 'yes' },
  ])('refuses %j', (change) => {
    expect(read(change)).toMatchObject({ config: undefined, isConfigBroken: true });
  });

  it('lets no text of the hub through but codes', () => {
    expect(
      readHubAnswer({ rejected: [{ index: 0, code: 'Bad\u001b[31m' }, { index: 'x' }, null] }).rejected,
    ).toEqual([{ index: 0, code: 'unknown' }]);
  });
});

it('reads Retry-After as seconds and as a date, within an hour', () => {
  const now = Date.parse('2026-11-22T10:00:00Z');
  expect(parseRetryAfter('30', now)).toBe(30_000);
  expect(parseRetryAfter('Sun, 22 Nov 2026 10:00:05 GMT', now)).toBe(5_000);
  expect(parseRetryAfter('Sun, 22 Nov 2026 09:00:00 GMT', now)).toBe(0);
  expect(parseRetryAfter('999999999', now)).toBe(3_600_000);
  expect(parseRetryAfter('soon', now)).toBeUndefined();
});
