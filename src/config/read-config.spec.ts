import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { ConfigError } from './config-error.js';
import { readConfig } from './read-config.js';

function readFaults(env: NodeJS.ProcessEnv): readonly string[] {
  try {
    readConfig(env);
  } catch (error) {
    if (error instanceof ConfigError) return error.lines;
    throw error;
  }
  return [];
}

const OIDC = {
  PUBLIC_URL: 'https://watch.example',
  WATCHKEEPER_OIDC_ISSUER: 'https://id.example',
  WATCHKEEPER_OIDC_CLIENT_ID: 'watch',
  WATCHKEEPER_OIDC_CLIENT_SECRET: 'a secret of it',
};

describe('readConfig', () => {
  it('needs nothing: everything has a safe default', () => {
    const config = readConfig({ PATH: '/bin', PORT: '', WATCHKEEPER_ADMIN_EMAIL: '' });
    expect(config).toMatchObject({ port: 3000, host: '127.0.0.1', basePath: '', logLevel: 'info' });
    expect(config.dataDir).toBe(path.resolve('data'));
    expect(config).toMatchObject({ allowedHosts: [], trustedProxies: [], isHttpAllowed: false });
    expect(config.keyRate).toEqual({ perSecond: 10, burst: 60 });
    expect(readConfig({ WATCHKEEPER_KEY_RATE: 'off' }).keyRate).toBeUndefined();
    expect(config.userRate).toBe(120);
    expect(readConfig({ WATCHKEEPER_USER_RATE: 'off' }).userRate).toBeUndefined();
    expect(config.admin ?? config.databaseUrl ?? config.publicOrigin).toBeUndefined();
    expect(() => Object.assign(config, { port: 1 })).toThrow(TypeError);
  });

  it('reads every variable', () => {
    const config = readConfig({
      PORT: '0',
      HOST: '0.0.0.0',
      PUBLIC_URL: 'https://Watch.Example:8443/mon/',
      DATA_DIR: '/srv/with blank',
      LOG_LEVEL: 'debug',
      TZ: 'Europe/Berlin',
      DATABASE_URL: 'postgres://u:p@db/wk',
      WATCHKEEPER_ADMIN_EMAIL: 'a@example.org',
      WATCHKEEPER_ADMIN_PASSWORD: 'twelve chars',
      WATCHKEEPER_ALLOWED_HOSTS: 'Hub.lan, 10.0.0.5',
      WATCHKEEPER_TRUSTED_PROXIES: '10.0.0.0/8, ::1',
      WATCHKEEPER_OUTBOUND_ALLOW_CIDRS: '192.168.1.0/24, fd00::1',
      WATCHKEEPER_ALLOW_HTTP: '1',
      WATCHKEEPER_LIVE_SPACING_MS: '0',
      WATCHKEEPER_KEY_RATE: '0.5/3',
      WATCHKEEPER_USER_RATE: '600',
      WATCHKEEPER_RETENTION_RAW_DAYS: '20',
      WATCHKEEPER_RETENTION_1M_DAYS: '60',
      WATCHKEEPER_RETENTION_15M_DAYS: '61',
      WATCHKEEPER_RETENTION_4H_DAYS: '36500',
      WATCHKEEPER_METRICS_PORT: '9464',
      WATCHKEEPER_METRICS_HOST: '10.0.0.5',
      WATCHKEEPER_REQUIRE_TWO_FACTOR: 'admins',
      WATCHKEEPER_METRICS_TOKEN: 'a token of twenty or more'.replaceAll(' ', '-'),
      WATCHKEEPER_OIDC_ISSUER: 'https://id.example/realms/ops',
      WATCHKEEPER_OIDC_CLIENT_ID: 'watch',
      WATCHKEEPER_OIDC_CLIENT_SECRET: 'a secret of it',
      WATCHKEEPER_OIDC_SCOPES: 'openid groups',
      WATCHKEEPER_OIDC_ROLE_CLAIM: 'groups',
      WATCHKEEPER_OIDC_ROLE_MAP: 'ops=admin, dev=editor',
      WATCHKEEPER_OIDC_ALLOW_SIGNUP: 'on',
      WATCHKEEPER_PASSWORD_LOGIN: 'off',
    });
    expect(config).toEqual({
      requireTwoFactor: 'admins',
      port: 0,
      host: '0.0.0.0',
      publicOrigin: 'https://watch.example:8443',
      basePath: '/mon',
      dataDir: '/srv/with blank',
      logLevel: 'debug',
      timeZone: 'Europe/Berlin',
      databaseUrl: 'postgres://u:p@db/wk',
      admin: { email: 'a@example.org', password: 'twelve chars' },
      allowedHosts: ['hub.lan', '10.0.0.5'],
      trustedProxies: ['10.0.0.0/8', '::1'],
      outboundAllowedCidrs: ['192.168.1.0/24', 'fd00::1'],
      isHttpAllowed: true,
      liveSpacingMs: 0,
      keyRate: { perSecond: 0.5, burst: 3 },
      userRate: 600,
      retention: { rawDays: 20, oneMinuteDays: 60, fifteenMinuteDays: 61, fourHourDays: 36_500 },
      metrics: { port: 9464, host: '10.0.0.5', token: 'a-token-of-twenty-or-more' },
      oidc: {
        issuer: 'https://id.example/realms/ops',
        clientId: 'watch',
        clientSecret: 'a secret of it',
        scopes: 'openid groups',
        label: 'id.example',
        allowsSignUp: true,
        roles: {
          claim: 'groups',
          map: new Map([
            ['ops', 'admin'],
            ['dev', 'editor'],
          ]),
        },
      },
      isPasswordLoginOff: true,
    });
  });

  it.each([
    ['PORT', '3000x'],
    ['PORT', '-1'],
    ['PORT', '65536'],
    ['PORT', ' 80'],
    ['PORT', '80\n'],
    ['HOST', 'example.org'],
    ['HOST', '127.0.0.1\nx'],
    ['PUBLIC_URL', 'watch.example'],
    ['PUBLIC_URL', 'ftp://watch.example'],
    ['PUBLIC_URL', 'https://user:pw@watch.example'],
    ['PUBLIC_URL', 'https://watch.example/?a'],
    ['PUBLIC_URL', 'https://watch.example/a//b'],
    ['PUBLIC_URL', 'https://watch.example\n'],
    ['LOG_LEVEL', 'loud'],
    ['TZ', 'Mars/Base'],
    ['WATCHKEEPER_ADMIN_EMAIL', 'nobody'],
    ['WATCHKEEPER_ALLOWED_HOSTS', 'a.lan:80'],
    ['WATCHKEEPER_ALLOWED_HOSTS', 'a.lan,,b.lan'],
    ['WATCHKEEPER_TRUSTED_PROXIES', '10.0.0.0/33'],
    ['WATCHKEEPER_TRUSTED_PROXIES', '10.0.0.0/8/8'],
    ['WATCHKEEPER_OUTBOUND_ALLOW_CIDRS', 'hub.lan'],
    ['WATCHKEEPER_ALLOW_HTTP', 'yes'],
    ['WATCHKEEPER_LIVE_SPACING_MS', '10001'],
    ['WATCHKEEPER_LIVE_SPACING_MS', '-1'],
    ['WATCHKEEPER_METRICS_PORT', '0'],
    ['WATCHKEEPER_METRICS_HOST', 'metrics.lan'],
    ['WATCHKEEPER_RETENTION_4H_DAYS', '36501'],
    ['WATCHKEEPER_OIDC_ISSUER', 'id.example'],
    ['WATCHKEEPER_OIDC_ISSUER', 'http://id.example'],
    ['WATCHKEEPER_OIDC_ISSUER', 'https://id.example/?x'],
    ['WATCHKEEPER_OIDC_ISSUER', 'https://user:pw@id.example'],
    ['WATCHKEEPER_OIDC_SCOPES', 'profile email'],
    ['WATCHKEEPER_OIDC_LABEL', 'x'.repeat(41)],
    ['WATCHKEEPER_OIDC_ROLE_MAP', 'ops=root'],
    ['WATCHKEEPER_OIDC_ALLOW_SIGNUP', '1'],
    ['WATCHKEEPER_PASSWORD_LOGIN', 'no'],
    ['WATCHKEEPER_KEY_RATE', '10'],
    ['WATCHKEEPER_KEY_RATE', '0/60'],
    ['WATCHKEEPER_KEY_RATE', '10/0'],
    ['WATCHKEEPER_KEY_RATE', '1e9/1'],
    ['WATCHKEEPER_USER_RATE', '0'],
    ['WATCHKEEPER_USER_RATE', '-1'],
  ])('refuses %s=%j in one line that names the variable and shows the value', (name, value) => {
    const faults = readFaults({ [name]: value });
    expect(faults).toHaveLength(1);
    expect(faults[0]).toMatch(new RegExp(`^${name}: `));
    expect(faults[0]).toContain(JSON.stringify(value));
    expect(faults[0]).not.toContain('\n');
  });

  it('names all faults at once', () => {
    const faults = readFaults({ PORT: 'x', LOG_LEVEL: 'y', WATCHKEEPER_TLS: 'on', WATCHKEEPER_FOO: '1' });
    expect(faults.map((line) => line.split(':')[0]).sort()).toEqual([
      'LOG_LEVEL',
      'PORT',
      'WATCHKEEPER_FOO',
      'WATCHKEEPER_TLS',
    ]);
  });

  it.each([
    ['WATCHKEEPER_ALOWED_HOSTS', 'WATCHKEEPER_ALLOWED_HOSTS'],
    ['WATCHKEEPER_ADMIN_PASWORD_FILE', 'WATCHKEEPER_ADMIN_PASSWORD_FILE'],
    ['WATCHKEEPER_PORT', 'PORT'],
  ])('answers the unknown %s with %s', (wrong, right) => {
    expect(readFaults({ [wrong]: '1' })).toEqual([`${wrong}: no such variable: did you mean ${right}?`]);
  });

  it('is not disturbed by what Kubernetes sets for a service of our name', () => {
    expect(
      readFaults({
        WATCHKEEPER_PORT: 'tcp://10.3.0.7:80',
        WATCHKEEPER_SERVICE_HOST: '10.3.0.7',
        WATCHKEEPER_PORT_80_TCP_ADDR: '10.3.0.7',
      }),
    ).toEqual([]);
  });

  it('takes the address of the owner only beside that of the hub, and shows neither', () => {
    const owner = 'postgres://owner:hunter2@db/wk';
    expect(readFaults({ WATCHKEEPER_OWNER_DATABASE_URL: owner })).toEqual([
      expect.stringMatching(/^WATCHKEEPER_OWNER_DATABASE_URL: has no effect without DATABASE_URL/),
    ]);
    expect(readFaults({ WATCHKEEPER_OWNER_DATABASE_URL: 'hunter2' }).join()).not.toContain('hunter2');
    const both = { DATABASE_URL: 'postgres://hub@db/wk', WATCHKEEPER_OWNER_DATABASE_URL: owner };
    expect(readConfig(both).ownerDatabaseUrl).toBe(owner);
  });

  it.each([
    [{ HOST: '0.0.0.0' }, /^HOST: .*PUBLIC_URL.*WATCHKEEPER_ALLOW_HTTP=1/],
    [{ HOST: '::' }, /^HOST: /],
    [{ HOST: '0.0.0.0', PUBLIC_URL: 'http://localhost:3000' }, /^HOST: /],
    [{ PUBLIC_URL: 'http://watch.example' }, /^PUBLIC_URL: .*WATCHKEEPER_ALLOW_HTTP=1/],
    [{ WATCHKEEPER_RETENTION_RAW_DAYS: '9' }, /^WATCHKEEPER_RETENTION_RAW_DAYS: must be from 10 /],
    [
      { WATCHKEEPER_RETENTION_RAW_DAYS: '31' },
      /^WATCHKEEPER_RETENTION_1M_DAYS: .*WATCHKEEPER_RETENTION_RAW_DAYS, which is 31/,
    ],
    [{ WATCHKEEPER_METRICS_HOST: '127.0.0.1' }, /^WATCHKEEPER_METRICS_HOST: .*WATCHKEEPER_METRICS_PORT/],
    [
      { WATCHKEEPER_METRICS_HOST: '0.0.0.0', WATCHKEEPER_METRICS_PORT: '1' },
      /^WATCHKEEPER_METRICS_HOST: .*TOKEN/,
    ],
    [{ WATCHKEEPER_TLS: 'auto', PUBLIC_URL: 'http://localhost:3000' }, /^PUBLIC_URL: .*https/],
    [{ WATCHKEEPER_TLS_CERT_FILE: 'a' }, /^WATCHKEEPER_TLS_KEY_FILE: missing/],
    [{ WATCHKEEPER_TLS_KEY_FILE: 'a' }, /^WATCHKEEPER_TLS_CERT_FILE: missing/],
    [
      { WATCHKEEPER_TLS: 'auto', WATCHKEEPER_TLS_CERT_FILE: 'a', WATCHKEEPER_TLS_KEY_FILE: 'b' },
      /^WATCHKEEPER_TLS: .*one of them/,
    ],
    [{ WATCHKEEPER_ADMIN_EMAIL: 'a@example.org' }, /^WATCHKEEPER_ADMIN_PASSWORD: missing/],
    [{ WATCHKEEPER_OIDC_LABEL: 'Keyring' }, /^WATCHKEEPER_OIDC_LABEL: .*WATCHKEEPER_OIDC_ISSUER/],
    [{ WATCHKEEPER_PASSWORD_LOGIN: 'off' }, /^WATCHKEEPER_PASSWORD_LOGIN: .*WATCHKEEPER_OIDC_ISSUER/],
    [{ ...OIDC, PUBLIC_URL: '' }, /^PUBLIC_URL: missing beside WATCHKEEPER_OIDC_ISSUER/],
    [{ ...OIDC, WATCHKEEPER_OIDC_CLIENT_ID: '' }, /^WATCHKEEPER_OIDC_CLIENT_ID: missing/],
    [{ ...OIDC, WATCHKEEPER_OIDC_CLIENT_SECRET: '' }, /^WATCHKEEPER_OIDC_CLIENT_SECRET: missing/],
    [{ ...OIDC, WATCHKEEPER_OIDC_ROLE_CLAIM: 'groups' }, /^WATCHKEEPER_OIDC_ROLE_MAP: missing/],
    [{ WATCHKEEPER_ADMIN_PASSWORD: 'twelve chars' }, /^WATCHKEEPER_ADMIN_EMAIL: missing/],
  ])('refuses %j', (env, expected) => {
    expect(readFaults(env)).toEqual([expect.stringMatching(expected)]);
  });

  it.each([
    { HOST: '127.0.0.2' },
    { HOST: '::1' },
    { HOST: 'localhost' },
    { HOST: '0.0.0.0', WATCHKEEPER_ALLOW_HTTP: '1' },
    { HOST: '0.0.0.0', PUBLIC_URL: 'https://watch.example' },
    { PUBLIC_URL: 'http://localhost:3000/mon' },
    { ...OIDC, WATCHKEEPER_PASSWORD_LOGIN: 'off' },
    { ...OIDC, WATCHKEEPER_OIDC_ISSUER: 'http://localhost:4000' },
    { HOST: '0.0.0.0', WATCHKEEPER_TLS: 'auto' },
    { HOST: '0.0.0.0', WATCHKEEPER_TLS_CERT_FILE: 'a', WATCHKEEPER_TLS_KEY_FILE: 'b' },
  ])('accepts %j', (env) => {
    expect(readFaults(env)).toEqual([]);
  });

  describe('secrets', () => {
    const directory = mkdtempSync(path.join(os.tmpdir(), 'watchkeeper-config-'));
    const file = path.join(directory, 'secret');
    afterAll(() => rmSync(directory, { recursive: true }));

    it('come from a file too, without its last line break', () => {
      writeFileSync(file, 'postgres://u:p@db/wk\n');
      expect(readConfig({ DATABASE_URL_FILE: file }).databaseUrl).toBe('postgres://u:p@db/wk');
    });

    it('are refused twice, missing or empty', () => {
      expect(readFaults({ DATABASE_URL_FILE: file, DATABASE_URL: 'postgres://u:p@db/wk' })[0]).toContain(
        'given twice',
      );
      expect(readFaults({ DATABASE_URL_FILE: `${file}-not` })[0]).toMatch(/^DATABASE_URL_FILE: .*ENOENT/);
      writeFileSync(file, '');
      expect(readFaults({ WATCHKEEPER_ADMIN_PASSWORD_FILE: file })[0]).toContain('is empty');
    });

    it('are never shown', () => {
      const faults = readFaults({
        DATABASE_URL: 'mysql://u:hunter2@db/wk',
        WATCHKEEPER_ADMIN_PASSWORD: 'tooshort',
        WATCHKEEPER_SECRET_KEY: 'hunter3',
        WATCHKEEPER_OIDC_CLIENT_SECRET: 'hunter4',
      });
      expect(faults).toHaveLength(4);
      expect(faults.join()).not.toMatch(/hunter|tooshort/);
    });
  });
});
