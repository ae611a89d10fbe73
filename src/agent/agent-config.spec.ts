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
    expect(config.key).toBe('wk_flag');
  });

  it('keeps a sub-path of the hub', () => {
    const { url } = readConfig(['--url', 'https://hub.example/mon']);
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
    [['--resources', 'cpu,disk'], '--resources'],
    [['--queue-size', '-1'], '--queue-size'],
    [['--log-level', 'loud'], '--log-level'],
    [['--key', 'wkp_personal'], 'not a report key'],
    [['--key-file', '/not/there'], 'cannot be read: ENOENT'],
    [['--key', 'wk_a\r\nX-Evil: 1'], 'copy it once more'],
    [['--shell', 'x'], "Unknown option '--shell'"],
  ])('refuses %j', (args, message) => {
    expect(() => readConfig(args)).toThrow(message);
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
    expect(read({ command: 'reboot' }).config).toEqual(config);
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
